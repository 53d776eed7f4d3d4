"""Small bytes that may vanish at any time."""

from typing import Protocol


class Cache(Protocol):
    """Bytes under any text, bounded in size; what it loses costs time and nothing else.

    No call raises for a cache that is down, slow or full: that is a miss. Calls are safe from any thread.
    """

    def get(self, key: str) -> bytes | None:
        """What was put there, unless it is gone by now."""

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content`` if it fits, perhaps in place of something older."""

    def delete(self, key: str) -> None:
        """Forget the key."""
