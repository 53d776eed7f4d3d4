"""A cache in the memory of this process."""

import sys
from collections import OrderedDict
from threading import Lock

from attrs import define, field

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
_OVERHEAD = 120  # bytes an entry takes in the dict and its order; CPython 3.11 was measured at up to 106
_SMALLEST_SHARE = 8  # so that one entry never costs all the others


@define(eq=False)
class InMemoryCache:
    """At most ``max_bytes`` of memory, keys and bookkeeping included; the least recently used goes first."""

    max_bytes: int = DEFAULT_MAX_BYTES
    _entries: OrderedDict[str, bytes] = field(factory=OrderedDict, init=False, repr=False)
    _held_bytes: int = field(default=0, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def get(self, key: str) -> bytes | None:
        with self._lock:
            content = self._entries.get(key)
            if content is not None:
                self._entries.move_to_end(key)
            return content

    def put(self, key: str, content: bytes) -> None:
        with self._lock:
            self._drop(key)  # also where the new content does not fit: the old one is wrong by now
            size = _size(key, content)
            if size * _SMALLEST_SHARE > self.max_bytes:
                return
            while self._held_bytes + size > self.max_bytes:
                self._drop(next(iter(self._entries)))
            self._entries[key] = content
            self._held_bytes += size

    def delete(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        content = self._entries.pop(key, None)
        if content is not None:
            self._held_bytes -= _size(key, content)


def _size(key: str, content: bytes) -> int:
    """Bytes of memory; a key is counted as it is held, because not every text can be encoded."""
    return sys.getsizeof(key) + sys.getsizeof(content) + _OVERHEAD
