"""Register, who one is, and the end of the account."""

from datetime import datetime
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional
from starlette.requests import Request

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    Busy,
    PasswordTooLong,
    PasswordTooWeak,
    RegistrationClosed,
    TooManyRequests,
    UsernameTaken,
    WrongPassword,
)
from imgsvc.domain.field_rules import composed
from imgsvc.domain.session import Identity
from imgsvc.domain.user import User, email_rule, username_rule
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.requests import client_address
from imgsvc.entrypoints.http.threads import Pool


@frozen(kw_only=True)
class Registration:
    username: str = field(converter=composed, validator=username_rule)
    password: str = field(repr=False)  # at least 8 characters, at most 1024 bytes
    email: str | None = field(default=None, validator=optional(email_rule))


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
class UsageView:
    images: int
    bytes: int  # of originals, of which equal ones are kept once


@frozen(kw_only=True)
class QuotaView:
    images: int | None  # null: any number, here and below
    bytes: int | None


@frozen(kw_only=True)
class AccountView:
    id: UUID
    username: str
    email: str | None
    created_at: datetime
    usage: UsageView
    quota: QuotaView


@frozen(kw_only=True)
class AccountDeletion:
    password: str = field(repr=False)


@endpoint(
    "POST",
    "/v1/auth/register",
    tag="accounts",
    status=201,
    raises=(PasswordTooWeak, PasswordTooLong, UsernameTaken, RegistrationClosed, Busy),
    pool=Pool.HASHING,
)
def register(use_cases: UseCases, service: Service, body: Registration) -> UserView:
    """Open an account."""
    if service.settings.registration == "closed":
        raise RegistrationClosed("accounts are opened by whoever runs this service")
    return UserView.of(use_cases.register_user(body.username, body.password, body.email))


@endpoint("GET", "/v1/me", tag="accounts")
def get_me(use_cases: UseCases, caller: User) -> AccountView:
    """The account that asks: what it keeps, and may keep."""
    usage, quota = use_cases.get_usage(caller.id)
    return AccountView(
        id=caller.id,
        username=caller.username,
        email=caller.email,
        created_at=caller.created_at,
        usage=UsageView(images=usage.images, bytes=usage.bytes),
        quota=QuotaView(images=quota.images, bytes=quota.bytes),
    )


@endpoint(
    "DELETE",
    "/v1/me",
    tag="accounts",
    status=204,
    raises=(WrongPassword, TooManyRequests, Busy),
    pool=Pool.HASHING,
)
def delete_account(
    use_cases: UseCases, service: Service, login: Identity, body: AccountDeletion, request: Request
) -> None:
    """Erase the account with all its images, variants, jobs, sessions and keys. Nobody can have it back."""
    address = client_address(request, service.settings.proxies)
    use_cases.delete_account(login.user, body.password, address)


ENDPOINTS = (register, get_me, delete_account)
