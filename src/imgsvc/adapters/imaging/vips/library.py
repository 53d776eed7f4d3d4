"""libvips as this service uses it: one thread a picture, nothing kept between calls, nothing opened by itself."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pyvips
from PIL import Image

from imgsvc.adapters.imaging.pillow.picture import has_alpha, premultiplied

# pyvips has no types; what it gives is looked into nowhere but in this package.
Picture: TypeAlias = Any
Pixels: TypeAlias = Any  # bytes, or something that can be read as them

Failure: type[Exception] = pyvips.Error

VERSION = ".".join(str(pyvips.version(part)) for part in range(3))

# It would tell of every operation, and of each oddity of a file.
logging.getLogger("pyvips").setLevel(logging.ERROR)

# Readers that their authors do not trust; we call those that we want by name, so it is a second lock.
pyvips.block_untrusted_set(True)
# The service has slots of its own, and what is kept between calls would be pictures of other people.
pyvips.concurrency_set(1)
pyvips.cache_set_max(0)

_LACK_OF_MEMORY = ("out of memory", "Error creating thread")  # which has nowhere to put its stack
PIXELS_AT_ONCE = 2**16  # what is worked on together should fit in a core's cache


def from_memory(pixels: Pixels, width: int, height: int, bands: int) -> Picture:
    """The bytes as a picture, without a copy."""
    return pyvips.Image.new_from_memory(pixels, width, height, bands, "uchar")


def from_pillow(picture: Image.Image) -> Picture:
    return from_memory(picture.tobytes(), picture.width, picture.height, len(picture.getbands()))


def weighted(picture: Image.Image) -> tuple[Picture, str]:
    """With its colours multiplied by alpha, and what the bands then are; some rows at a time, to hold one copy only."""
    if not has_alpha(picture):
        return from_pillow(picture), picture.mode
    width, height, mode = picture.width, picture.height, picture.mode
    lines, row = max(8, PIXELS_AT_ONCE // width), width * len(mode)
    pixels = bytearray(row * height)
    for top in range(0, height, lines):
        bottom = min(top + lines, height)
        pixels[top * row : bottom * row] = premultiplied(picture.crop((0, top, width, bottom))).tobytes()
    return from_memory(pixels, width, height, len(mode)), mode[:-1] + "a"


def to_pillow(picture: Picture, mode: str, lines: int | None = None) -> Image.Image:
    """Does the work, as ``pixels_of`` does; ``mode`` says what the bands mean."""
    return from_bytes(pixels_of(picture, lines=lines), picture.width, mode)


def from_bytes(pixels: Pixels, width: int, mode: str) -> Image.Image:
    height = len(pixels) // (width * len(mode))
    return Image.frombuffer(mode, (width, height), pixels, "raw", mode, 0, 1)


def pixels_of(
    picture: Picture, change: Callable[[Pixels], Pixels] | None = None, *, lines: int | None = None
) -> bytearray:
    """Do the work, some ``lines`` at a time, for each of which ``change`` may have other bytes.

    On this thread: libvips' own ways to do so start others, which take longer to wake up than small pictures to make,
    and which nothing would confine that is not confined yet.
    """
    region, width, whole = pyvips.Region.new(picture), picture.width, picture.height
    lines, row = lines or max(8, PIXELS_AT_ONCE // width), width * picture.bands
    pixels = bytearray(row * whole)
    for top in range(0, whole, lines):
        height = min(lines, whole - top)
        rows = region.fetch(0, top, width, height)
        pixels[top * row : (top + height) * row] = rows if change is None else change(rows)
    return pixels


def read_png(content: bytes) -> Picture:
    """Its rows, to be had once and from the top; raises ``Failure`` only then where they are damaged."""
    return pyvips.Image.pngload_buffer(content, access="sequential", fail_on="error")


def png_of(picture: Picture, *, level: int, filter: str, interlaced: bool = False) -> bytes:
    """``filter`` is what a row is told as: "none" for itself, else how it differs from its neighbours."""
    colors = picture.copy(interpretation="b-w" if picture.bands < 3 else "srgb")
    content: bytes = colors.pngsave_buffer(compression=level, filter=filter, interlace=interlaced, keep="none")
    return content


@contextmanager
def lack_of_memory_told() -> Iterator[None]:
    """Raises MemoryError where libvips says that it has none."""
    try:
        yield
    except pyvips.Error as error:
        if any(words in str(error) for words in _LACK_OF_MEMORY):
            raise MemoryError(str(error)) from error
        raise


def cropped(picture: Picture, left: int, top: int, width: int, height: int) -> Picture:
    if (left, top, width, height) == (0, 0, picture.width, picture.height):
        return picture
    return picture.crop(left, top, width, height)
