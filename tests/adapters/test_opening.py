"""What is told of a file before any decoder sees it."""

import struct

import pytest

from imgsvc.adapters.imaging.opening import MEDIA_TYPES, sniff
from imgsvc.adapters.imaging.structure import Outline, outlined
from imgsvc.domain.errors import CorruptImage, UnsupportedFormat
from imgsvc.domain.geometry import Size
from tests.pictures import FORMATS, animated, encoded, gif_claiming, quadrants, webp_claiming, with_orientation


def tiff(pages: list[list[tuple[int, int]]], order: str = "<", is_big: bool = False) -> bytes:
    """The chain of a TIFF's pages, of tags with their counts."""
    mark = b"II" if order == "<" else b"MM"
    magic = struct.pack(f"{order}HHHQ", 43, 8, 0, 16) if is_big else struct.pack(f"{order}HI", 42, 8)
    content = mark + magic
    for index, tags in enumerate(pages):
        content += struct.pack(f"{order}{'Q' if is_big else 'H'}", len(tags))
        for tag, count in tags:
            content += struct.pack(f"{order}{'HHQQ' if is_big else 'HHII'}", tag, 4, count, 0)
        size = 8 if is_big else 4
        after = len(content) + size if index < len(pages) - 1 else 0
        content += struct.pack(f"{order}{'Q' if is_big else 'I'}", after)
    return content


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_known_by_its_first_bytes(format):
    assert sniff(encoded(quadrants(), format)) == f"image/{format}"
    assert f"image/{format}" in MEDIA_TYPES


@pytest.mark.parametrize("start", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_every_kind_of_tiff_is_known(start):
    assert sniff(start) == "image/tiff"


@pytest.mark.parametrize(
    "box", [b"\0\0\0\x14ftypavif\0\0\0\0mif1", b"\0\0\0\x14ftypmif1\0\0\0\0avif", b"\0\0\0\x18ftypavis\0\0\0\0msf1avis"]
)
def test_avif_is_known_by_any_of_its_brands(box):
    assert sniff(box) == "image/avif"


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"RIFF", b"\0\0\0\x14ftyp", b"\0\0\0\x14ftypisom\0\0\0\0mif1", b"\x89PNG"]
)
def test_other_beginnings_are_unsupported(content):
    with pytest.raises(UnsupportedFormat, match="not a picture"):
        sniff(content)


def test_a_gif_is_as_large_as_its_first_frame_reaches():
    content = gif_claiming(10, 20, frame=(5, 5, 30, 3))

    assert outlined("image/gif", content, 100) == Outline(Size(35, 20), 1)


def test_the_canvas_of_a_webp_is_told():
    assert outlined("image/webp", webp_claiming(2**24, 7), 100).size == Size(2**24, 7)


@pytest.mark.parametrize("format", ["gif", "tiff"])
def test_frames_are_counted_to_one_more_than_the_most(format):
    content = animated(format, frames=7)

    assert outlined(f"image/{format}", content, 100).frames == 7
    assert outlined(f"image/{format}", content, 5).frames == 6


@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_of_every_kind_of_tiff_are_counted(order, is_big):
    assert outlined("image/tiff", tiff([[(256, 1)], [], [(256, 1)]], order, is_big), 100).frames == 3


def test_a_chain_of_pages_ends_where_it_bites_its_tail():
    content = tiff([[]])

    assert outlined("image/tiff", content[:-4] + struct.pack("<I", 8), 100).frames == 1


@pytest.mark.parametrize("end", [4, 8, 9, 12])
def test_a_chain_of_pages_ends_where_the_file_does(end):
    assert outlined("image/tiff", tiff([[(256, 1)], []])[:end], 100).frames in (0, 1)


@pytest.mark.parametrize("tag", [273, 324])
def test_a_tiff_of_too_many_strips_or_tiles_is_refused(tag):
    with pytest.raises(CorruptImage):
        outlined("image/tiff", tiff([[(tag, 2**17 + 1)]]), 100)


def test_a_large_run_length_encoded_bmp_is_refused():
    header = b"BM" + bytes(28) + b"\1\0\0\0"

    assert outlined("image/bmp", header, 100) == Outline()
    with pytest.raises(CorruptImage):
        outlined("image/bmp", header + bytes(2**22), 100)


@pytest.mark.parametrize("format", ["jpeg", "png", "gif", "tiff", "webp"])
def test_any_part_of_a_file_has_an_outline(format):
    content = with_orientation(quadrants(), 6, format) if format != "gif" else animated("gif")

    for end in range(len(content)):
        assert isinstance(outlined(f"image/{format}", content[:end], 100), Outline)
