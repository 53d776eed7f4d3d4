"""The HTTP that a client of S3 speaks: nothing is tried twice, and no wait is without end."""

import os
from collections.abc import Iterator
from time import monotonic

import certifi
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

_CONNECT_SECONDS = 2.0
_SLOWEST = 100_000  # bytes a second, below which an answer is given up
_CHUNK = 1024 * 1024


class PatientPoolManager(PoolManager):
    """``timeout``: seconds to wait for an answer, and for a request's body to be taken."""

    def __init__(self, timeout: float, size: int) -> None:
        super().__init__(
            maxsize=size,
            timeout=Timeout(connect=_CONNECT_SECONDS, read=timeout),
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        )
        self.pool_classes_by_scheme = {"http": _pool(timeout), "https": _secure_pool(timeout)}


def _pool(timeout: float) -> type[HTTPConnectionPool]:
    # Left alone, a new connection sends its first request under the short deadline of connecting.
    class Connection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(timeout)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool


def _secure_pool(timeout: float) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(timeout)

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def whole(response: BaseHTTPResponse, timeout: float) -> bytes:
    """All that was announced, or one of urllib3's errors; the connection is given back."""
    announced = int(response.headers.get("Content-Length", -1))
    try:
        content = b"".join(_pieces(response, monotonic() + timeout + max(announced, 0) / _SLOWEST))
    except BaseException:
        response.close()
        raise
    response.release_conn()
    if announced not in (-1, len(content)):
        raise ProtocolError("the answer is not as long as it said")
    return content


def _pieces(response: BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
    while piece := response.read1(_CHUNK, decode_content=False):
        yield piece
        if monotonic() > deadline:
            raise UrllibTimeoutError("the answer comes too slowly")
