"""A cache in the memory of this process."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from math import inf
from threading import Lock
from time import monotonic

from attrs import define, field

from imgsvc.ports.cache import Cached

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
# Bytes that an entry takes beside its key and content; with CPython 3.11, of 64 bits, it was measured at up to 200.
_OVERHEAD = 210
_SMALLEST_SHARE = 8  # so that one entry never costs all the others


@define(eq=False)
class InMemoryCache:
    """At most ``max_bytes`` of memory, keys and bookkeeping included; the least recently used goes first.

    What is older than ``max_age`` seconds is forgotten when somebody asks for it.
    """

    max_bytes: int = DEFAULT_MAX_BYTES
    max_age: float = inf
    now: Callable[[], float] = monotonic
    _entries: OrderedDict[str, tuple[bytes, float]] = field(factory=OrderedDict, init=False, repr=False)
    _held_bytes: int = field(default=0, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def get(self, key: str) -> Cached | None:
        with self._lock:
            content, good_until = self._entries.get(key, (None, inf))
            if content is None:
                return None
            if self.now() > good_until:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return Cached(content)

    def put(self, key: str, content: bytes) -> None:
        with self._lock:
            self._drop(key)  # also where the new content does not fit: the old one is wrong by now
            size = _size(key, content)
            if size * _SMALLEST_SHARE > self.max_bytes:
                return
            while self._held_bytes + size > self.max_bytes:
                self._drop(next(iter(self._entries)))
            self._entries[key] = content, self.now() + self.max_age
            self._held_bytes += size

    def delete(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def check(self) -> None:
        """It is always there."""

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._held_bytes -= _size(key, entry[0])


def _size(key: str, content: bytes) -> int:
    """Bytes of memory; a key is counted as it is held, because not every text can be encoded."""
    return sys.getsizeof(key) + sys.getsizeof(content) + _OVERHEAD
