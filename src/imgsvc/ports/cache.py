"""Small bytes that may vanish at any time."""

from typing import Protocol

from attrs import frozen


@frozen
class Cached:
    """What a cache had."""

    content: bytes
    is_shared: bool = False  # whether it came from a place that other processes see, and not from this one's memory


class Cache(Protocol):
    """Bytes under any text, bounded in size; what it loses costs time and nothing else.

    No call raises for a cache that is down, slow or full: that is a miss. Calls are safe from any thread.

    Nobody may be shown what a cache has without asking first whether he may see it, and whether it is still there: a
    deletion may not reach a cache that is down, nor, for half a minute, the memory of other processes. So what stands
    under one key is meant to be the same bytes each time.
    """

    def get(self, key: str) -> Cached | None:
        """What was put there, unless it is gone by now."""

    def put(self, key: str, content: bytes) -> None:
        """Keep ``content`` if it fits, perhaps in place of something older."""

    def delete(self, key: str) -> None:
        """Forget the key."""

    def check(self) -> None:
        """For those who look after the service: raises Unavailable where nothing could be kept now; cheap."""
