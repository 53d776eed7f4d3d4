"""HTTP to addresses that strangers name: to what was checked and nowhere else, and never longer than told."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from threading import Timer
from time import monotonic

import certifi
from attrs import field, frozen
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from imgsvc.adapters.outbound.addresses import Address, AddressGuard
from imgsvc.domain.errors import FetchFailed, FetchTimedOut
from imgsvc.domain.web_url import WebUrl

_MOST_ADDRESSES = 4
_CONNECT_SECONDS = 3.0
_CHUNK = 64 * 1024


@frozen
class GuardedAnswer:
    """What a server said; its body comes as it was sent, neither decompressed nor bounded."""

    status: int
    headers: Mapping[str, str]  # looked up by names in any case
    _response: HTTPResponse = field(repr=False)
    _ends_at: float = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """The body, of which less than announced is a failure."""
        while piece := self._response.read1(_CHUNK, decode_content=False):
            yield piece
        if monotonic() >= self._ends_at:  # a body of no announced length ends where we end it
            raise TimeoutError("the body was not over yet")


@frozen
class GuardedHttp:
    """Sends one request at a time, follows no redirect, uses no proxy, and keeps no connection."""

    guard: AddressGuard

    @contextmanager
    def request(
        self,
        method: str,
        url: WebUrl,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[GuardedAnswer]:
        """All of it, with what is done in the context, within ``seconds``.

        Raises UrlNotAllowed, before anything is connected to; FetchFailed, FetchTimedOut, also while it is read.
        """
        ends_at = monotonic() + seconds
        addresses = self.guard.addresses(url, seconds)
        with (
            _explained(ends_at),
            closing(_connected(addresses, url.port, ends_at)) as connected,
            _ended(connected, ends_at),
            closing(_connection(url, connected, seconds)) as connection,
        ):
            connection.request(
                method,
                url.target,
                body=body,
                headers={"Accept-Encoding": "identity", "User-Agent": "imgsvc", **(headers or {})},
                preload_content=False,
                decode_content=False,
            )
            with closing(connection.getresponse()) as response:
                yield GuardedAnswer(response.status, response.headers, response, ends_at)


@contextmanager
def _explained(ends_at: float) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        if monotonic() >= ends_at:
            raise FetchTimedOut("the server takes too long") from error
        raise FetchFailed("the server cannot be reached, or breaks off") from error


def _connected(addresses: Sequence[Address], port: int, ends_at: float) -> socket.socket:
    """To the first that answers; each is a number, which nobody looks up."""
    for address in addresses[:_MOST_ADDRESSES]:
        patience = min(_CONNECT_SECONDS, ends_at - monotonic())
        if patience <= 0:
            break
        with suppress(OSError):
            return socket.create_connection((str(address), port), timeout=patience)
    raise OSError("none of the addresses answers")


@contextmanager
def _ended(connected: socket.socket, ends_at: float) -> Iterator[None]:
    """A server that sends a byte now and then would else keep each single wait short, and the whole without end."""
    # TLS takes the descriptor away from the socket it wraps; a copy ends the same connection.
    with closing(connected.dup()) as handle:

        def end() -> None:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

        timer = Timer(max(ends_at - monotonic(), 0), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _connection(url: WebUrl, connected: socket.socket, seconds: float) -> HTTPConnection:
    """The host's name stays what certificates and the Host header are about; the socket is the one that there is."""
    connected.settimeout(seconds)

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connected

    class SecureConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connected

    if url.scheme == "http":
        return Connection(url.host, url.port, timeout=seconds)
    authorities = os.environ.get("SSL_CERT_FILE") or certifi.where()
    return SecureConnection(url.host, url.port, timeout=seconds, cert_reqs="CERT_REQUIRED", ca_certs=authorities)
