"""Who is logged in.

Every call is one transaction. How long a session lasts is told by the repository's own clock. Any call may raise Busy
or Unavailable; calls are safe from any thread.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from attrs import frozen

from imgsvc.domain.session import Session, SessionId
from imgsvc.domain.user import User, UserId


@frozen
class KeptSession:
    """A session as it is known here; of its tokens only hashes are."""

    id: SessionId
    owner: UserId
    expires_at: datetime


class SessionRepository(Protocol):
    def add(self, session: Session, password_hash: str, lifetime: timedelta) -> bool:
        """Begin a session that ends after ``lifetime``.

        False where the account is gone, or has another password hash by now: whoever logs in with a password that is
        being changed gets no session, or one that the change ends.
        """

    def user_of(self, session_id: SessionId) -> User:
        """Whose session it is, by one indexed read. Raises TokenRevoked where it has ended, or its account has."""

    def lasting(self, session_ids: Collection[SessionId]) -> set[SessionId]:
        """Those of the sessions that have not ended."""

    def rotate(self, family_hash: str, token_hash: str, successor_hash: str, grace: timedelta) -> KeptSession:
        """Put the successor in the place of a session's latest token.

        Within ``grace`` the same call says the same once more. Raises TokenReused where the token is not the latest,
        and the session has ended then; TokenExpired; TokenRevoked where there is no such session.
        """

    def end(self, session_id: SessionId) -> None:
        """Where there is one."""

    def change_password(
        self, user_id: UserId, old_hash: str, new_hash: str, session: Session, lifetime: timedelta
    ) -> bool:
        """Change the hash, end all sessions of the user and begin another one; False, changing nothing, where the old
        hash is not the user's any more."""

    def remove_expired(self, limit: int) -> int:
        """How many there were, ``limit`` at most."""
