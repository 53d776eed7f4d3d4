"""What is refused before it is a request: why, as an answer, and in the log."""

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from time import monotonic

from attrs import define, field

from imgsvc.entrypoints.http.cors import AllowedOrigins

logger = logging.getLogger(__name__)

# What is answered on the socket, beside all that the endpoints answer: codes, and the statuses that go with them.
REFUSALS = {
    "malformed_request": HTTPStatus.BAD_REQUEST,
    "request_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "uri_too_long": HTTPStatus.REQUEST_URI_TOO_LONG,
    "headers_too_large": HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}
_MOST_LINES = 60  # a minute; whoever sends nonsense may send as much of it as the network takes
_MINUTE = 60.0  # seconds


def refusal(
    code: str, detail: str, request_id: str, request_headers: Iterable[tuple[bytes, bytes]], origins: AllowedOrigins
) -> bytes:
    """A whole answer of HTTP/1.1 with a problem document, after which the connection is closed."""
    status = REFUSALS[code]
    document = {"type": f"urn:imgsvc:error:{code}", "title": status.phrase, "status": status, "detail": detail}
    content = json.dumps({**document, "code": code, "request_id": request_id}).encode() + b"\n"
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(content)).encode()),
        (b"x-request-id", request_id.encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    lines = [b"%s: %s\r\n" % header for header in origins.told(request_headers, headers)]
    first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
    return b"".join([first, *lines, b"\r\n", content])


@define(eq=False)
class RefusalLog:
    """One for all connections of a process; belongs to one event loop."""

    _minute_ends: float = field(default=0.0, init=False)  # on the monotonic clock
    _count: int = field(default=0, init=False)  # of this minute

    def tell(self, code: str, detail: str, request_id: str) -> None:
        """A line, unless there were too many; how many were left out is told in the next minute that has any."""
        if monotonic() >= self._minute_ends:
            if self._count > _MOST_LINES:
                logger.warning("refusals were left out of the log", extra={"count": self._count - _MOST_LINES})
            self._minute_ends, self._count = monotonic() + _MINUTE, 0
        self._count += 1
        if self._count <= _MOST_LINES:
            seen = {"code": code, "status": REFUSALS[code], "request_id": request_id}
            logger.info("refused before it was a request: %s", detail, extra=seen)
