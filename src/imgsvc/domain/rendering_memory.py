"""What memory a rendering takes: the least that it cannot do without, and the most that it takes.

In bytes a pixel, by how far the addresses of a child grew on Linux, which is what its limit counts (RLIMIT_AS): on
libvips and on Pillow, with photographs and flat grey of 12, 24 and 48 megapixels, opaque and with alpha. A JPEG of 48
megapixels in its own size took 380 MiB as JPEG, 560 as a progressive one, 690 as PNG or WebP, 490 as GIF, 540 as TIFF,
and 1690 as AVIF; a PNG with alpha 780 as JPEG or GIF, 830 as PNG, 620 as TIFF, 1370 as WebP, and 1820 as AVIF. What is
said to be the most has some room above that, for pictures that are harder to pack; the least lies below flat grey.
"""

from imgsvc.domain.cost import Work
from imgsvc.domain.geometry import Size
from imgsvc.domain.operations import Pad, Resize, Rotate, Round, Trim
from imgsvc.domain.output import Format, Output
from imgsvc.domain.reach import UPRIGHT, Placement, Reach, jpeg_scale

_MIB = 2**20
_LEAST_CHILD, _CHILD = 48 * _MIB, 80 * _MIB  # before it has any picture: 65 on Pillow, 75 on libvips
_AT_ANY_SIZE = 48 * _MIB  # libvips writes a PNG with some threads, whose stacks are 8 each
_PIXEL = 4  # of a picture in colour, as Pillow holds it; LA too

# Of the file's pixels: while they are read, and as long as the file is open, since its reader keeps them too. A WebP
# is kept by its decoder as well. Libvips has them as bytes besides, to make them smaller. HEIC was not measured.
_READ = {"image/jpeg": 12, "image/webp": 19, "image/avif": 15, "image/heic": 20, "image/heif": 20}
_KEPT = {"image/webp": 13, "image/avif": 8, "image/heic": 10, "image/heif": 10}
_READ_ELSE, _KEPT_ELSE = 14, 5
_PROGRESSIVE_JPEG = 6  # of its coefficients, at whatever scale it is decoded: 3 at 4:2:0, 6 at 4:4:4
# Tints need most: 13 and 22.
_STEP, _STEP_WITH_ALPHA = 14, 23

# Of the result's pixels, beside the picture itself: opaque, and with alpha.
_ENCODED = {
    Format.JPEG: (1, 10),
    Format.PNG: (12, 15),
    Format.WEBP: (10, 24),
    Format.AVIF: (32, 36),
    Format.GIF: (5, 11),
    Format.TIFF: (8, 9),
}
_ENCODED_LOSSLESS = {Format.WEBP: (40, 44), Format.AVIF: (52, 56)}
_PROGRESSIVE = 5

# What even flat grey takes: 16 to read a WebP and 9 an AVIF; with the picture itself 33.8 as AVIF, 50 without loss, 11
# as WebP, and 18 without loss, where a photograph takes 39. All others may take next to nothing.
_LEAST_READ = {"image/webp": 14, "image/avif": 8}
_LEAST_ENCODED = {Format.AVIF: 32, Format.WEBP: 10}
_LEAST_ENCODED_LOSSLESS = {Format.AVIF: 48, Format.WEBP: 16}


def least_memory(work: Work) -> int:
    """In bytes, with the process that does it: whatever the pixels are, it cannot be done with less."""
    is_still = work.facts.frames == 1
    read = _LEAST_READ.get(work.facts.media_type, 0) * work.facts.stored_size.pixels if is_still else 0
    is_known = not any(isinstance(step, Trim) for step in work.steps)
    written = least_to_encode(work.format, work.output, work.sizes[-1], work.frames) if is_known else 0
    return max(_LEAST_CHILD + read, written)


def least_to_encode(format: Format, output: Output, size: Size, frames: int) -> int:
    """The same for the result alone."""
    known = _LEAST_ENCODED_LOSSLESS if output.lossless else _LEAST_ENCODED
    return _LEAST_CHILD + (known.get(format, 0) * size.pixels if frames == 1 else 0)


def most_memory(work: Work) -> int:
    """The same for pictures of 8 bits a channel that need most; the file itself is not counted."""
    reach, result = Reach.of(work.steps, work.sizes[0]), work.sizes[-1].pixels
    decoded = _decoded(work, reach)
    kept = _KEPT.get(work.facts.media_type, _KEPT_ELSE) * decoded
    largest = max(size.pixels for size in work.sizes[len(work.steps) - len(reach.rest) :])
    taken = max(_read(work, decoded), kept + largest * _step(work), kept + result * (_PIXEL + _encoded(work)))
    taken += result * (work.frames - 1) * _PIXEL
    taken += max((one.stored_size.pixels for one in work.overlays), default=0) * 2 * _PIXEL
    return _CHILD + _AT_ANY_SIZE + taken


def _decoded(work: Work, reach: Reach) -> int:
    """How many pixels of the file: a JPEG that becomes smaller is decoded at a fraction of its size."""
    stored = work.facts.stored_size
    if work.facts.media_type != "image/jpeg":
        return stored.pixels
    turn = work.facts.orientation if work.is_upright else UPRIGHT
    return stored.pixels // jpeg_scale(stored, Placement.of(reach, work.sizes[0], turn)) ** 2


def _read(work: Work, decoded: int) -> int:
    media_type = work.facts.media_type
    pixels = _READ.get(media_type, _READ_ELSE) * decoded
    if media_type != "image/jpeg":
        return pixels
    return max(pixels, _PIXEL * decoded + _PROGRESSIVE_JPEG * work.facts.stored_size.pixels)


def _has_alpha(work: Work) -> bool:
    """Whether the picture may have any, at some step."""
    return work.facts.has_alpha or any(isinstance(step, Pad | Resize | Rotate | Round) for step in work.steps)


def _step(work: Work) -> int:
    if not work.steps:
        return _PIXEL
    return _STEP_WITH_ALPHA if _has_alpha(work) else _STEP


def _encoded(work: Work) -> int:
    known = {**_ENCODED, **_ENCODED_LOSSLESS} if work.output.lossless else _ENCODED
    return known[work.format][_has_alpha(work)] + work.output.progressive * _PROGRESSIVE
