"""The items of an ISO base media file, such as AVIF: named in one box, found by another."""

import struct
from collections.abc import Iterator

from attrs import frozen

_MAX_BOXES = 1000  # side by side
_MAX_ITEMS = 1000
_MAX_LENGTH = 2**20  # bytes of an item; many may share the same
_WANTED = (b"Exif", b"mime")
_IN_FILE, _IN_BOX = 0, 1  # where an item's bytes are


@frozen
class Item:
    kind: bytes
    media_type: bytes
    content: bytes


def items(content: bytes) -> Iterator[Item]:
    """The items that hold metadata; raises struct.error for what is cut off."""
    meta = _boxes(content).get(b"meta")
    if meta is None:
        return
    parts = _boxes(meta[4:])
    places = dict(_places(parts.get(b"iloc", b"")))
    for number, kind, media_type in _names(parts.get(b"iinf", b"")):
        where = places.get(number)
        if kind in _WANTED and where is not None and where.length <= _MAX_LENGTH:
            held_in = content if where.method == _IN_FILE else parts.get(b"idat", b"")
            yield Item(kind, media_type, held_in[where.start : where.start + where.length])


def _boxes(content: bytes) -> dict[bytes, bytes]:
    """What each box holds; the first of each name."""
    found: dict[bytes, bytes] = {}
    position = 0
    for _ in range(_MAX_BOXES):
        if position + 8 > len(content):
            break
        length, name = struct.unpack_from(">I4s", content, position)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, position + 8)
            head = 16
        end = position + length if length else len(content)
        if length and length < head:
            break
        if name != b"mdat":
            found.setdefault(name, content[position + head : end])
        position = end
    return found


def _names(box: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, kind and media type of each item."""
    version = box[:1]
    position = 6 if version == b"\0" else 8
    for _ in range(min(int.from_bytes(box[4:position], "big"), _MAX_ITEMS)):
        length, _, version_of_entry = struct.unpack_from(">I4sB", box, position)
        entry = box[position + 12 : position + length]
        wide = version_of_entry == 3
        number, _, kind = struct.unpack_from(">IH4s" if wide else ">HH4s", entry)
        # A name, then what a `mime` item is, each with a NUL behind it.
        texts = entry[10 if wide else 8 :].split(b"\0")
        yield number, kind, texts[1] if len(texts) > 1 else b""
        position += max(length, 8)


@frozen
class _Place:
    method: int
    start: int
    length: int


def _places(box: bytes) -> Iterator[tuple[int, _Place]]:
    """Where each item's bytes are; those in several pieces are left out."""
    if not box:
        return
    version, sizes = box[0], int.from_bytes(box[4:6], "big")
    offset_size, length_size, base_size, index_size = ((sizes >> shift) & 15 for shift in (12, 8, 4, 0))
    reader = _Numbers(box, 6)
    wide = 4 if version == 2 else 2
    for _ in range(min(reader.next(wide), _MAX_ITEMS)):
        number = reader.next(wide)
        method = reader.next(2) & 15 if version else _IN_FILE
        reader.next(2)  # the file: this one
        base, extents = reader.next(base_size), reader.next(2)
        if extents != 1:
            reader.skip(extents * ((index_size if version else 0) + offset_size + length_size))
            continue
        reader.skip(index_size if version else 0)
        start, length = base + reader.next(offset_size), reader.next(length_size)
        if method in (_IN_FILE, _IN_BOX):
            yield number, _Place(method, start, length)


class _Numbers:
    """Big-endian numbers of any size, one after another; raises struct.error at the end."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content, self._position = content, position

    def skip(self, size: int) -> None:
        self._position += size

    def next(self, size: int) -> int:
        end = self._position + size
        if end > len(self._content):
            raise struct.error("no number is left")
        number = int.from_bytes(self._content[self._position : end], "big")
        self._position = end
        return number
