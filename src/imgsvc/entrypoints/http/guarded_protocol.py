"""HTTP/1.1 on a socket: uvicorn's protocol on the fast parser, with the limits of time and size that neither has."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from attrs import field, frozen
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from imgsvc.entrypoints.http.cors import AllowedOrigins
from imgsvc.entrypoints.http.refusals import RefusalLog, refusal
from imgsvc.entrypoints.http.request_state import HAS_ENDED

_MOST_OF_URL = 8 * 1024  # bytes
_MOST_OF_HEADERS = 64 * 1024  # bytes, all together
_MOST_HEADERS = 100
_LOOK_EVERY = 5.0  # seconds


@frozen(kw_only=True)
class Patience:
    """How long a client may keep a connection waiting."""

    head_seconds: float  # from the connection, or the first byte of a later request, to the end of its headers
    body_rate: float  # bytes a second at the least, seen over any five seconds
    write_seconds: float  # for the client to take what has been waiting to be sent
    look_every: float = field(default=_LOOK_EVERY)


class _Refused(Exception):
    """What the parser calls back for is not to be answered; the reason is noted."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. What is wrong is answered with a problem document, and the connection closed."""

    def __init__(
        self, *arguments: Any, patience: Patience, origins: AllowedOrigins, refusals: RefusalLog, **more: Any
    ) -> None:
        super().__init__(*arguments, **more)
        self._refusals = refusals
        self._patience = patience
        self._origins = origins
        self._refusal: tuple[str, str] | None = None  # code and detail
        self._head_bytes = 0
        self._body_bytes = 0  # since somebody looked
        self._is_in_head = False
        self._is_in_body = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        give_up_unheard(transport.get_extra_info("socket"), self._patience.write_seconds)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._body_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_between = not self._is_in_body and (self.cycle is None or self.cycle.response_complete)
        if is_between and self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._wait_for_head()  # empty lines, say, which are not the beginning of anything

    def eof_received(self) -> bool:  # type: ignore[override]  # the base class gives up whoever says no more
        """Whether there is an answer to come, though nothing will be asked any more: to a request that is whole.

        Whoever closes his end wholly looks the same until something is sent to him. So streams without an end go on for
        nobody, and waiting is told (watching.py).
        """
        cycle = self.cycle
        if self._is_in_body or cycle is None or cycle.response_complete or cycle.chunked_encoding:
            return False
        cycle.keep_alive = False
        cycle.scope["state"][HAS_ENDED] = True
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._patience.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def send_400_response(self, msg: str) -> None:
        self._answer(*(self._refusal or ("malformed_request", "this is not HTTP that we understand")))

    # The parser's callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes, self._is_in_head = 0, True
        self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > _MOST_OF_URL:
            self._refuse("uri_too_long", f"the address has more than {_MOST_OF_URL} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _MOST_OF_HEADERS or len(self.headers) > _MOST_HEADERS:
            most = f"{_MOST_HEADERS} headers, or {_MOST_OF_HEADERS} bytes of them"
            self._refuse("headers_too_large", f"there are more than {most}")

    def on_headers_complete(self) -> None:
        self._must_be_unambiguous()
        self._is_in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._is_in_body, self._body_bytes = True, 0
        super().on_headers_complete()
        self._show_all_of_address()
        self._body_timer = self.loop.call_later(self._patience.look_every, self._look_at_body)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        if self._body_timer is not None:  # it would look at the next request's body, which has only begun
            self._body_timer.cancel()
            self._body_timer = None
        super().on_message_complete()

    def _show_all_of_address(self) -> None:
        """A ``?`` or ``#`` with nothing behind it is in neither path nor query: another address all the same."""
        path = self.scope.get("raw_path")  # none of what is no request for us, such as an upgrade
        if path and not self.scope["query_string"]:
            self.scope["raw_path"] = path + self.url.partition(path)[2]

    # What is refused

    def _must_be_unambiguous(self) -> None:
        """Two readers of a request, of whom one stands before us, must not find two different ones in it."""
        names = [name for name, _ in self.headers]
        hosts = names.count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._refuse("malformed_request", "a request names one Host")
        lengths = names.count(b"content-length")
        encodings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if encodings not in ([], [b"chunked"]):  # the parser only asks for chunks at the end
            self._refuse("malformed_request", "a body comes in chunks, or as it is")
        if lengths > 1 or (lengths and b"transfer-encoding" in names):
            self._refuse("malformed_request", "the length of the body is told in two ways")

    def _refuse(self, code: str, detail: str) -> None:
        self._refusal = (code, detail)
        raise _Refused

    def _answer(self, code: str, detail: str) -> None:
        """Unless another answer comes first, or is under way, which this would become a part of."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if self._is_in_head:  # what is refused came behind a request that is still being answered
                cycle.keep_alive = False
                return
            if cycle.response_started:
                self.transport.abort()
                return
        request_id = str(uuid4())  # nothing else knows of the request
        self._refusals.tell(code, detail, request_id)
        self.transport.write(refusal(code, detail, request_id, self._headers_so_far(), self._origins))
        self.transport.close()

    def _headers_so_far(self) -> list[tuple[bytes, bytes]]:
        """Of the request that is refused.

        Its Origin need not be among them: an address that is too long comes before all headers, and of too many headers
        or slow ones the rest is never read. A page of an origin that is set alone is told nothing then, and its browser
        shows it a failure without a reason; where any may use the service, all pages are told.
        """
        return self.headers if self._is_in_head or self._is_in_body else []

    # Who keeps us waiting

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._patience.head_seconds, self._give_up_head)

    def _give_up_head(self) -> None:
        self._head_timer = None
        if self._is_in_head:
            self._answer("request_timeout", "the headers took too long")
        else:
            self.transport.close()

    def _look_at_body(self) -> None:
        if self.transport.is_closing():
            return
        # Who waits for us, because we do not read or have not said yet that we will, is not slow.
        is_our_turn = self.flow.read_paused or self.cycle.waiting_for_100_continue
        if not is_our_turn and self._body_bytes < self._patience.body_rate * self._patience.look_every:
            self._answer("request_timeout", "the body comes too slowly")
            return
        self._body_bytes = 0
        self._body_timer = self.loop.call_later(self._patience.look_every, self._look_at_body)


def give_up_unheard(connection: socket.socket, seconds: float) -> None:
    """End a connection whose other end says nothing of what was sent to it, as one does that has lost its network.

    The kernel would try for a quarter of an hour. What is sent need not be much: of a stream of events, its heartbeat.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT") and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * seconds))


def guarded(patience: Patience, origins: AllowedOrigins) -> Callable[..., GuardedProtocol]:
    """What uvicorn makes its connections with."""
    return partial(GuardedProtocol, patience=patience, origins=origins, refusals=RefusalLog())
