"""Messages between a process and its child: a head of a few bytes that says what it is, and contents of any size."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from itertools import chain
from typing import BinaryIO, TypeAlias
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.limits import TAKES_LESS
from imgsvc.domain.transform import TransformSpec

_START = struct.Struct(">IH")  # bytes of the head, and how many contents there are; their lengths follow, then they do
_LARGEST_HEAD = 2**20
_PIECE = 2**18  # bytes

# Said by a child that still can, and by its parent where it cannot.
OUT_OF_MEMORY = f"the picture takes more memory than a rendering may have (IMGSVC_RENDER_MEMORY): {TAKES_LESS}"

Content: TypeAlias = bytes | BinaryIO  # a stream that can seek


class Source(Enum):
    """Where a child finds the picture that it is asked about; the cheapest first."""

    KEPT = auto()  # the child has it still
    FILE = auto()  # in the file that came along, where it has to be looked at whether it is the right one
    SENT = auto()  # as the first of the contents


@frozen(kw_only=True)
class Request:
    """What a child is asked, as the head of a message; the contents are the source, where it is sent, and overlays."""

    spec: TransformSpec | None  # None: to measure the source
    overlays: Sequence[UUID] = ()
    source: Source = Source.SENT
    digest: str | None = None  # of the source, where it may be kept or is read from a file


@frozen
class Messages:
    """Sends and receives on a connected socket; either raises TimeoutError, or ConnectionError at the other's end.

    After a TimeoutError no more can be said: half a message may be under way.
    """

    connection: socket.socket
    most: int = field(default=2**40)  # bytes of all contents; who sends more is not listened to

    def send(self, head: bytes, *contents: Content, file: int | None = None, seconds: float | None = None) -> None:
        """Of a stream no more is held in memory than a piece; of ``file``, a descriptor, the other end gets its own."""
        remaining = _countdown(seconds)
        lengths = _lengths(len(contents)).pack(*map(_length_of, contents))
        start = _START.pack(len(head), len(contents)) + lengths + head
        if file is not None:
            self.connection.settimeout(remaining())
            start = start[socket.send_fds(self.connection, [start], [file]) :]
        for part in chain([start], *map(_pieces, contents)):
            self.connection.settimeout(remaining())
            self.connection.sendall(part)

    def receive(self, *, seconds: float | None = None) -> tuple[bytes, list[bytes]]:
        """The head and the contents. A file that comes along is none of ours."""
        remaining = _countdown(seconds)
        return self._rest(self._exactly(_START.size, remaining), remaining)

    def receive_with_file(self, *, seconds: float | None = None) -> tuple[bytes, list[bytes], int | None]:
        """The same, and a descriptor that the caller closes, where one came along."""
        remaining = _countdown(seconds)
        self.connection.settimeout(remaining())
        start, files, _, _ = socket.recv_fds(self.connection, _START.size, 1, socket.MSG_WAITALL)
        if not start:
            raise ConnectionError("the connection has ended")
        start += self._exactly(_START.size - len(start), remaining)
        return *self._rest(start, remaining), files[0] if files else None

    def _rest(self, start: bytes, remaining: Callable[[], float | None]) -> tuple[bytes, list[bytes]]:
        head_length, count = _START.unpack(start)
        if head_length > _LARGEST_HEAD:
            raise ConnectionError("the message is too long")
        lengths = _lengths(count).unpack(self._exactly(_lengths(count).size, remaining))
        if sum(lengths) > self.most:
            raise ConnectionError("the message is too long")
        return self._exactly(head_length, remaining), [self._exactly(length, remaining) for length in lengths]

    def is_coming(self, seconds: float) -> bool:
        """Wait until a message begins; False where none does."""
        self.connection.settimeout(seconds)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return False
        return True

    def _exactly(self, length: int, remaining: Callable[[], float | None]) -> bytes:
        """Not copied where all of it comes at once, as it mostly does."""
        self.connection.settimeout(remaining())
        first = self.connection.recv(length, socket.MSG_WAITALL) if length else b""
        if len(first) == length:
            return first
        received = bytearray(length)
        received[: len(first)] = first
        rest = memoryview(received)[len(first) :]
        while rest:
            self.connection.settimeout(remaining())
            count = self.connection.recv_into(rest, 0, socket.MSG_WAITALL)
            if count == 0:
                raise ConnectionError("the connection has ended")
            rest = rest[count:]
        return bytes(received)


class SourceUnreadable(Exception):
    """A stream failed when half of it was sent."""

    def __init__(self, failure: OSError) -> None:
        super().__init__(str(failure))
        self.failure = failure


def _lengths(count: int) -> struct.Struct:
    return struct.Struct(f">{count}Q")


def _length_of(content: Content) -> int:
    """In bytes; a stream is at its end then."""
    return len(content) if isinstance(content, bytes) else content.seek(0, os.SEEK_END)


def _pieces(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        content.seek(0)
        while piece := content.read(_PIECE):
            yield piece
    except OSError as error:
        raise SourceUnreadable(error) from error


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
