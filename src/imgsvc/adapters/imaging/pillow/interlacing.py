"""Interlaced PNG, which Pillow reads but does not write: seven small pictures, in one stream of rows."""

import struct
import zlib
from io import BytesIO

from PIL import Image

from imgsvc.adapters.imaging.pillow.picture import Picture

_COLOR_TYPES = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}
# Of each pass: the first column and the step to the next, the first row and the step.
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def interlaced(picture: Picture, level: int) -> bytes:
    """A whole file, with rows deflated at a level of 0-9."""
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, _COLOR_TYPES[picture.mode], 0, 0, 1)
    rows = b"".join(_rows(_passed(picture, *one)) for one in _PASSES)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, level)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, body) for name, body in chunks)


def _passed(picture: Picture, left: int, across: int, top: int, down: int) -> Picture | None:
    """Every so many pixels of the picture; None where there are none."""
    width, height = -(-(picture.width - left) // across), -(-(picture.height - top) // down)
    if width < 1 or height < 1:
        return None
    # The middle of a pixel is half a step from its edge, which is not where the wanted one lies.
    matrix = (across, 0, left + 0.5 - across / 2, 0, down, top + 0.5 - down / 2)
    return picture.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


def _rows(part: Picture | None) -> bytes:
    """As they stand in a file of their own, each with its filter."""
    if part is None:
        return b""
    stream = BytesIO()
    part.save(stream, "PNG", compress_level=1)
    content, position, pixels = stream.getvalue(), len(_SIGNATURE), b""
    while position < len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        if name == b"IDAT":
            pixels += content[position + 8 : position + 8 + length]
        position += 12 + length
    return zlib.decompress(pixels)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
