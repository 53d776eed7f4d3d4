"""Register, log in, and who one is."""

from datetime import datetime
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    Busy,
    InvalidCredentials,
    PasswordTooLong,
    PasswordTooWeak,
    UsernameTaken,
)
from imgsvc.domain.field_rules import composed
from imgsvc.domain.user import User, email_rule, username_rule
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.threads import Pool


@frozen(kw_only=True)
class Registration:
    username: str = field(converter=composed, validator=username_rule)
    password: str = field(repr=False)  # at least 8 characters, at most 1024 bytes
    email: str | None = field(default=None, validator=optional(email_rule))


@frozen(kw_only=True)
class Login:
    username: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class UserView:
    id: UUID
    username: str
    email: str | None
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserView":
        return cls(id=user.id, username=user.username, email=user.email, created_at=user.created_at)


@frozen(kw_only=True)
class TokenView:
    access_token: str
    token_type: str
    expires_in: int  # seconds


@endpoint(
    "POST",
    "/v1/auth/register",
    tag="accounts",
    status=201,
    raises=(PasswordTooWeak, PasswordTooLong, UsernameTaken, Busy),
    pool=Pool.HASHING,
)
def register(use_cases: UseCases, body: Registration) -> UserView:
    """Open an account."""
    return UserView.of(use_cases.register_user(body.username, body.password, body.email))


@endpoint("POST", "/v1/auth/login", tag="accounts", raises=(InvalidCredentials, Busy), pool=Pool.HASHING)
def log_in(use_cases: UseCases, body: Login) -> TokenView:
    """Get an access token; send it as `Authorization: Bearer ...` with every other request."""
    issued = use_cases.log_in(body.username, body.password)
    return TokenView(access_token=issued.token, token_type="bearer", expires_in=int(issued.lifetime.total_seconds()))  # noqa: S106  # a scheme, not a secret


@endpoint("GET", "/v1/me", tag="accounts")
def get_me(caller: User) -> UserView:
    """The account that the token belongs to."""
    return UserView.of(caller)


ENDPOINTS = (register, log_in, get_me)
