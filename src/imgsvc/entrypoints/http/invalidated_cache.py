"""What this process found out and answers from for a while: forgotten as soon as what it was made of ends.

Each entry is kept for five seconds; then everything is asked anew. Sooner it goes when something that it was made of
ends: at once where this process ended it (``Invalidations.subscribed``), and where another one did, as soon as that is
heard of (``InvalidationListener``). While nothing can be heard, nothing is found here.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable
from threading import Event, Lock
from time import monotonic
from typing import Any
from uuid import UUID

from attrs import define, field, frozen

LIFE = 5.0  # seconds
_DEAF_AFTER = 1.0  # seconds since somebody last listened
_OVERHEAD = 2048  # bytes that an entry takes besides its content, about


@frozen
class _Entry:
    value: Any
    byte_count: int
    subjects: Collection[UUID]  # that it was made of
    until: float  # on the monotonic clock


@define(eq=False)
class InvalidatedCache:
    """Bounded, the least recently used go first. Safe from any thread."""

    max_bytes: int
    now: Callable[[], float] = monotonic
    _entries: OrderedDict[Hashable, _Entry] = field(factory=OrderedDict, init=False)
    _by_subject: dict[UUID, set[Hashable]] = field(factory=dict, init=False)
    _held_bytes: int = field(default=0, init=False)
    _forgotten: int = field(default=0, init=False)  # how often something was to be forgotten
    _heard_at: float = field(default=float("-inf"), init=False)
    _lock: Lock = field(factory=Lock, init=False)
    has_some: Event = field(factory=Event, init=False)

    def find(self, key: Hashable) -> Any:
        """The value, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self.now()
        if now - self._heard_at > _DEAF_AFTER:
            return None
        with self._lock:
            if now > entry.until:
                self._drop(key)
                return None
            if key in self._entries:  # not forgotten within the last instant
                self._entries.move_to_end(key)
                return entry.value
        return None

    def mark(self) -> int:
        """To be taken before anything is asked that a value is made of."""
        return self._forgotten

    def keep(
        self,
        key: Hashable,
        value: object,
        subjects: Collection[UUID],
        mark: int,
        *,
        byte_count: int = 0,
        good_for: float = LIFE,
    ) -> None:
        """Unless something was to be forgotten since the mark: the value may have been made of that.

        For ``good_for`` seconds at the most.
        """
        entry = _Entry(value, byte_count + _OVERHEAD, subjects, self.now() + min(LIFE, good_for))
        with self._lock:
            if mark != self._forgotten:
                return
            self._drop(key)
            self._entries[key] = entry
            self._held_bytes += entry.byte_count
            for subject in subjects:
                self._by_subject.setdefault(subject, set()).add(key)
            while self._held_bytes > self.max_bytes:
                self._drop(next(iter(self._entries)))
            if self._entries:
                self.has_some.set()

    def forget(self, subjects: Iterable[UUID]) -> None:
        with self._lock:
            self._forgotten += 1
            for subject in subjects:
                for key in tuple(self._by_subject.get(subject, ())):
                    self._drop(key)

    def note_heard(self, moment: float) -> None:
        """What had ended by that moment is forgotten."""
        with self._lock:
            self._heard_at = moment
            for key in [key for key, entry in self._entries.items() if entry.until < moment]:
                self._drop(key)
            if not self._entries:
                self.has_some.clear()

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._held_bytes -= entry.byte_count
        for subject in entry.subjects:
            keys = self._by_subject[subject]
            keys.discard(key)
            if not keys:
                del self._by_subject[subject]
