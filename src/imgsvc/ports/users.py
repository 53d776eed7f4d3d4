"""Where users are kept.

Every call is one transaction: it happens wholly or not at all, and what it returned from is kept. Any call may raise
Busy or Unavailable. Calls are safe from any thread.
"""

from datetime import datetime
from typing import Protocol

from imgsvc.domain.user import User, UserId


class UserRepository(Protocol):
    def add(self, user: User) -> None:
        """Raises UsernameTaken where another user has the same ``username_key``."""

    def get(self, user_id: UserId) -> User:
        """Raises UserNotFound."""

    def first_created_at(self) -> datetime | None:
        """When the oldest account was opened, which is about as old as the database is; None without any."""

    def find_by_username(self, username: str) -> User | None:
        """The user whose name has the same ``username_key``."""
