"""Messages between a process and its child: a head of a few bytes that says what it is, and a content of any size."""

import socket
import struct
import time
from collections.abc import Callable

from attrs import field, frozen

_LENGTHS = struct.Struct(">IQ")
_LARGEST_HEAD = 2**20


@frozen
class Messages:
    """Sends and receives on a connected socket; either raises TimeoutError, or ConnectionError at the other's end.

    After a TimeoutError no more can be said: half a message may be under way.
    """

    connection: socket.socket
    most: int = field(default=2**40)  # bytes of a content; who sends more is not listened to

    def send(self, head: bytes, *contents: bytes, seconds: float | None = None) -> None:
        """Several contents arrive as one."""
        remaining = _countdown(seconds)
        for part in (_LENGTHS.pack(len(head), sum(map(len, contents))) + head, *contents):
            self.connection.settimeout(remaining())
            self.connection.sendall(part)

    def receive(self, *, seconds: float | None = None) -> tuple[bytes, bytearray]:
        remaining = _countdown(seconds)
        head_length, content_length = _LENGTHS.unpack(self._exactly(_LENGTHS.size, remaining))
        if head_length > _LARGEST_HEAD or content_length > self.most:
            raise ConnectionError("the message is too long")
        return bytes(self._exactly(head_length, remaining)), self._exactly(content_length, remaining)

    def _exactly(self, length: int, remaining: Callable[[], float | None]) -> bytearray:
        received = bytearray(length)
        rest = memoryview(received)
        while rest:
            self.connection.settimeout(remaining())
            count = self.connection.recv_into(rest, 0, socket.MSG_WAITALL)
            if count == 0:
                raise ConnectionError("the connection has ended")
            rest = rest[count:]
        return received


def _countdown(seconds: float | None) -> Callable[[], float | None]:
    """What is left of the time; TimeoutError once nothing is."""
    if seconds is None:
        return lambda: None
    end = time.monotonic() + seconds

    def remaining() -> float:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    return remaining
