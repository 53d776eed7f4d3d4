"""What every HeaderReader must do: tell what a file says of its picture, whatever its pixels are."""

from io import BytesIO

import pytest

from imgsvc.adapters.imaging import open_engine, open_header_reader
from imgsvc.domain.errors import CorruptImage, UnsupportedFormat
from imgsvc.domain.limits import Limits
from tests.pictures import (
    FORMATS,
    animated,
    encoded,
    gif_claiming,
    half_clear,
    png_claiming,
    quadrants,
    webp_claiming,
    with_orientation,
)

LIMITS = Limits()
PICTURES = {
    **{format: encoded(quadrants(), format) for format in FORMATS},
    "turned": with_orientation(quadrants(), 6),
    "turned tiff": with_orientation(quadrants(), 8, "tiff"),
    "clear": encoded(half_clear()),
    "animated gif": animated("gif"),
    "animated webp": animated("webp"),
}


@pytest.fixture
def headers():
    return open_header_reader(LIMITS)


@pytest.mark.parametrize("name", PICTURES)
def test_a_header_tells_what_measuring_every_pixel_would(headers, name):
    content = PICTURES[name]

    assert headers.facts(BytesIO(content)) == open_engine("pillow", LIMITS).measure(BytesIO(content))


@pytest.mark.parametrize("format", FORMATS)
def test_the_first_bytes_tell_the_media_type(headers, format):
    assert headers.media_type(encoded(quadrants(), format)[:4096]) == f"image/{format}"


def test_pixels_that_are_missing_are_not_missed(headers):
    assert headers.facts(BytesIO(PICTURES["png"][:60])).stored_width == 40


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (png_claiming(60000, 50000), (60000, 50000)),
        (gif_claiming(60000, 50000), (60000, 50000)),
        (webp_claiming(16000, 15000), (16000, 15000)),
    ],
)
def test_a_picture_over_the_limits_is_told_of_and_not_refused(headers, content, size):
    facts = headers.facts(BytesIO(content))

    assert (facts.stored_width, facts.stored_height) == size


def test_more_frames_than_are_let_in_are_counted(headers):
    assert headers.facts(BytesIO(animated("gif", frames=LIMITS.max_frames + 2))).frames == LIMITS.max_frames + 2


@pytest.mark.parametrize("content", [b"", b"hello", b"<svg/>"])
def test_what_is_no_picture_is_refused(headers, content):
    with pytest.raises(UnsupportedFormat):
        headers.facts(BytesIO(content))
    with pytest.raises(UnsupportedFormat):
        headers.media_type(content)


def test_a_header_that_makes_no_sense_is_refused(headers):
    with pytest.raises(CorruptImage):
        headers.facts(BytesIO(PICTURES["png"][:20]))


def test_the_stream_is_read_from_its_start_and_stays_open(headers):
    stream = BytesIO(PICTURES["png"])
    stream.seek(30)

    assert headers.facts(stream).stored_width == 40
    assert not stream.closed
