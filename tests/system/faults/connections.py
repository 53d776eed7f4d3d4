"""Clients that do not behave, on a socket of their own."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from attrs import frozen

from tests.system.faults.record import Somebody

_END = b"\r\n--b--\r\n"


@frozen
class Connection:
    """To the process that somebody talks to."""

    socket: socket.socket

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self) -> bytes:
        """All that comes until the other side closes."""
        self.socket.settimeout(30)
        return b"".join(iter(lambda: self.socket.recv(65536), b""))

    def reset(self) -> None:
        """As a machine does that does not know the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@contextmanager
def connected(somebody: Somebody) -> Iterator[Connection]:
    address = urlsplit(str(somebody.client.base_url))
    with socket.create_connection((address.hostname, address.port)) as line:
        yield Connection(line)


def upload_of(somebody: Somebody, content: bytes, **headers: str) -> bytes:
    """A whole request; its length is told unless ``headers`` say otherwise, in which ``_`` stands for ``-``."""
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bmp"\r\n\r\n' + content + _END
    given = {
        "Host": "localhost",
        "Authorization": f"Bearer {somebody.token}",
        "Content-Type": "multipart/form-data; boundary=b",
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in (headers or {"Content_Length": str(len(form))}).items()},
    }
    lines = ["POST /v1/images HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + form
