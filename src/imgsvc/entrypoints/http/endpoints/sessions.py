"""Log in, go on with it, end it; take another password."""

from attrs import field, frozen
from starlette.requests import Request

from imgsvc.application.sessions import IssuedSession
from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    Busy,
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    PasswordTooLong,
    PasswordTooWeak,
    TokenExpired,
    TokenReused,
    TokenRevoked,
    TooManyRequests,
    WrongPassword,
)
from imgsvc.domain.session import Identity
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.requests import client_address
from imgsvc.entrypoints.http.threads import Pool


@frozen(kw_only=True)
class Login:
    username: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class Refresh:
    refresh_token: str = field(repr=False)


@frozen(kw_only=True)
class PasswordChange:
    current_password: str = field(repr=False)
    new_password: str = field(repr=False)  # at least 8 characters, at most 1024 bytes


@frozen(kw_only=True)
class TokenView:
    access_token: str
    token_type: str
    expires_in: int  # seconds
    refresh_token: str
    refresh_expires_in: int  # seconds

    @classmethod
    def of(cls, issued: IssuedSession) -> "TokenView":
        return cls(
            access_token=issued.token,
            token_type="bearer",  # noqa: S106  # a scheme, not a secret
            expires_in=int(issued.lifetime.total_seconds()),
            refresh_token=issued.refresh_token,
            refresh_expires_in=int(issued.refresh_lifetime.total_seconds()),
        )


@endpoint(
    "POST", "/v1/auth/login", tag="accounts", raises=(InvalidCredentials, TooManyRequests, Busy), pool=Pool.HASHING
)
def log_in(use_cases: UseCases, service: Service, body: Login, request: Request) -> TokenView:
    """Get an access token, to be sent as `Authorization: Bearer ...`, and a refresh token for the next one."""
    address = client_address(request, service.settings.proxies)
    return TokenView.of(use_cases.log_in(body.username, body.password, address))


@endpoint(
    "POST", "/v1/auth/refresh", tag="accounts", raises=(InvalidToken, TokenExpired, TokenRevoked, TokenReused, Busy)
)
def refresh_session(use_cases: UseCases, body: Refresh) -> TokenView:
    """Exchange a refresh token, which is good for this once, for new tokens."""
    return TokenView.of(use_cases.refresh_session(body.refresh_token))


@endpoint("POST", "/v1/auth/logout", tag="accounts", status=204)
def log_out(use_cases: UseCases, login: Identity) -> None:
    """End the session of the token: nothing that was issued in it is good any more."""
    use_cases.log_out(login.logged_in)


@endpoint(
    "POST",
    "/v1/auth/password",
    tag="accounts",
    raises=(WrongPassword, PasswordTooWeak, PasswordTooLong, TooManyRequests, Busy),
    pool=Pool.HASHING,
)
def change_password(
    use_cases: UseCases, service: Service, login: Identity, body: PasswordChange, request: Request
) -> TokenView:
    """Take another password: every session ends, and what is answered are the tokens of a new one."""
    address = client_address(request, service.settings.proxies)
    try:
        return TokenView.of(use_cases.change_password(login.user, body.current_password, body.new_password, address))
    except InvalidInput as error:
        raise error.moved_to("new_password") from None


ENDPOINTS = (log_in, refresh_session, log_out, change_password)
