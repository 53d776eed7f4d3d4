"""An object as a stream, fetched in ranges: whoever reads slowly holds no connection meanwhile."""

import os
from collections.abc import Callable
from io import BufferedReader, RawIOBase

from attrs import frozen

from imgsvc.domain.errors import Unavailable

RANGE = 1024 * 1024  # bytes that are fetched at once, unless more are asked for at once


@frozen
class Fetched:
    """A part of an object, and what tells it from parts of others."""

    content: bytes
    total: int  # bytes of the object
    version: str  # as the server names it; may be empty


Fetch = Callable[[int, int], Fetched]  # from a first byte, and how many, of which there are some


def stream_of(fetch: Fetch) -> BufferedReader:
    """The object that ``fetch`` gives parts of, of which the first is fetched now. Raises what ``fetch`` does."""
    return BufferedReader(_Ranges(fetch, fetch(0, RANGE)), RANGE)


class _Ranges(RawIOBase):
    def __init__(self, fetch: Fetch, first: Fetched) -> None:
        self._fetch, self._first = fetch, first
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._first.total}[whence]
        if start + offset < 0:
            raise ValueError("negative position in a stream")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed: any buffer
        content = self._next(min(len(buffer), self._remaining))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        pieces = []
        while self._remaining:
            pieces.append(self._next(self._remaining))
        return b"".join(pieces)

    @property
    def _remaining(self) -> int:
        return max(0, self._first.total - self._position)

    def _next(self, count: int) -> bytes:
        """Some of the next bytes, at most ``count``; none only at the end."""
        if count == 0:
            return b""
        content = self._first.content[self._position : self._position + count] or self._fetched(count)
        self._position += len(content)
        return content

    def _fetched(self, count: int) -> bytes:
        part = self._fetch(self._position, count)
        if (part.total, part.version) != (self._first.total, self._first.version):
            raise Unavailable("the bytes were replaced while they were read")
        return part.content
