"""Register, and who one is."""

from datetime import datetime
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import Busy, PasswordTooLong, PasswordTooWeak, RegistrationClosed, UsernameTaken
from imgsvc.domain.field_rules import composed
from imgsvc.domain.user import User, email_rule, username_rule
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import endpoint
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


ENDPOINTS = (register, get_me)
