"""HEIC, where support for it is installed: upright once and only once, and JPEG when nothing else was asked for."""

from io import BytesIO

import pytest
from PIL import Image

from imgsvc.adapters.imaging import open_engine
from imgsvc.adapters.imaging.pillow import decoding
from imgsvc.domain.errors import CorruptImage, ImageTooLarge, InvalidInput, UnsupportedFormat
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.contracts.engines import close, corners, engine, made  # noqa: F401  # engine is a fixture
from tests.malformed import mutations
from tests.metadata import ARTIST, RIGHTS, tags_in, telling_exif
from tests.pictures import (
    ORIENTATION,
    QUADRANTS,
    decoded,
    half_clear,
    quadrants,
    srgb_profile,
    swapped_profile,
    textured,
)

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

heif = pytest.importorskip("pillow_heif", reason="the extra heif is not installed")


def heic(picture: Image.Image, *others: Image.Image, orientation: int = 1, profile: bytes | None = None) -> bytes:
    """Turned by a box of the file, and by EXIF too, as cameras write it."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if profile is not None:
        picture.info["icc_profile"] = profile
    file = heif.from_pillow(picture)
    file[0].info["exif"] = exif.tobytes()
    for other in others:
        file.add_from_pillow(other)
    stream = BytesIO()
    file.save(stream, quality=95, chroma=444, primary_index=0)
    return stream.getvalue()


def test_heic_is_measured_and_becomes_jpeg(engine):
    content = heic(quadrants(64, 32))

    facts = engine.measure(BytesIO(content))
    rendered = engine.render(BytesIO(content), parse("w:32"))

    assert facts == Facts(media_type="image/heic", stored_width=64, stored_height=32)
    assert rendered.rendition.media_type == "image/jpeg"
    assert decoded(rendered.content).size == (32, 16)


def test_every_pixel_comes_through(engine):
    picture = made(engine, heic(quadrants(64, 32)), "f:png")

    assert all(close(one, other, 6) for one, other in zip(corners(picture), QUADRANTS, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("spec", ["f:png", "ao:0,f:png"])
def test_a_turned_picture_is_turned_once(engine, orientation, spec):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    upright = quadrants(64, 32)
    if orientation > 1:
        upright = upright.transpose(turns[orientation])
    content = heic(quadrants(64, 32), orientation=orientation)

    facts = engine.measure(BytesIO(content))
    picture = made(engine, content, spec)

    assert (facts.stored_width, facts.stored_height, facts.orientation) == (*upright.size, 1)
    assert picture.size == upright.size
    assert all(close(one, other, 6) for one, other in zip(corners(picture), corners(upright), strict=True))


def test_the_pictures_of_a_burst_are_no_frames(engine):
    content = heic(quadrants(64, 32), Image.new("RGB", (90, 90)))

    assert engine.measure(BytesIO(content)).frames == 1
    assert made(engine, content, "f:png").size == (64, 32)


def test_transparency_is_measured_and_kept(engine):
    content = heic(half_clear(64, 32))

    assert engine.measure(BytesIO(content)).has_alpha
    assert made(engine, content, "f:png").getpixel((50, 10))[3] == 0


def test_colours_are_shown_as_the_profile_means_them(engine):
    red = Image.new("RGB", (64, 64), (255, 0, 0))

    assert close(made(engine, heic(red, profile=srgb_profile()), "f:png").getpixel((9, 9)), (255, 0, 0), 6)
    green = made(engine, heic(red, profile=swapped_profile()), "f:png").getpixel((9, 9))
    assert green[1] > 200 > 100 > green[0]


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.99])
def test_truncated_pictures_are_refused(engine, part):
    content = heic(textured(160, 120))

    with pytest.raises(CorruptImage):
        engine.measure(BytesIO(content[: int(len(content) * part)]))


def test_accidents_end_as_a_picture_or_as_an_error():
    engine, spec = open_engine("pillow", Limits()), parse("rs:inside:16:16,f:png")

    for index, seed in enumerate((heic(textured(64, 48)), heic(half_clear(64, 48), orientation=6))):
        for content in mutations(seed, index):
            try:
                engine.measure(BytesIO(content))
            except InvalidInput:
                continue
            assert engine.render(BytesIO(content), spec)


def test_a_header_that_lies_is_not_believed(engine):
    content = heic(quadrants(64, 64))
    at = content.index(b"ispe") + 8
    claims = {side: content[:at] + side.to_bytes(4, "big") * 2 + content[at + 8 :] for side in (8, 60000)}

    with pytest.raises(CorruptImage):
        engine.measure(BytesIO(claims[8]))
    with pytest.raises(ImageTooLarge):
        engine.measure(BytesIO(claims[60000]))


def test_without_support_the_answer_says_so(monkeypatch):
    monkeypatch.setattr(decoding, "_HEIC_READER", None)

    with pytest.raises(UnsupportedFormat, match="HEIC support is not installed here"):
        open_engine("pillow", Limits()).measure(BytesIO(heic(quadrants(64, 32))))


def test_reading_heic_changes_nothing_for_the_rest_of_the_process(engine):
    engine.measure(BytesIO(heic(quadrants(64, 32))))

    assert "HEIF" not in Image.OPEN
    assert ".heic" not in Image.registered_extensions()


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "tiff"])
def test_its_copyright_is_kept_and_where_it_was_taken_is_not(engine, format):
    file = heif.from_pillow(quadrants(64, 32))
    file[0].info["exif"] = telling_exif(orientation=6).tobytes()
    stream = BytesIO()
    file.save(stream)

    content = engine.render(stream, parse(f"f:{format}")).content

    assert tags_in(content) == {"Image Artist": ARTIST, "Image Copyright": RIGHTS}
