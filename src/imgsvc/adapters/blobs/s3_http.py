"""The HTTP that a client of S3 speaks: nothing is tried twice, and no wait is without end."""

import os
from collections.abc import Iterator
from time import monotonic
from typing import Any

import certifi
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

_CONNECT_SECONDS = 2.0
_BODILESS = {"HEAD", "GET", "DELETE"}
_SLOWEST = 500_000  # bytes a second, below which an answer is given up
_CHUNK = 1024 * 1024


class PatientPoolManager(PoolManager):
    """``timeout``: seconds for a request's body to be taken, and then for the answer.

    A quarter of it is what all else may take, since that is a small thing to ask.
    """

    def __init__(self, timeout: float, size: int) -> None:
        super().__init__(
            maxsize=size,
            timeout=_of(timeout),
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        )
        self._timeout = timeout
        self.pool_classes_by_scheme = _pools(timeout)

    def urlopen(self, method: str, *arguments: Any, **options: Any) -> BaseHTTPResponse:
        if method in _BODILESS:
            options["timeout"] = _of(self._timeout / 4)
        return super().urlopen(method, *arguments, **options)


def _of(seconds: float) -> Timeout:
    return Timeout(connect=_CONNECT_SECONDS, read=seconds)


class _Patient(HTTPConnection):
    """Left alone, a connection sends bodies under the deadline of connecting."""

    patience: float

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self.patience)

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:
            self.timeout = self.patience
        super().request(*arguments, **options)


def _pools(timeout: float) -> dict[str, type[HTTPConnectionPool]]:
    class Connection(_Patient):
        patience = timeout

    class SecureConnection(_Patient, HTTPSConnection):
        patience = timeout

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


def whole(response: BaseHTTPResponse, timeout: float) -> bytes:
    """All that was announced, or one of urllib3's errors; the connection is given back."""
    announced = int(response.headers.get("Content-Length", 0))
    try:
        content = b"".join(_pieces(response, monotonic() + timeout + announced / _SLOWEST))
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return content


def _pieces(response: BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
    while piece := response.read1(_CHUNK, decode_content=False):
        yield piece
        if monotonic() > deadline:
            raise UrllibTimeoutError("the answer comes too slowly")
