"""A stream as the library wants it: with its length, where that can be had.

Without it the library copies each part, and holds three at once instead of two.
"""

import os
from typing import BinaryIO

from attrs import define

_UNKNOWN = -1


def to_its_end(stream: BinaryIO) -> tuple[BinaryIO, int]:
    """The stream from where it stands, and how many bytes that are, or -1."""
    if not _can_seek(stream):
        return stream, _UNKNOWN
    start = stream.tell()
    length = stream.seek(0, os.SEEK_END) - start
    stream.seek(start)
    if length <= 0:  # then the library would not read at all
        return stream, _UNKNOWN
    return _Ended(stream, length), length  # type: ignore[return-value]  # all that the library does is to read


def _can_seek(stream: BinaryIO) -> bool:
    asked = getattr(stream, "seekable", None)
    return asked is not None and asked()


@define
class _Ended:
    """However long a stream may say that it is, it is read to its end: there it may still fail."""

    stream: BinaryIO
    left: int

    def read(self, size: int) -> bytes:
        content = self.stream.read(size)
        self.left -= len(content)
        if self.left == 0 and self.stream.read(1):
            raise OSError("the stream is longer than it said")
        return content
