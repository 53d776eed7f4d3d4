"""Requests that are done once, however often they are sent (draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from attrs import frozen

from imgsvc.domain.user import UserId


@frozen
class KeptAnswer:
    """What the first of several equal requests was answered."""

    status: int
    headers: Mapping[str, str]
    body: str


@frozen
class Begun:
    """The right to do what a request asks for."""

    id: UUID  # of what is created: the same for whoever does it again, after a crash


class IdempotencyRepository(Protocol):
    """Each call is one transaction, on the repository's own clock; any may raise Busy or Unavailable. Thread safe."""

    def begin(
        self, owner: UserId, key: str, fingerprint: str, *, lease: timedelta, life: timedelta
    ) -> Begun | KeptAnswer:
        """Begin what was not begun, or was begun longer than ``lease`` ago; or the answer, for ``life``.

        ``fingerprint`` tells one request from another. Raises IdempotencyMismatch where the key was used with another,
        RequestInProgress where the same is being done.
        """

    def keep(self, owner: UserId, key: str, begun: Begun, answer: KeptAnswer) -> None:
        """From now on the answer to the key."""

    def forget(self, owner: UserId, key: str, begun: Begun) -> None:
        """It came to nothing, and may be begun anew at once."""

    def prune(self, life: timedelta, limit: int) -> int:
        """Remove so many of those that are older; how many there were."""
