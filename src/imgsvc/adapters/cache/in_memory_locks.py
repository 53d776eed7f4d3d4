"""Turns within this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Condition
from time import monotonic

from attrs import field, frozen


@frozen(eq=False)
class InMemoryLocks:
    """For a service of one process."""

    _ends: dict[str, tuple[object, float]] = field(factory=dict, init=False, repr=False)  # who has it, until when
    _changed: Condition = field(factory=Condition, init=False, repr=False)

    @contextmanager
    def turn(self, key: str, lease: timedelta) -> Iterator[bool]:
        mine, seconds = object(), lease.total_seconds()
        with self._changed:
            has_waited = self._wait_for(key, monotonic() + seconds)
            self._ends[key] = mine, monotonic() + seconds
        try:
            yield has_waited
        finally:
            with self._changed:
                if self._ends.get(key, (None, 0))[0] is mine:
                    del self._ends[key]
                    self._changed.notify_all()

    def _wait_for(self, key: str, deadline: float) -> bool:
        has_waited = False
        while key in self._ends:
            rest = min(self._ends[key][1], deadline) - monotonic()
            if rest <= 0:
                break
            has_waited = True
            self._changed.wait(rest)
        return has_waited
