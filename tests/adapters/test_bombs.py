"""Small files that say they are large, or become so: refused soon, and the process of the service does not feel it."""

import os
import struct
import time
import zlib
from contextlib import suppress
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest

from imgsvc.adapters.imaging import open_engine_in_children
from imgsvc.domain.errors import CorruptImage, ImageTooLarge, InvalidInput, TooManyFrames
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.pictures import (
    encoded,
    gif_claiming,
    png_chunk,
    png_claiming,
    quadrants,
    webp_claiming,
    with_png_chunk,
)

SPEC = parse("rs:inside:16:16,f:png")
SECONDS = 3.0
GIBIBYTE, MEBIBYTE = 2**30, 2**20
ENGINES = ["pillow", "vips"]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    seconds = timedelta(seconds=30)
    with open_engine_in_children(request.param, Limits(), slots=1, deadline=seconds, memory=GIBIBYTE) as engine:
        engine.render(BytesIO(encoded(quadrants())), SPEC)
        yield engine


@cache
def deflated_zeros(mebibytes: int) -> bytes:
    """So many mebibytes, in a thousandth of that."""
    compressor = zlib.compressobj(9)
    head = compressor.compress(bytes(MEBIBYTE)) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(bytes(MEBIBYTE)) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = (mebibytes * MEBIBYTE % 65521) << 16 | 1
    return head + block * (mebibytes - 1) + b"\3\0" + struct.pack(">I", checksum)


def png_inflating_to(mebibytes: int, width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", deflated_zeros(mebibytes)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def jpeg_claiming(width: int, height: int) -> bytes:
    content = encoded(quadrants(), "jpeg")
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def bmp_claiming(width: int, height: int) -> bytes:
    content = encoded(quadrants(), "bmp")
    return content[:18] + struct.pack("<ii", width, height) + content[26:]


def avif_claiming(width: int, height: int, content: bytes | None = None) -> bytes:
    content = content or encoded(quadrants(), "avif")
    at = content.index(b"ispe") + 8
    return content[:at] + struct.pack(">II", width, height) + content[at + 8 :]


def avif_grid_of(rows: int, columns: int, width: int, height: int) -> bytes:
    """An AVIF whose picture becomes a grid of so many others, which it does not have."""
    content = encoded(quadrants(), "avif").replace(b"av01Color", b"gridColor")
    media = content.index(b"mdat") + 4
    grid = bytes([0, 0, rows - 1, columns - 1]) + struct.pack(">HH", width, height)
    return avif_claiming(width, height, content[:media] + grid + content[media + len(grid) :])


def tiff(tags: dict[int, int], pixels: bytes = b"") -> bytes:
    """One page of numbers, with its pixels, if any, where the tags 273 and 324 say: at byte 8."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    page = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + page


def tiff_claiming(width: int, height: int, **more: int) -> bytes:
    names = {"compression": 259, "samples": 277, "rows": 278, "tile_width": 322, "tile_height": 323, "tile": 324}
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: 1, 273: 8, 278: height, 279: 100}
    if "tile" in more:
        tags = {tag: value for tag, value in tags.items() if tag not in (273, 278, 279)} | {325: 100}
    return tiff(tags | {names[name]: value for name, value in more.items()}, deflated_zeros(1)[:100])


TOO_LARGE = {
    "png": png_claiming(60000, 60000),
    "jpeg": jpeg_claiming(65000, 65000),
    "bmp": bmp_claiming(60000, 60000),
    "bmp-upside-down": bmp_claiming(60000, -60000),
    "gif": gif_claiming(60000, 60000),
    "webp": webp_claiming(60000, 60000),
    "avif": avif_claiming(60000, 60000),
    "avif-grid": avif_grid_of(256, 256, 60000, 60000),
    "tiff": tiff_claiming(60000, 60000),
    "tiff-deflate": tiff_claiming(60000, 60000, compression=8),
    "tiff-tiles": tiff_claiming(60000, 60000, compression=8, tile_width=60000, tile_height=60000, tile=8),
    "frames": gif_claiming(5000, 5000)[:-1] + gif_claiming(5000, 5000)[19:-1] * 50 + b";",
}


@pytest.mark.parametrize("content", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_says_that_it_is_large_is_refused_by_its_header(engine, content):
    before, began = resident_bytes(), time.monotonic()

    with pytest.raises(ImageTooLarge):
        engine.measure(BytesIO(content))
    with pytest.raises(ImageTooLarge):
        engine.render(BytesIO(content), SPEC)

    assert time.monotonic() - began < 1
    assert resident_bytes() - before < 10 * MEBIBYTE


def test_frames_without_end_are_refused(engine):
    frame = gif_claiming(10, 10)[19:-1]

    with pytest.raises(TooManyFrames):
        engine.measure(BytesIO(gif_claiming(10, 10)[:-1] + frame * 100_000 + b";"))


BECOMES_LARGE = {
    "png-profile": with_png_chunk(encoded(quadrants()), b"iCCP", b"a\0\0" + deflated_zeros(1024)),
    "png-text": with_png_chunk(encoded(quadrants()), b"zTXt", b"a\0\0" + deflated_zeros(1024)),
    "png-international-text": with_png_chunk(encoded(quadrants()), b"iTXt", b"a\0\1\0\0\0" + deflated_zeros(1024)),
    "png-texts": with_png_chunk(encoded(quadrants()), b"", b"")[:33]
    + b"".join(png_chunk(b"zTXt", b"k%d\0\0" % number + deflated_zeros(1)) for number in range(900))
    + encoded(quadrants())[33:],
    "tiff-tile-over-a-small-picture": tiff_claiming(10, 10, compression=8, tile_width=65520, tile_height=65520, tile=8),
    "tiff-strip-of-a-long-picture": tiff_claiming(3000, 16000, compression=8, rows=2**31 - 1),
    "tiff-samples": tiff_claiming(4000, 4000, compression=8, samples=65535),
    "jpeg-in-part": jpeg_claiming(7000, 7000),
}


@pytest.mark.parametrize("content", BECOMES_LARGE.values(), ids=BECOMES_LARGE)
def test_what_becomes_large_is_refused_and_costs_the_service_nothing(engine, content):
    before, began = resident_bytes(), time.monotonic()

    with pytest.raises(CorruptImage):
        engine.measure(BytesIO(content))
    with suppress(InvalidInput):  # a picture that is grey where it has no pixels will do
        engine.render(BytesIO(content), SPEC)

    assert time.monotonic() - began < SECONDS
    assert resident_bytes() - before < 10 * MEBIBYTE


@pytest.mark.parametrize("content", [png_inflating_to(1024, 10, 10)], ids=["png"])
def test_pixels_behind_the_last_are_never_inflated(engine, content):
    before, began = resident_bytes(), time.monotonic()

    assert engine.measure(BytesIO(content)).stored_size.width == 10
    assert time.monotonic() - began < 1
    assert resident_bytes() - before < 10 * MEBIBYTE


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
