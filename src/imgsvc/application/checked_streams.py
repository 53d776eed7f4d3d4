"""Bytes from storage, which may lose and change them, compared with what is known of them while they are read."""

import hashlib
import os
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import BinaryIO

_AHEAD = 1024 * 1024  # bytes that are read, and looked at, before anybody has any


def checked(
    stream: BinaryIO, byte_count: int, sha256: str | None, damaged: Callable[[], Exception], *, wholly: bool = False
) -> BinaryIO:
    """The stream, which it closes, except that of wrong bytes it never gives the last; it can seek.

    Raises what ``damaged`` returns, here where that shows in the first MiB, or ``wholly``; else while it is read.
    Without a ``sha256`` only their number counts.
    """
    looking = _Looking(stream, byte_count, sha256, damaged)
    reader = BufferedReader(looking, _AHEAD)
    try:
        reader.peek(1)
        if wholly:
            looking.look_at_the_rest()
    except BaseException:
        reader.close()
        raise
    return reader


class _Looking(RawIOBase):
    def __init__(self, stream: BinaryIO, byte_count: int, sha256: str | None, damaged: Callable[[], Exception]) -> None:
        self._stream, self._damaged = stream, damaged
        self._byte_count, self._sha256 = byte_count, sha256
        self._position = 0
        self._seen, self._digest = 0, hashlib.sha256()  # of so many bytes, from the first

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._byte_count}[whence]
        self._position = self._stream.seek(start + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        content = self._next(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        # The inherited one asks for 8 KiB at a time, which takes four times as long as to look at them.
        return b"".join(iter(lambda: self._next(self._byte_count), b""))

    def _next(self, most: int) -> bytes:
        """None only at the end."""
        if self._position != self._seen:
            self.look_at_the_rest()
        wanted = min(most, max(0, self._byte_count - self._position))
        content = self._stream.read(wanted)
        if self._position == self._seen and not self._is_done:
            self._look_at(content, wanted)
        self._position += len(content)
        return content

    def close(self) -> None:
        self._stream.close()
        super().close()

    def look_at_the_rest(self) -> None:
        """Who jumps about would else be given bytes that nobody has looked at."""
        if self._is_done:
            return
        self._stream.seek(self._seen)
        while self._seen < self._byte_count:
            wanted = min(_AHEAD, self._byte_count - self._seen)
            self._look_at(self._stream.read(wanted), wanted)
        self._stream.seek(self._position)

    @property
    def _is_done(self) -> bool:
        return self._seen == self._byte_count

    def _look_at(self, content: bytes, wanted: int) -> None:
        """The next bytes, which are fewer than were wanted only at the end."""
        self._digest.update(content)
        self._seen += len(content)
        if len(content) < wanted or (self._is_done and self._is_changed()):
            raise self._damaged()

    def _is_changed(self) -> bool:
        return self._sha256 is not None and self._digest.hexdigest() != self._sha256
