"""News of what is gone, for whoever keeps copies of answers."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


class Invalidations(Protocol):
    """The ids of images, accounts and sessions that ended, or that something of changed.

    A repository notes them in the transaction that does it: whoever asks after that has ended is told. Any call may
    raise Busy or Unavailable; calls are safe from any thread.
    """

    def within(self, age: timedelta) -> Mapping[UUID, datetime]:
        """What was noted since so long ago, and when it was last, by the repository's clock.

        What is noted again has a later time than before, however soon it comes: so it is told from what is known.
        """

    def subscribed(self, hear: Callable[[Collection[UUID]], None]) -> AbstractContextManager[None]:
        """Have ``hear`` called with what this process itself has noted, until the context ends.

        That is before the call returns that has ended it, or fails: then too much may be told. In whatever thread that
        is; so ``hear`` is quick, and raises nothing.
        """

    def prune(self, age: timedelta, limit: int) -> int:
        """Forget so much of what was noted before; how much that was."""
