"""What a file says besides its pixels: EXIF, XMP and IPTC, wherever its format keeps them."""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from attrs import frozen

from imgsvc.adapters.imaging.metadata import boxes, tiff

# As much of one kind as is read. A JPEG holds no more of it in one part, and honest files rarely more.
MOST = 65_500  # bytes
_MOST_IN_ALL = 2**20  # bytes of all fields of a TIFF
_MAX_PARTS = 10_000  # of a file

_EXIF, _XMP, _IPTC = "exif", "xmp", "iptc"
Part: TypeAlias = tuple[str, bytes]

_JPEG_EXIF, _JPEG_XMP, _JPEG_IPTC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"
_JPEG_SCAN, _JPEG_END, _JPEG_FILLS = 0xDA, 0xD9, (0x01, 0xFF, *range(0xD0, 0xD9))
_PNG_XMP = b"XML:com.adobe.xmp\0"
_GIF_XMP, _GIF_XMP_END = b"!\xff\x0bXMP DataXMP", b"\x01\xff\xfe\xfd"
_TIFF_XMP, _TIFF_IPTC = 700, 33723
_IPTC_RESOURCE = 0x0404  # of Photoshop's


@frozen
class Embedded:
    """EXIF as the fields that can be read, XMP and IPTC (IIM) as the bytes that they are."""

    exif: tiff.Block | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None


def embedded_in(content: bytes, media_type: str) -> Embedded:
    """The first of each kind; what is broken, or too much, is as if it were not there. Never raises."""
    if media_type == "image/tiff":
        return _in_tiff(content)
    parts_of = _PARTS.get(media_type)
    found: dict[str, bytes] = {}
    try:
        for kind, part in parts_of(content) if parts_of else ():
            found.setdefault(kind, part)
    except (struct.error, OverflowError, zlib.error):
        pass  # what was found before is as good as any
    exif = found.get(_EXIF, b"").removeprefix(_JPEG_EXIF)
    return Embedded(tiff.parsed(exif, MOST, _MOST_IN_ALL), _short(found.get(_XMP)), found.get(_IPTC))


def _short(part: bytes | None) -> bytes | None:
    return part if part is not None and len(part) <= MOST else None


def _in_tiff(content: bytes) -> Embedded:
    block = tiff.parsed(content, MOST, _MOST_IN_ALL)
    root = block.root if block is not None else {}
    xmp, iptc = root.get(_TIFF_XMP), root.get(_TIFF_IPTC)
    return Embedded(
        block,
        xmp.value if isinstance(xmp, tiff.Field) else None,
        iptc.value if isinstance(iptc, tiff.Field) else None,
    )


def _in_jpeg(content: bytes) -> Iterator[Part]:
    position = 2
    for _ in range(_MAX_PARTS):
        if content[position : position + 1] != b"\xff" or position + 4 > len(content):
            return
        marker, length = struct.unpack_from(">BH", content, position + 1)
        if marker in (_JPEG_SCAN, _JPEG_END):
            return
        if marker in _JPEG_FILLS:
            position += 1 if marker == 0xFF else 2
            continue
        segment = content[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == 0xE1 and segment.startswith(_JPEG_EXIF):
            yield _EXIF, segment
        elif marker == 0xE1 and segment.startswith(_JPEG_XMP):
            yield _XMP, segment.removeprefix(_JPEG_XMP)
        elif marker == 0xED and segment.startswith(_JPEG_IPTC):
            yield from _in_resources(segment.removeprefix(_JPEG_IPTC))


def _in_resources(content: bytes) -> Iterator[Part]:
    """Photoshop's resources: each has a number, a name of even length with its own, and bytes, padded to even too."""
    position = 0
    while content[position : position + 4] == b"8BIM" and position + 7 <= len(content):
        number, name = struct.unpack_from(">HB", content, position + 4)
        position += 6 + (name + 2) // 2 * 2
        (length,) = struct.unpack_from(">I", content, position)
        if number == _IPTC_RESOURCE:
            yield _IPTC, content[position + 4 : position + 4 + length]
        position += 4 + length + length % 2


def _in_png(content: bytes) -> Iterator[Part]:
    position = 8
    while position + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        if name == b"eXIf":
            yield _EXIF, content[position + 8 : position + 8 + length]
        elif name == b"iTXt" and content.startswith(_PNG_XMP, position + 8):
            yield _XMP, _text(content[position + 8 + len(_PNG_XMP) : position + 8 + length])
        position += 12 + length


def _text(chunk: bytes) -> bytes:
    """Of an iTXt chunk, behind its keyword: two bytes on compression, a language, a translation, the text."""
    text = chunk[2:].split(b"\0", 2)[-1]
    return zlib.decompressobj().decompress(text, MOST + 1) if chunk[:1] == b"\1" else text


def _in_webp(content: bytes) -> Iterator[Part]:
    position = 12
    while position + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, position)
        if name in (b"EXIF", b"XMP "):
            yield _EXIF if name == b"EXIF" else _XMP, content[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def _in_gif(content: bytes) -> Iterator[Part]:
    start = content.find(_GIF_XMP)
    end = content.find(_GIF_XMP_END, start)
    if 0 <= start < end:
        yield _XMP, content[start + len(_GIF_XMP) : end]


def _in_items(content: bytes) -> Iterator[Part]:
    for item in boxes.items(content):
        if item.kind == b"Exif":
            # How many bytes lie before the TIFF's header is told in the first four.
            yield _EXIF, item.content[4 + int.from_bytes(item.content[:4], "big") :]
        elif item.kind == b"mime" and item.media_type == b"application/rdf+xml":
            yield _XMP, item.content


_PARTS: dict[str, Callable[[bytes], Iterator[Part]]] = {
    "image/jpeg": _in_jpeg,
    "image/png": _in_png,
    "image/webp": _in_webp,
    "image/gif": _in_gif,
    "image/avif": _in_items,
    "image/heic": _in_items,
}
