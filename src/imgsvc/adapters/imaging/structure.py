"""What a file's structure tells before a decoder sees it, and files that are built to keep a decoder busy.

The limits are far beyond what any program writes. Without them 25 MB of empty parts cost minutes, or gigabytes.
"""

import re
import struct
from collections.abc import Iterator
from itertools import islice

from attrs import frozen

from imgsvc.domain.errors import CorruptImage
from imgsvc.domain.geometry import Box, Size

_MAX_SCANS = 64  # of a JPEG: each goes over all of its pixels
_MAX_SEGMENTS = 4096  # of a JPEG
_MAX_CHUNKS, _MAX_PIXEL_CHUNKS = 1000, 100_000  # of a PNG
_MAX_BLOCKS = 10_000  # of a GIF, beside those of its frames' pixels
_MAX_PARTS = 10_000  # of a WebP
_MAX_STRIPS, _MAX_TAGS = 2**17, 2**16  # of a TIFF's page
_MAX_RUNS = 2**22  # bytes of a run-length encoded BMP
_MAX_JUNK = 2**16  # bytes that belong to nothing

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_START, _JPEG_SCAN, _JPEG_END = 0xD8, 0xDA, 0xD9
_PNG_PIXELS = (b"IDAT", b"fdAT", b"fcTL")
_PNG_END = b"IEND"
_ITEM_SIZE = re.compile(rb"ispe\0\0\0\0(.{8})", re.DOTALL)
_ITEM_SIZES_WITHIN = 2**20  # bytes; headers come first
_BMP_RUNS = (b"\1", b"\2")
_TIFF_STRIPS = (273, 324)  # the tags StripOffsets and TileOffsets


@frozen
class Outline:
    """``size`` where decoders take memory for it on opening; ``frames`` where no header counts them."""

    size: Size | None = None
    frames: int | None = None


def outlined(media_type: str, content: bytes, most_frames: int) -> Outline:
    """Stops counting frames at one more than ``most_frames``. Raises CorruptImage for a file of too many parts."""
    match media_type:
        case "image/jpeg":
            _check_jpeg(content)
        case "image/png":
            _check_png(content)
        case "image/gif":
            return Outline(_gif_size(content), sum(1 for _ in islice(_gif_frames(content), most_frames + 1)))
        case "image/tiff":
            return Outline(frames=sum(1 for _ in islice(_tiff_pages(content), most_frames + 1)))
        case "image/bmp":
            # Pillow unpacks these in Python, a few bytes at a time.
            _refuse_if(content[30:31] in _BMP_RUNS and len(content) > _MAX_RUNS)
        case "image/webp":
            _check_webp(content)
            return Outline(_webp_canvas(content))
        case "image/avif":
            return Outline(_largest_item(content))
        case "image/heic":
            # Further pictures are the rest of a burst, and no frames.
            return Outline(_largest_item(content), frames=1)
    return Outline()


def _refuse_if(too_many: bool) -> None:
    if too_many:
        raise CorruptImage("the picture's file is made of too many parts")


def _check_jpeg(content: bytes) -> None:
    position, segments, scans, junk = 2, 0, 0, 0
    while (found := _JPEG_MARKER.search(content, position)) and content[found.end() - 1] != _JPEG_END:
        marker, segments = content[found.end() - 1], segments + 1
        if scans == 0:
            junk += found.start() - position
        scans += marker == _JPEG_SCAN
        _refuse_if(segments > _MAX_SEGMENTS or scans > _MAX_SCANS or junk > _MAX_JUNK)
        position = found.end()
        if marker != _JPEG_START:
            position += int.from_bytes(content[position : position + 2], "big")


def _check_png(content: bytes) -> None:
    position, chunks, pixel_chunks = 8, 0, 0
    while position + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        is_for_pixels = name in _PNG_PIXELS
        chunks, pixel_chunks = chunks + (not is_for_pixels), pixel_chunks + is_for_pixels
        _refuse_if(chunks > _MAX_CHUNKS or pixel_chunks > _MAX_PIXEL_CHUNKS)
        if name == _PNG_END:
            return  # no decoder looks behind it
        position += 12 + length


def _gif_size(content: bytes) -> Size | None:
    """The screen, enlarged by a first frame that reaches beyond it."""
    first = next(_gif_frames(content), None)
    if first is None:
        return None
    width, height = struct.unpack_from("<HH", content, 6)
    return Size(max(width, first.right), max(height, first.bottom))


def _gif_frames(content: bytes) -> Iterator[Box]:
    if len(content) < 13:
        return
    position, blocks, junk = 13 + _color_table(content[10]), 0, 0
    while position < len(content):
        match content[position]:
            case 0x2C if position + 10 <= len(content):
                *box, flags = struct.unpack_from("<HHHHB", content, position + 1)
                yield Box(*box)
                position, _ = _after_blocks(content, position + 11 + _color_table(flags))
            case 0x21:
                position, found = _after_blocks(content, position + 2)
                blocks += 1 + found
            case 0x3B:
                return
            case _:
                position, junk = position + 1, junk + 1
        _refuse_if(blocks > _MAX_BLOCKS or junk > _MAX_JUNK)


def _color_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(content: bytes, position: int) -> tuple[int, int]:
    """Where a row of blocks ends, and how many there were."""
    end, blocks = len(content), 0
    while position < end and content[position]:
        position, blocks = position + 1 + content[position], blocks + 1
    return position + 1, blocks


def _check_webp(content: bytes) -> None:
    position, parts = 12, 0
    while position + 8 <= len(content):
        (length,) = struct.unpack_from("<I", content, position + 4)
        position, parts = position + 8 + length + length % 2, parts + 1
        _refuse_if(parts > _MAX_PARTS)


def _webp_canvas(content: bytes) -> Size | None:
    if content[12:16] != b"VP8X" or len(content) < 30:
        return None  # without a canvas a picture has 16383 pixels a side at most
    return Size(1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little"))


def _largest_item(content: bytes) -> Size | None:
    """Of the pictures in an ISO base media file, each of which may be a part of the one that is meant."""
    sizes = (Size(*struct.unpack(">II", one[1])) for one in _ITEM_SIZE.finditer(content, 0, _ITEM_SIZES_WITHIN))
    return max(sizes, key=lambda size: size.pixels, default=None)


def _tiff_pages(content: bytes) -> Iterator[int]:
    """Where each page of the chain begins; a chain that is broken or bites its tail ends there."""
    order = "<" if content[:2] == b"II" else ">"
    is_big = content[2:4] in (b"+\0", b"\0+")
    count_of, entry, link = (order + one for one in (("Q", "HHQ8x", "Q") if is_big else ("H", "HHI4x", "I")))
    seen: set[int] = set()
    try:
        (page,) = struct.unpack_from(link, content, 8 if is_big else 4)
        while page and page not in seen:
            (tags,) = struct.unpack_from(count_of, content, page)
            _refuse_if(tags > _MAX_TAGS)
            first = page + struct.calcsize(count_of)
            last = first + tags * struct.calcsize(entry)
            if not seen:
                _check_strips(entry, content[first:last])
            seen.add(page)
            yield page
            (page,) = struct.unpack_from(link, content, last)
    except (struct.error, OverflowError):
        return


def _check_strips(entry: str, table: bytes) -> None:
    for tag, _, count in struct.iter_unpack(entry, table):
        _refuse_if(tag in _TIFF_STRIPS and count > _MAX_STRIPS)
