"""The keys that programs are known by.

Every call is one transaction. Any call may raise Busy or Unavailable; calls are safe from any thread.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from imgsvc.domain.api_key import ApiKey, ApiKeyId
from imgsvc.domain.user import User, UserId


class ApiKeyRepository(Protocol):
    def add(self, key: ApiKey, most: int) -> ApiKey:
        """Keep a new key; where there is one of this id, and of this owner, that one.

        Raises TooManyApiKeys where the owner has ``most`` of them, UserNotFound where there is none.
        """

    def find(self, key_hash: str) -> tuple[ApiKey, User] | None:
        """The key and its owner, by one indexed read."""

    def existing(self, key_ids: Collection[ApiKeyId]) -> set[ApiKeyId]:
        """Those of the keys that somebody is still known by."""

    def list_of(self, owner: UserId) -> Sequence[ApiKey]:
        """All of one user, the newest first."""

    def delete(self, owner: UserId, key_id: ApiKeyId) -> bool:
        """Whether the user had such a key. Nobody is known by it from then on."""

    def note_use(self, key_id: ApiKeyId) -> None:
        """That it was used just now, by the repository's own clock."""
