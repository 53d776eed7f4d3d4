"""Passwords and tokens."""

from datetime import timedelta
from typing import Protocol

from attrs import field, frozen

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


class TokenIssuer(Protocol):
    """Short-lived signed tokens that say who somebody is."""

    def issue(self, user_id: UserId) -> IssuedToken:
        """A token for the user, from now on."""

    def verify(self, token: str) -> UserId:
        """Whose token it is. Raises InvalidToken, or TokenExpired; the reason never holds a part of the token."""
