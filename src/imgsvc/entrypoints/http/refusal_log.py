"""What is refused before it is a request, in the log."""

import logging
from time import monotonic

from attrs import define, field

logger = logging.getLogger(__name__)

_MOST_LINES = 60  # a minute; whoever sends nonsense may send as much of it as the network takes
_MINUTE = 60.0  # seconds


@define(eq=False)
class RefusalLog:
    """One for all connections of a process; belongs to one event loop."""

    _minute_ends: float = field(default=0.0, init=False)  # on the monotonic clock
    _count: int = field(default=0, init=False)  # of this minute

    def tell(self, code: str, detail: str, status: int, request_id: str) -> None:
        """A line, unless there were too many; how many were left out is told in the next minute that has any."""
        if monotonic() >= self._minute_ends:
            if self._count > _MOST_LINES:
                logger.warning("refusals were left out of the log", extra={"count": self._count - _MOST_LINES})
            self._minute_ends, self._count = monotonic() + _MINUTE, 0
        self._count += 1
        if self._count <= _MOST_LINES:
            seen = {"code": code, "status": status, "request_id": request_id}
            logger.info("refused before it was a request: %s", detail, extra=seen)
