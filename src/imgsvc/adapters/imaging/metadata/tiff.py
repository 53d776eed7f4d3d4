"""EXIF, and what else is a TIFF: directories of tagged values, read with bounds and written anew.

Whatever is broken is left out: hostile bytes cost metadata, never the picture, and no more time than honest ones.
"""

import struct
from typing import TypeAlias

from attrs import evolve, frozen

EXIF, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005  # tags that point to further directories
_POINTERS = (EXIF, GPS, INTEROPERABILITY)

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}  # of each kind of value
_TURNED = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8}  # bytes of one number
_MAX_TAGS = 1000  # of a directory
_LONG = 4


@frozen
class Field:
    """A value, or several: ``kind`` is the TIFF type, ``value`` the bytes as they stand in the block."""

    kind: int
    value: bytes

    @classmethod
    def text(cls, content: bytes) -> "Field":
        return cls(2, content + b"\0")


Directory: TypeAlias = "dict[int, Field | Directory]"


@frozen
class Block:
    """A first directory and those that it points to; ``order`` of the bytes is ``<`` or ``>``."""

    order: str
    root: Directory

    def in_order(self, order: str) -> "Block":
        return self if self.order == order else Block(order, _turned(self.root))


@frozen
class _Layout:
    """How directories are stored; BigTIFF has wider numbers."""

    order: str
    count: str
    entry: str
    link: str

    @classmethod
    def of(cls, content: bytes) -> "_Layout | None":
        match content[:4]:
            case b"II*\0" | b"MM\0*":
                wide = False
            case b"II+\0" | b"MM\0+":
                wide = True
            case _:
                return None
        order = "<" if content[:2] == b"II" else ">"
        return cls(order, "Q", "HHQ8s", "Q") if wide else cls(order, "H", "HHI4s", "I")

    def number(self, kind: str, content: bytes, at: int = 0) -> int:
        found: int = struct.unpack_from(self.order + kind, content, at)[0]
        return found

    @property
    def first(self) -> int:
        """Where the link to the first directory stands."""
        return 8 if self.link == "Q" else 4


def parsed(content: bytes, most: int, most_in_all: int) -> Block | None:
    """The fields of a TIFF, or of EXIF, that can be read and are not too long; None where it is neither.

    ``most`` is in bytes of a field's value; ``most_in_all`` is for all, since values may share their bytes.
    """
    layout = _Layout.of(content)
    if layout is None:
        return None
    reader = _Reader(content, layout, most, left=[most_in_all])
    try:
        root = reader.directory(layout.number(layout.link, content, layout.first))
    except (struct.error, OverflowError):
        return None
    return Block(layout.order, root)


@frozen
class _Reader:
    content: bytes
    layout: _Layout
    most: int
    left: list[int]  # bytes that may yet be taken

    def directory(self, at: int, pointers: tuple[int, ...] = _POINTERS) -> Directory:
        """Raises struct.error where there is none."""
        layout = self.layout
        found: Directory = {}
        first = at + struct.calcsize(layout.order + layout.count)
        entry = struct.Struct(layout.order + layout.entry)
        for index in range(min(layout.number(layout.count, self.content, at), _MAX_TAGS)):
            position = first + index * entry.size
            if position + entry.size > len(self.content):
                break
            tag, kind, count, inline = entry.unpack_from(self.content, position)
            value = self._value(kind, count, inline)
            if value is None or tag in found:
                continue
            if tag not in _POINTERS:
                found[tag] = Field(kind, value)
            elif tag in pointers:
                inner = self._pointed(inline, tuple(one for one in pointers if one != tag))
                found.update({tag: inner} if inner else {})
        return found

    def _pointed(self, inline: bytes, pointers: tuple[int, ...]) -> Directory:
        # Each pointer is followed once on the way down, so that no loop has a way round.
        try:
            return self.directory(self.layout.number(self.layout.link, inline), pointers)
        except (struct.error, OverflowError):
            return {}

    def _value(self, kind: int, count: int, inline: bytes) -> bytes | None:
        size = _SIZES.get(kind, 0) * count
        if not 0 < size <= min(self.most, self.left[0]):
            return None
        start = 0 if size <= len(inline) else self.layout.number(self.layout.link, inline)
        value = (inline if size <= len(inline) else self.content)[start : start + size]
        if len(value) < size:
            return None
        self.left[0] -= size
        return value


def written(block: Block, at: int = 8) -> bytes:
    """The directories as they stand at a place in a file; at 8, with the header of a file of their own before them."""
    mark = b"II*\0" if block.order == "<" else b"MM\0*"
    header = mark + struct.pack(block.order + "I", at) if at == 8 else b""
    return header + _written(block.order, block.root, at)


def _written(order: str, directory: Directory, at: int) -> bytes:
    entries: list[bytes] = []
    values = bytearray()
    behind = at + 2 + 12 * len(directory) + _LONG
    for tag, field in sorted(directory.items()):
        place = behind + len(values)
        if isinstance(field, dict):
            values += _written(order, field, place)
            entries.append(struct.pack(order + "HHII", tag, 4, 1, place))
            continue
        count, value = len(field.value) // _SIZES[field.kind], field.value
        if len(value) > _LONG:
            values += value + b"\0" * (len(value) % 2)
            value = struct.pack(order + "I", place)
        entries.append(struct.pack(order + "HHI4s", tag, field.kind, count, value))
    return struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(_LONG) + values


def _turned(directory: Directory) -> Directory:
    return {
        tag: _turned(field) if isinstance(field, dict) else evolve(field, value=_in_other_order(field))
        for tag, field in directory.items()
    }


def _in_other_order(field: Field) -> bytes:
    size = _TURNED.get(field.kind, 1)
    return b"".join(field.value[at : at + size][::-1] for at in range(0, len(field.value), size))


def text_of(directory: Directory, tag: int) -> bytes:
    """Without the NUL and the blanks at its end; empty where there is none."""
    field = directory.get(tag)
    return field.value.rstrip(b"\0 ") if isinstance(field, Field) and field.kind in (1, 2, 7, 129) else b""
