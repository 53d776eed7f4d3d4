"""What every image engine promises of the files it reads and writes (ports/imaging.py)."""

import re
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.errors import CorruptImage, ImageTooLarge, InvalidInput, TooManyFrames, UnsupportedFormat
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.output import Format
from tests.contracts.engines import close, corners, engine, made  # noqa: F401  # engine is a fixture
from tests.pictures import (
    BLACK,
    BLUE,
    FORMATS,
    GREEN,
    QUADRANTS,
    RED,
    WHITE,
    animated,
    decoded,
    display_p3_profile,
    encoded,
    gif_claiming,
    half_clear,
    png_chunk,
    png_claiming,
    png_of_wide_samples,
    quadrants,
    srgb_profile,
    swapped_profile,
    textured,
    webp_claiming,
    with_exif,
    with_orientation,
    with_png_chunk,
)

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

ORIENTED = [(format, orientation) for format in ("jpeg", "png", "webp", "tiff", "avif") for orientation in range(1, 9)]
CUT_AT = [0.2, 0.5, 0.8, 0.95]


def measured(engine, content: bytes) -> Facts:
    return engine.measure(BytesIO(content))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_measured_by_its_content(engine, format):
    facts = measured(engine, encoded(quadrants(), format))

    assert facts == Facts(media_type=f"image/{format}", stored_width=40, stored_height=20)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_rendered(engine, format):
    picture = made(engine, encoded(quadrants(), format), "f:png")

    assert all(close(one, other, 6) for one, other in zip(corners(picture), QUADRANTS, strict=True))


@pytest.mark.parametrize(("format", "orientation"), ORIENTED)
def test_the_orientation_is_measured_and_the_size_as_stored(engine, format, orientation):
    facts = measured(engine, with_orientation(quadrants(), orientation, format))

    assert facts.orientation == orientation
    assert (facts.stored_width, facts.stored_height) == ((40, 20) if orientation < 5 else (20, 40))


@pytest.mark.parametrize(("format", "orientation"), ORIENTED)
def test_pictures_are_brought_upright(engine, format, orientation):
    picture = made(engine, with_orientation(quadrants(), orientation, format), "f:png")

    assert picture.size == (40, 20)
    assert all(close(one, other, 6) for one, other in zip(corners(picture), QUADRANTS, strict=True))


@pytest.mark.parametrize(("format", "orientation"), ORIENTED)
def test_without_auto_orient_pictures_stay_as_stored(engine, format, orientation):
    content = with_orientation(quadrants(), orientation, format)
    # Pillow turns TIFFs while it reads them.
    stored = decoded(with_orientation(quadrants(), orientation, "png"))

    picture = made(engine, content, "ao:0,f:png")

    assert picture.size == stored.size
    assert all(close(one, other, 6) for one, other in zip(corners(picture), corners(stored), strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crops_and_resizes_mean_the_upright_picture(engine, orientation):
    content = with_orientation(quadrants(400, 240), orientation, "jpeg")

    picture = made(engine, content, "crop:200:0:200:240,rs:stretch:20:48,f:png")

    assert picture.size == (20, 48)
    assert close(picture.getpixel((2, 2)), GREEN, 6)
    assert close(picture.getpixel((17, 45)), WHITE, 6)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40,
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\xff\xff\xff\x7f\0\0\0\0\0\0\0\0",
        b"\0" * 100,
        bytes(range(256)),
    ],
)
def test_broken_exif_is_ignored(engine, exif):
    content = with_exif(encoded(quadrants(), "jpeg"), exif)

    assert measured(engine, content).orientation == 1
    assert made(engine, content, "").size == (40, 20)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff"])
def test_only_exif_tells_the_orientation(engine, format):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    content = encoded(quadrants(), format, xmp=xmp)
    if format == "png":
        content = with_png_chunk(content, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)

    assert measured(engine, content).orientation == 1
    assert made(engine, content, "f:png").size == (40, 20)


def test_broken_exif_of_an_avif_is_ignored(engine):
    exif = Image.Exif()
    exif[0x010E] = "a description"
    content = encoded(quadrants(), "avif", exif=exif)
    at = content.index(exif.tobytes()[6:])
    broken = content[:at] + b"?" * 8 + content[at + 8 :]

    assert measured(engine, broken).orientation == 1
    assert made(engine, broken, "f:png").size == (40, 20)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientations_that_do_not_exist_are_ignored(engine, orientation):
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + struct.pack("<HH", orientation, 0) + b"\0\0\0\0"

    assert measured(engine, with_exif(encoded(quadrants(), "jpeg"), exif)).orientation == 1


@pytest.mark.parametrize("format", ["gif", "webp", "png", "tiff", "avif"])
def test_frames_are_counted_and_the_first_is_rendered(engine, format):
    content = animated(format, frames=3)

    assert measured(engine, content).frames == 3
    assert close(made(engine, content, "f:png").convert("RGB").getpixel((3, 3)), (0, 0, 200), 6)


def test_further_pictures_in_a_jpeg_are_no_frames(engine):
    content = encoded(quadrants(), "mpo", save_all=True, append_images=[quadrants(20, 10)])

    assert measured(engine, content) == Facts(media_type="image/jpeg", stored_width=40, stored_height=20)


@pytest.mark.parametrize("format", ["gif", "tiff"])
def test_too_many_frames_are_refused(engine, format):
    with pytest.raises(TooManyFrames):
        measured(engine, animated(format, frames=101))


@pytest.mark.parametrize("format", ["png", "webp", "gif", "tiff", "avif"])
def test_transparency_is_measured_and_kept(engine, format):
    content = encoded(half_clear(), format)

    assert measured(engine, content).has_alpha
    assert made(engine, content, "f:png").convert("RGBA").getpixel((35, 10))[3] == 0


def test_a_transparent_colour_is_transparency(engine):
    colors = with_png_chunk(encoded(quadrants()), b"tRNS", struct.pack(">HHH", *GREEN))
    shades = with_png_chunk(encoded(quadrants().convert("L")), b"tRNS", struct.pack(">H", 255))

    for content, at in ((colors, (30, 5)), (shades, (30, 15))):
        picture = made(engine, content, "")

        assert measured(engine, content).has_alpha
        assert picture.getpixel(at)[-1] == 0
        assert picture.getpixel((5, 5))[-1] == 255


def test_a_transparent_colour_of_wide_samples_is_transparency(engine):
    grey = png_of_wide_samples(3, 2, (0,), (257,), (258,), transparent=(257,))
    colors = png_of_wide_samples(2, 2, (0x1234, 0xABCD, 0), (0xFFFF, 0, 0), transparent=(0x1234, 0xABCD, 0))

    assert [made(engine, grey, "").getpixel((x, 0))[-1] for x in range(3)] == [255, 0, 255]
    assert [made(engine, colors, "").getpixel((x, 0))[-1] for x in range(2)] == [0, 255]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr"])
def test_colours_of_every_kind_are_read(engine, mode):
    format = {"CMYK": "jpeg", "YCbCr": "tiff", "PA": "tiff"}.get(mode, "png")
    source = quadrants().convert("L").convert("1") if mode == "1" else quadrants().convert(mode)

    picture = made(engine, encoded(source, format), "f:png")

    expected = source.convert("RGB")
    assert close(picture.convert("RGB").getpixel((5, 5)), expected.getpixel((5, 5)), 4)
    assert close(picture.convert("RGB").getpixel((35, 15)), expected.getpixel((35, 15)), 4)


@pytest.mark.parametrize(
    ("mode", "format", "value", "shade"),
    [
        ("I;16", "png", 65535, 255),
        ("I;16", "png", 32896, 128),
        ("I;16", "tiff", 514, 2),
        ("I", "tiff", 65535, 255),
        ("I", "tiff", 257, 1),
        ("F", "tiff", 1.0, 255),
        ("F", "tiff", 0.5, 128),
        ("F", "tiff", 200.0, 200),
    ],
)
def test_wide_samples_are_scaled_and_not_cut_off(engine, mode, format, value, shade):
    source = Image.new(mode, (8, 8), value)

    if mode == "I" and value == 257:
        source.putpixel((7, 7), 65535)

    assert made(engine, encoded(source, format), "f:png").getpixel((3, 3)) == shade


def test_a_grey_picture_stays_grey(engine):
    picture = made(engine, quadrants(mode="L"), "rs:inside:20:,rot:90,flip")

    assert picture.mode == "L"


def test_colours_are_shown_as_the_profile_means_them(engine):
    content = encoded(quadrants(), "png", icc_profile=swapped_profile())

    picture = made(engine, content, "")

    assert close(picture.getpixel((5, 5)), GREEN, 4)
    assert close(picture.getpixel((35, 5)), RED, 4)
    assert close(picture.getpixel((5, 15)), BLUE, 4)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    # By the matrices of the two colour spaces: colours that both have, and one that only the wider has.
    [((200, 100, 50), (215, 93, 31)), ((64, 128, 64), (32, 130, 55)), ((90, 90, 90), (90, 90, 90)), (RED, RED)],
)
@pytest.mark.parametrize("format", ["png", "jpeg"])
@pytest.mark.parametrize("spec", ["", "rs:inside:20:"])
def test_wide_colours_are_shown_as_the_nearest_of_srgb(engine, format, spec, wide, narrow):
    content = encoded(Image.new("RGB", (80, 40), wide), format, icc_profile=display_p3_profile())

    assert close(made(engine, content, f"{spec},f:png".lstrip(",")).getpixel((5, 5)), narrow, 3)


@pytest.mark.parametrize("spec", ["", "flip", "crop:3:3:20:10"])
def test_a_profile_that_changes_nothing_changes_no_pixel(engine, spec):
    source = textured(64, 40)

    with_profile = made(engine, encoded(source, icc_profile=srgb_profile()), spec)
    without = made(engine, encoded(source), spec)

    assert ImageChops.difference(with_profile, without).getbbox() is None


@pytest.mark.parametrize("spec", ["rs:inside:20:", "rs:stretch:80:40,el:1", "gray,rs:inside:20:"])
def test_profiles_are_honoured_whatever_is_done_first(engine, spec):
    source = encoded(quadrants(), "png", icc_profile=swapped_profile())
    plain = Image.merge("RGB", [quadrants().getchannel(name) for name in "GRB"])

    picture, expected = made(engine, source, spec), made(engine, plain, spec)

    assert all(close(one, other, 4) for one, other in zip(corners(picture), corners(expected), strict=True))


def test_transparency_outlives_a_profile(engine):
    content = encoded(half_clear(), "png", icc_profile=swapped_profile())

    picture = made(engine, content, "")

    assert close(picture.getpixel((5, 10)), (*GREEN, 255), 4)
    assert picture.getpixel((35, 10))[3] == 0


@pytest.mark.parametrize("profile", [b"x", b"\0" * 128, srgb_profile()[:200], srgb_profile()[:-40] + b"\xff" * 40])
def test_broken_profiles_are_ignored(engine, profile):
    content = encoded(quadrants(), "jpeg", icc_profile=profile)

    assert all(close(a, b, 6) for a, b in zip(corners(made(engine, content, "f:png")), QUADRANTS, strict=True))


def test_profiles_of_other_colours_are_ignored(engine):
    content = encoded(quadrants(mode="CMYK"), "jpeg", icc_profile=srgb_profile())

    assert close(made(engine, content, "f:png").getpixel((5, 5)), RED, 6)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"just some text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"PK\3\4" + b"\0" * 100,
        b"\0\0\1\0\1\0" + b"\0" * 100,
        b"8BPS\0\1" + b"\0" * 100,
        b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 100,
        b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0" * 100,
        b"RIFF\0\0\0\0WAVEfmt " + b"\0" * 100,
        b"\x7fELF" + b"\0" * 100,
        b"P6 1 1 255 abc",
    ],
)
def test_other_files_are_refused(engine, content):
    with pytest.raises(UnsupportedFormat):
        measured(engine, content)
    with pytest.raises(UnsupportedFormat):
        engine.render(BytesIO(content), parse(""))


@cache
def a_photograph(format: str) -> bytes:
    return encoded(textured(160, 120), format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("part", CUT_AT)
def test_truncated_pictures_are_refused(engine, format, part):
    content = a_photograph(format)
    content = content[: int(len(content) * part)]

    with pytest.raises(CorruptImage):
        measured(engine, content)
    with pytest.raises(CorruptImage):
        engine.render(BytesIO(content), parse("rs:inside:20:,f:png"))


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_but_our_errors_comes_of_a_file_cut_anywhere(engine, format):
    content = encoded(textured(24, 16), format)
    spec = parse("rs:inside:8:,f:png")

    for end in range(0, len(content), 7):
        try:
            measured(engine, content[:end])
            engine.render(BytesIO(content[:end]), spec)
        except (UnsupportedFormat, CorruptImage):
            continue

        assert end > len(content) - 60


@pytest.mark.parametrize(
    "content",
    [
        gif_claiming(65535, 65535),
        gif_claiming(1, 1, frame=(0, 0, 65535, 65535), disposal=2),
        gif_claiming(1, 1, frame=(60000, 60000, 10, 10), disposal=3),
        png_claiming(50000, 50000),
        png_claiming(1, 40_000_000),
        png_claiming(16000, 16000),
        webp_claiming(2**24, 200),
        webp_claiming(16000, 16000),
    ],
    ids=["gif", "gif-frame", "gif-offset", "png", "png-line", "png-area", "webp-line", "webp-area"],
)
def test_bombs_are_refused_by_their_header(engine, content):
    with pytest.raises(ImageTooLarge):
        measured(engine, content)
    with pytest.raises(ImageTooLarge):
        engine.render(BytesIO(content), parse("rs:inside:20:"))


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0)])
def test_pictures_without_pixels_are_refused(engine, width, height):
    with pytest.raises(CorruptImage):
        measured(engine, png_claiming(width, height))


@cache
def deflated_zeros() -> bytes:
    """64 MiB of them."""
    return zlib.compress(bytes(2**26))


@pytest.mark.parametrize("chunk", [b"zTXt", b"iCCP", b"iTXt"])
def test_metadata_that_inflates_without_end_is_refused(engine, chunk):
    prefix = {b"iTXt": b"a\0\1\0\0\0"}.get(chunk, b"a\0\0")
    content = with_png_chunk(encoded(quadrants()), chunk, prefix + deflated_zeros())

    with pytest.raises(CorruptImage):
        measured(engine, content)


def test_files_of_too_many_parts_are_refused(engine):
    png, jpeg, gif = (encoded(quadrants(), format) for format in ("png", "jpeg", "gif"))
    progressive = encoded(quadrants(), "jpeg", progressive=True)
    last_scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    first_frame = gif.index(b",\0\0\0\0")
    built_to_last = [
        png[:33] + png_chunk(b"prVt", b"") * 10_000 + png[33:],
        jpeg[:2] + b"\xff\xe0\0\2" * 100_000 + jpeg[2:],
        jpeg[:2] + b"\xff" * 1_000_000 + jpeg[2:],
        progressive[:-2] + last_scan * 1000 + progressive[-2:],
        gif[:first_frame] + b"!\xfe" + b"\1a" * 1_000_000 + b"\0" + gif[first_frame:],
    ]

    for content in built_to_last:
        with pytest.raises(CorruptImage, match="too many parts"):
            measured(engine, content)


@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_the_limits_are_those_it_was_made_with(name):
    narrow = open_engine(name, Limits(max_side=30))

    with pytest.raises(ImageTooLarge):
        narrow.measure(BytesIO(encoded(quadrants())))


def test_what_follows_a_picture_is_left_behind(engine):
    content = encoded(quadrants(), "jpeg") + b"PK\3\4<script>alert(1)</script>"

    assert measured(engine, content).media_type == "image/jpeg"
    assert b"script" not in engine.render(BytesIO(content), parse("")).content


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "tiff"])
def test_nothing_is_told_but_the_picture(engine, source, format):
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    content = encoded(quadrants(), source, exif=exif, icc_profile=srgb_profile(), comment=b"SECRET", xmp=b"SECRET")

    rendered = engine.render(BytesIO(content), parse(f"f:{format}")).content

    picture = decoded(rendered)
    assert b"SECRET" not in rendered
    assert not picture.getexif()
    assert not {"icc_profile", "exif", "xmp", "comment", "dpi"} & set(picture.info)


@pytest.mark.parametrize(("source", "media_type"), [(one.value, one.media_type) for one in Format])
def test_the_format_stays_where_it_can_be_written(engine, source, media_type):
    rendered = engine.render(BytesIO(encoded(quadrants(), source)), parse("flip"))

    assert rendered.rendition.media_type == media_type


def test_a_format_that_is_only_read_becomes_png(engine):
    rendered = engine.render(BytesIO(encoded(quadrants(), "bmp")), parse("flip"))

    assert rendered.rendition.media_type == "image/png"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_jpeg_has_white_where_the_picture_was_transparent(engine, mode):
    picture = made(engine, half_clear().convert(mode), "f:jpeg,q:95").convert("RGB")

    assert close(picture.getpixel((35, 10)), WHITE, 3)


def test_half_transparent_pixels_are_half_white_in_jpeg(engine):
    source = Image.new("RGBA", (16, 16), (*BLACK, 128))

    assert close(made(engine, source, "f:jpeg,q:95").convert("RGB").getpixel((8, 8)), (127, 127, 127), 3)


def test_gif_knows_seen_and_unseen(engine):
    picture = made(engine, half_clear(), "f:gif").convert("RGBA")

    assert picture.getpixel((5, 10)) == (*RED, 255)
    assert picture.getpixel((35, 10))[3] == 0


def test_few_colours_are_exact_in_gif(engine):
    source = Image.merge("RGB", [Image.linear_gradient("L").resize((20, 250))] * 2 + [Image.new("L", (20, 250), 77)])

    assert ImageChops.difference(made(engine, source, "f:gif").convert("RGB"), source).getbbox() is None


def test_many_colours_are_near_in_gif(engine):
    source = textured(200, 150)

    picture = made(engine, source, "f:gif").convert("RGB")

    assert max(ImageStat.Stat(ImageChops.difference(picture, source)).mean) < 8


def test_colours_that_gif_lacks_are_mixed_of_those_it_has(engine):
    source = textured(200, 150)
    soft = ImageFilter.BoxBlur(4)

    from_afar = made(engine, source, "f:gif").convert("RGB").filter(soft)

    assert max(ImageStat.Stat(ImageChops.difference(from_afar, source.filter(soft))).mean) < 1


def test_quality_makes_files_larger(engine):
    source = BytesIO(encoded(textured(200, 150)))

    for format in ("jpeg", "webp"):
        low, high = (len(engine.render(source, parse(f"f:{format},q:{quality}")).content) for quality in (20, 95))

        assert low < high / 1.5


def test_without_quality_it_is_the_default_of_the_format(engine):
    source = BytesIO(encoded(textured(200, 150)))

    for format, quality in (("jpeg", 80), ("webp", 79)):
        assert engine.render(source, parse(f"f:{format}")) == engine.render(source, parse(f"f:{format},q:{quality}"))


def test_equal_sources_and_specs_make_equal_bytes_on_every_thread(engine):
    content = encoded(textured(300, 200), "jpeg", icc_profile=swapped_profile())
    specs = [parse(f"rs:cover:90:80,rot:20,blur:2,sharp,sat:20,wm:t.aGVsbG8,f:{format}") for format in ("png", "webp")]
    expected = [engine.render(BytesIO(content), spec) for spec in specs] * 8
    together = threading.Barrier(8)

    def render(spec):
        together.wait(30)
        return engine.render(BytesIO(content), spec)

    with ThreadPoolExecutor(8) as pool:
        rendered = list(pool.map(render, specs * 8))

    assert rendered == expected


def test_streams_are_read_from_their_start_and_stay_open(engine):
    stream = BytesIO(encoded(quadrants()))
    stream.seek(10)

    engine.measure(stream)
    engine.render(stream, parse("flip"))

    assert not stream.closed


def test_the_fingerprint_is_fit_for_a_key(engine):
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", engine.fingerprint)


def test_every_engine_has_a_fingerprint_of_its_own():
    pillow, vips = (open_engine(name, Limits()).fingerprint for name in ("pillow", "vips"))

    assert (pillow.split("-")[0], vips.split("-")[0]) == ("pillow", "vips")
    assert (pillow, vips) == tuple(open_engine(name, Limits()).fingerprint for name in ("pillow", "vips"))


def test_errors_tell_nothing_of_libraries_and_paths(engine):
    broken = [encoded(textured(160, 120), format)[:-400] for format in ("jpeg", "png", "tiff")]
    broken += [b"text", b"\xff\xd8\xff", b"BM123", b"GIF89a", b"II*\0\0\0\0\0"]

    for content in broken:
        with pytest.raises(InvalidInput) as caught:
            measured(engine, content)

        assert not re.search("PIL|Pillow|libjpeg|/|File|0x|Error", caught.value.detail)
