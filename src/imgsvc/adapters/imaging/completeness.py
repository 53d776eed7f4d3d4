"""Whether a file holds all the pixels that its header promises; decoders fill up what is missing, without a word."""

import struct
import zlib
from collections.abc import Iterator

from attrs import field, frozen

from imgsvc.domain.errors import CorruptImage
from imgsvc.domain.geometry import Size

try:
    import simplejpeg
except ImportError:  # there are no wheels of it for this machine: what libjpeg alone says must do
    simplejpeg = None

_PIECE = 2**18  # bytes, inflated at once
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of the colour types of a PNG
# Of the passes of an interlaced PNG: the first column and the step to the next, the first row and the step.
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
_IN_ONE = ((0, 1, 0, 1),)


def is_whole_jpeg(content: bytes) -> bool:
    """Whether every pixel was decoded and all is well; False where nobody knows. Raises CorruptImage for missing ones.

    Other oddities are for a decoder to judge: browsers show pictures with stray bytes between their parts.
    """
    if simplejpeg is None:
        return False
    try:
        # All bytes are read at any scale; few pixels are faster.
        simplejpeg.decode_jpeg(content, "GRAY", fastdct=True, min_width=1, min_height=1, min_factor=1, strict=True)
    except ValueError as error:
        if "premature end" in str(error).lower():
            raise CorruptImage("the picture's file ends before its pixels do") from error
        return False
    return True


def check_png(content: bytes) -> None:
    """Inflate the pixels of every frame, to count them. Raises CorruptImage."""
    for pixels in _png_frames(content):
        if not pixels.is_complete():
            raise CorruptImage("the picture's file ends before its pixels do")


@frozen
class _Pixels:
    """Of a frame of a PNG: the parts of its deflated rows, and how many bytes these must come to."""

    byte_count: int
    parts: list[memoryview] = field(factory=list)

    def is_complete(self) -> bool:
        inflater, missing = zlib.decompressobj(), self.byte_count
        try:
            for piece in self._pieces():
                while len(piece) > 0 and missing > 0 and not inflater.eof:
                    missing -= len(inflater.decompress(piece, min(missing, _PIECE)))
                    piece = inflater.unconsumed_tail
        except zlib.error:
            return False
        return missing == 0

    def _pieces(self) -> Iterator[bytes | memoryview]:
        # What is left of one is copied each time.
        for part in self.parts:
            for start in range(0, len(part), _PIECE // 4):
                yield part[start : start + _PIECE // 4]


def _png_frames(content: bytes) -> Iterator[_Pixels]:
    """The picture, and what further frames there are."""
    header = content[16:29]
    pixels = _Pixels(_png_bytes(header, *struct.unpack_from(">II", header)))
    for name, body in _png_chunks(content):
        match name:
            case b"IDAT":
                pixels.parts.append(body)
            case b"fcTL" if pixels.parts:  # the first belongs to the picture itself, or follows it
                yield pixels
                pixels = _Pixels(_png_bytes(header, *struct.unpack_from(">II", body, 4)))
            case b"fdAT":
                pixels.parts.append(body[4:])
    yield pixels


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    position, view = 8, memoryview(content)
    while position + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        yield name, view[position + 8 : position + 8 + length]
        if name == b"IEND":
            return
        position += 12 + length


def _png_bytes(header: bytes, width: int, height: int) -> int:
    depth, color_type, _, _, interlace = header[8:13]
    bits = depth * _CHANNELS.get(color_type, 0)
    return sum(
        passed.height * (1 + (passed.width * bits + 7) // 8)
        for passed in _passes(Size(width, height), is_interlaced=interlace == 1)
    )


def _passes(size: Size, *, is_interlaced: bool) -> Iterator[Size]:
    for left, across, top, down in _PASSES if is_interlaced else _IN_ONE:
        width, height = -(-(size.width - left) // across), -(-(size.height - top) // down)
        if width > 0 and height > 0:
            yield Size(width, height)
