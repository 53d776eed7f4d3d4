"""News of what is gone, for whoever keeps copies of answers."""

from collections.abc import Collection
from datetime import timedelta
from typing import Protocol
from uuid import UUID


class Invalidations(Protocol):
    """The ids of images, accounts and sessions that ended, or that something of changed.

    A repository notes them in the transaction that does it: whoever asks after that has ended is told. Any call may
    raise Busy or Unavailable; calls are safe from any thread.
    """

    def within(self, age: timedelta) -> Collection[UUID]:
        """What was noted since so long ago, by the repository's clock."""

    def prune(self, age: timedelta) -> int:
        """Forget what was noted before; how much that was."""
