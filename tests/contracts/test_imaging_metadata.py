"""What every image engine keeps of what files say about their pictures, read by libraries that are not ours."""

from io import BytesIO

import pytest
from PIL import Image

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from tests.contracts.engines import engine, made  # noqa: F401  # engine is a fixture
from tests.metadata import (
    ARTIST,
    MODEL,
    NOTE,
    OWNER,
    RIGHTS,
    SERIAL,
    WITH_METADATA,
    XMP,
    tags_in,
    telling,
    telling_exif,
    with_iptc,
    xmp_in,
)
from tests.pictures import decoded, encoded, quadrants, with_exif

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

SECRETS = [text.encode() for text in (SERIAL, OWNER, NOTE, "GPS")]
PAIRS = [(source, target) for source in WITH_METADATA for target in WITH_METADATA]


def rendered(engine, content: bytes, spec: str) -> bytes:
    return engine.render(BytesIO(content), parse(spec)).content


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_only_copyright_is_kept_unless_more_is_asked_for(engine, source, target):
    content = rendered(engine, telling(source), f"rs:inside:20:,f:{target}")

    assert tags_in(content) == {"Image Artist": ARTIST, "Image Copyright": RIGHTS}
    assert not [secret for secret in SECRETS if secret in content]
    assert RIGHTS.encode() in xmp_in(content)
    assert ARTIST.encode() in xmp_in(content)
    assert b"An engine" not in xmp_in(content)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_is_safe_is_kept_where_it_is_asked_for(engine, source, target):
    content = rendered(engine, telling(source), f"f:{target},md:safe")

    tags = tags_in(content)
    assert tags.pop("EXIF ISOSpeedRatings") == "400"
    assert tags == {"Image Artist": ARTIST, "Image Copyright": RIGHTS, "Image Model": MODEL}
    assert not [secret for secret in SECRETS if secret in content]
    assert b"An engine" in xmp_in(content)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_all_is_kept_but_what_was_about_the_old_pixels(engine, source, target):
    content = rendered(engine, telling(source), f"f:{target},md:all")

    tags = tags_in(content)
    assert tags["EXIF BodySerialNumber"] == SERIAL
    assert tags["GPS GPSLatitude"] == "[48, 12, 30]"
    assert "EXIF MakerNote" in tags
    assert not {"Image Orientation", "EXIF ExifImageWidth"} & set(tags)
    assert SERIAL.encode() in xmp_in(content)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_nothing_is_kept_where_that_is_asked_for(engine, source, target):
    content = rendered(engine, telling(source), f"f:{target},md:none")

    assert tags_in(content) == {}
    assert xmp_in(content) == b""


@pytest.mark.parametrize("policy", ["copyright", "safe", "all"])
@pytest.mark.parametrize("source", WITH_METADATA)
def test_a_gif_tells_of_copyright_although_it_has_no_exif(engine, source, policy):
    content = rendered(engine, telling(source), f"f:gif,md:{policy}")

    assert RIGHTS.encode() in xmp_in(content)
    assert ARTIST.encode() in xmp_in(content)
    assert not decoded(content).getexif()
    assert policy == "all" or not [secret for secret in SECRETS if secret in content]


@pytest.mark.parametrize("policy", ["copyright", "safe", "all"])
def test_a_gif_tells_of_copyright_that_only_exif_had(engine, policy):
    source = encoded(quadrants(), "jpeg", exif=telling_exif())
    content = rendered(engine, source, f"f:gif,md:{policy}")

    assert RIGHTS.encode() in xmp_in(content)
    assert ARTIST.encode() in xmp_in(content)


def test_a_gif_that_moves_tells_of_copyright_and_moves_as_before(engine):
    frames = [quadrants(), quadrants().rotate(180)]
    source = encoded(frames[0], "webp", save_all=True, append_images=frames[1:], duration=80, xmp=XMP, lossless=True)
    content = rendered(engine, source, "f:gif")

    assert RIGHTS.encode() in xmp_in(content)
    with Image.open(BytesIO(content)) as picture:
        assert (picture.n_frames, picture.info["duration"], picture.size) == (2, 80, quadrants().size)
        picture.seek(1)
        assert picture.convert("RGB").getpixel((0, 0)) == frames[1].convert("RGB").getpixel((0, 0))


@pytest.mark.parametrize("target", WITH_METADATA)
@pytest.mark.parametrize("spec", ["md:all", "md:all,ao:0", "md:safe", "flip,md:all"])
def test_no_result_is_turned_by_whoever_shows_it(engine, target, spec):
    content = rendered(engine, telling("jpeg", orientation=6), f"{spec},f:{target}")

    with Image.open(BytesIO(content)) as picture:
        assert picture.getexif().get(0x0112, 1) == 1
    assert b'tiff:Orientation="6"' not in content


def test_a_result_that_says_something_looks_as_one_that_does_not(engine):
    source = telling("jpeg")

    for target in WITH_METADATA:
        telling_all = made(engine, source, f"f:{target},md:all")
        silent = made(engine, source, f"f:{target},md:none")

        assert telling_all.tobytes() == silent.tobytes()


def test_iptc_tells_of_copyright_too(engine):
    content = with_iptc(encoded(quadrants(), "jpeg"), by_line=ARTIST, notice=RIGHTS)

    for target in WITH_METADATA:
        assert tags_in(rendered(engine, content, f"f:{target}")) == {"Image Artist": ARTIST, "Image Copyright": RIGHTS}


@pytest.mark.parametrize("policy", ["copyright", "safe", "all"])
@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 60_000,
        # An artist of 4 GB, one beyond the end, and directories that point at themselves.
        b"II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0\xff\xff\xff\xff\x08\0\0\0\0\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0\x10\0\0\0\xff\xff\xff\0\0\0\0\0",
        b"II*\0\x08\0\0\0\x02\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x25\x88\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",
    ],
)
def test_broken_exif_costs_nothing_but_itself(engine, exif, policy):
    content = with_exif(encoded(quadrants(), "jpeg"), exif)

    for target in WITH_METADATA:
        assert made(engine, content, f"f:{target},md:{policy}").size == (40, 20)


def test_broken_exif_does_not_cost_the_xmp(engine):
    content = encoded(quadrants(), "webp", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", xmp=XMP)

    assert RIGHTS.encode() in xmp_in(rendered(engine, content, ""))


def test_transparent_animations_keep_the_copyright(engine):
    frames = [quadrants(mode="RGBA"), quadrants(mode="RGBA").rotate(180)]
    content = encoded(frames[0], "webp", save_all=True, append_images=frames[1:], exif=telling_exif(), lossless=True)

    kept = rendered(engine, content, "f:webp")

    assert tags_in(kept) == {"Image Artist": ARTIST, "Image Copyright": RIGHTS}
    with Image.open(BytesIO(kept)) as picture:
        assert picture.n_frames == 2


def test_engines_write_the_same_metadata():
    made_by = {
        name: rendered(open_engine(name, Limits()), telling("jpeg"), "f:png,md:all") for name in ("pillow", "vips")
    }

    assert tags_in(made_by["pillow"]) == tags_in(made_by["vips"])
    assert xmp_in(made_by["pillow"]) == xmp_in(made_by["vips"])
