"""What is taken in: accepted means that every pixel is there, in every frame."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from imgsvc.adapters.imaging import completeness, open_engine
from imgsvc.domain.errors import CorruptImage, ImageTooLarge
from imgsvc.domain.limits import Limits
from tests.contracts.engines import engine  # noqa: F401
from tests.pictures import animated, encoded, half_clear, png_chunk, quadrants, textured

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

END_OF_JPEG = b"\xff\xd9"
MODES = [("1", 1, 0), ("L", 8, 0), ("P", 8, 3), ("LA", 8, 4), ("RGB", 8, 2), ("RGBA", 8, 6), ("I;16", 16, 0)]


def measured(engine, content):
    return engine.measure(BytesIO(content))


def scan_of(content):
    """Where the last scan's pixels begin."""
    return content.rindex(b"\xff\xda") + 14


@pytest.mark.parametrize("part", [0.01, 0.5, 0.95])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_that_was_cut_and_closed_again_is_refused(engine, mode, options, part):
    red, green, blue = textured(160, 120).split()
    picture = Image.merge(mode, {"L": [red], "RGB": [red, green, blue], "CMYK": [red, green, blue, red]}[mode])
    content = encoded(picture, "jpeg", **options)
    start = scan_of(content)
    cut = content[: start + int((len(content) - start) * part)]

    assert measured(engine, content).stored_size.width == 160
    with pytest.raises(CorruptImage):
        measured(engine, cut + END_OF_JPEG)


def test_stray_bytes_cost_nobody_a_jpeg(engine):
    content = encoded(quadrants(), "jpeg")
    unknown_adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x09"
    odd = [
        content[:-2] + b"\0\0\0" + END_OF_JPEG,
        content + b"\0" * 1000,
        content + content,
        content[:2] + b"\xff" * 9 + content[2:],
        content[:2] + unknown_adobe + content[2:],
        content.replace(b"JFIF\0\1", b"JFIF\0\7"),
    ]

    for one in odd:
        assert measured(engine, one).stored_size.width == 40


def png(width, height, depth, color_type, rows, interlace=0, frames=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlace)
    palette = png_chunk(b"PLTE", bytes(range(256)) * 3) if color_type == 3 else b""
    pixels = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + palette + frames + pixels + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("shade", [b"\0", b"\x7f", b"a"])
@pytest.mark.parametrize(("mode", "depth", "color_type"), MODES)
def test_a_png_of_fewer_rows_than_it_says_is_refused(engine, mode, depth, color_type, shade):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    row = b"\0" + shade * -(-21 * depth * channels // 8)

    assert measured(engine, png(21, 9, depth, color_type, row * 9)).stored_size.height == 9
    assert measured(engine, png(21, 9, depth, color_type, row * 10))
    for rows in (0, 1, 8, 8.5):
        with pytest.raises(CorruptImage):
            measured(engine, png(21, 9, depth, color_type, (row * 9)[: int(len(row) * rows)]))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 2), (5, 3), (8, 8), (13, 21)])
@pytest.mark.parametrize(("depth", "color_type"), [(1, 0), (8, 2), (16, 6)])
def test_an_interlaced_png_needs_all_rows_of_all_passes(engine, width, height, depth, color_type):
    channels = {0: 1, 2: 3, 6: 4}[color_type]
    rows = b""
    for left, across, top, down in (
        (0, 8, 0, 8),
        (4, 8, 0, 8),
        (0, 4, 4, 8),
        (2, 4, 0, 4),
        (0, 2, 2, 4),
        (1, 2, 0, 2),
        (0, 1, 1, 2),
    ):
        columns, lines = len(range(left, width, across)), len(range(top, height, down))
        rows += (b"\0" + b"\x55" * -(-columns * depth * channels // 8)) * lines if columns else b""

    assert measured(engine, png(width, height, depth, color_type, rows, interlace=1))
    with pytest.raises(CorruptImage):
        measured(engine, png(width, height, depth, color_type, rows[:-1], interlace=1))


def test_a_png_in_many_chunks_is_whole(engine):
    content = encoded(half_clear(300, 200))
    start = content.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", content, start)
    body = content[start + 8 : start + 8 + length]
    pieces = b"".join(png_chunk(b"IDAT", body[at : at + 3]) for at in range(0, length, 3))

    assert measured(engine, content[:start] + pieces + content[start + 12 + length :]).has_alpha


@pytest.mark.parametrize("format", ["gif", "png", "webp", "avif", "tiff"])
def test_every_frame_is_looked_at(engine, format):
    frames = [
        textured(60, 40).transpose(turn) for turn in (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT)
    ]
    content = encoded(textured(60, 40), format, save_all=True, append_images=frames)

    assert measured(engine, content).frames == 3
    with pytest.raises(CorruptImage):
        measured(engine, content[: int(len(content) * 0.9)])


@pytest.mark.parametrize("format", ["png", "webp"])
def test_a_later_frame_that_is_damaged_is_noticed(engine, format):
    content = bytearray(animated(format))
    at = content.rindex({"png": b"fdAT", "webp": b"VP8"}[format]) + 12
    content[at : at + 8] = b"\xff" * 8

    with pytest.raises(CorruptImage):
        measured(engine, bytes(content))


def test_a_later_frame_of_a_png_needs_all_its_rows_too(engine):
    content = animated("png")
    start = content.rindex(b"fdAT") - 4
    (length,) = struct.unpack_from(">I", content, start)
    number = content[start + 8 : start + 12]
    short = png_chunk(b"fdAT", number + zlib.compress(b"\0"))

    assert measured(engine, content).frames == 3
    with pytest.raises(CorruptImage):
        measured(engine, content[:start] + short + content[start + 12 + length :])


@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_each_page_of_a_tiff_is_held_to_the_limits(name):
    small = Image.new("RGB", (10, 10))
    strict = open_engine(name, Limits(max_side=100, max_pixels=5000))

    with pytest.raises(ImageTooLarge):
        measured(strict, encoded(small, "tiff", save_all=True, append_images=[Image.new("RGB", (101, 1))]))
    with pytest.raises(ImageTooLarge):
        measured(strict, encoded(small, "tiff", save_all=True, append_images=[Image.new("RGB", (70, 70))] * 2))


def test_where_there_is_no_second_decoder_the_first_decides(monkeypatch):
    monkeypatch.setattr(completeness, "simplejpeg", None)
    engine = open_engine("pillow", Limits())
    content = encoded(textured(160, 120), "jpeg")

    assert measured(engine, content).stored_size.width == 160
    with pytest.raises(CorruptImage):
        measured(engine, content[:-200])
