"""Passwords and tokens."""

from datetime import datetime, timedelta
from typing import Protocol

from attrs import field, frozen

from imgsvc.domain.session import SessionId
from imgsvc.domain.user import UserId


class PasswordHasher(Protocol):
    """Slow, salted hashes of passwords of up to 1024 bytes in UTF-8, every character of which counts.

    Passwords that differ in their Unicode form alone are the same. Raises Busy where too many are hashed already.
    """

    def hash(self, password: str) -> str:
        """A hash to store. About a quarter of a second of one core. Raises PasswordTooLong, InvalidInput."""

    def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether the password made the hash; False for a broken hash, for none, and for a password too long.

        Takes the same time in each case, as long as hashes are made at the same cost.
        """


@frozen
class IssuedToken:
    token: str = field(repr=False)
    lifetime: timedelta


@frozen
class TokenClaims:
    """What an access token says."""

    user: UserId
    session: SessionId
    expires_at: datetime  # when it is not taken any more


class TokenIssuer(Protocol):
    """Short-lived signed tokens that say who somebody is."""

    def issue(self, user_id: UserId, session_id: SessionId) -> IssuedToken:
        """A token for the user, from now on, as long as the session lasts."""

    def verify(self, token: str) -> TokenClaims:
        """Whose token it is. Raises InvalidToken, or TokenExpired; the reason never holds a part of the token.

        Whether its session still lasts is not known here.
        """


@frozen
class RefreshToken:
    """Good for one access token and one refresh token more; told apart by hashes, which may be stored."""

    token: str = field(repr=False)
    family_hash: str  # the same for all of one session
    token_hash: str


class RefreshTokenIssuer(Protocol):
    """Long-lived tokens of no meaning that nobody can guess."""

    def issue(self) -> RefreshToken:
        """The first of a family."""

    def read(self, token: str) -> RefreshToken:
        """Raises InvalidToken where it has not the form of one; the reason never holds a part of it."""

    def successor(self, token: RefreshToken) -> RefreshToken:
        """The next one of its family: the same each time, so that who asks twice for want of an answer has one."""


@frozen
class IssuedApiKey:
    key: str = field(repr=False)
    key_hash: str  # which may be stored
    hint: str  # how it begins


class ApiKeyIssuer(Protocol):
    """Keys of no meaning that nobody can guess."""

    def issue(self) -> IssuedApiKey:
        """A new one."""

    def is_one(self, credential: str) -> bool:
        """Whether it is meant for an API key, and not for an access token."""

    def hash_of(self, key: str) -> str | None:
        """None where it has not the form of one."""
