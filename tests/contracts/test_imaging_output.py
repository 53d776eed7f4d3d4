"""How every image engine writes a picture: formats, qualities, sizes in bytes, profiles."""

import random
import struct
from io import BytesIO

import pytest
from attrs import evolve
from PIL import Image, ImageChops, ImageStat

from imgsvc.domain.color import Color
from imgsvc.domain.errors import TooManyBytes
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import Background
from imgsvc.domain.output import Format
from imgsvc.domain.transform import TransformSpec
from tests.contracts.engines import close, corners, engine, made  # noqa: F401  # engine is a fixture
from tests.pictures import (
    GREEN,
    QUADRANTS,
    RED,
    decoded,
    encoded,
    half_clear,
    quadrants,
    srgb_profile,
    swapped_profile,
    textured,
)

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

LOSSY = ["jpeg", "webp", "avif"]
HOLDING_PROFILES = ["jpeg", "png", "webp", "avif", "tiff"]


def size(engine, source: Image.Image | bytes, spec: str) -> int:
    content = source if isinstance(source, bytes) else encoded(source)
    return len(engine.render(BytesIO(content), parse(spec)).content)


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest, of any channel of any pixel."""
    extrema = ImageChops.difference(one, other.convert(one.mode)).getextrema()
    return max(high for _, high in (extrema if isinstance(extrema[0], tuple) else (extrema,)))


def grey_profile() -> bytes:
    """A profile of shades of grey with the curve of 2.2."""
    curve = b"curv" + bytes(4) + struct.pack(">IH2x", 1, int(2.2 * 256))
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78) + b"\0"
    return _profile(b"GRAY", b"mntr", desc=text, wtpt=white, kTRC=curve)


def cmyk_profile() -> bytes:
    """A header that tells of ink; nothing can be converted with it."""
    return _profile(b"CMYK", b"prtr")


def _profile(space: bytes, device: bytes, **tags: bytes) -> bytes:
    table, body, place = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name.encode() + struct.pack(">II", place + len(body), len(content))
        body += content
    length = place + len(body)
    head = struct.pack(">I4sI4s4s4s", length, b"lcms", 0x02400000, device, space, b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">iii", 63190, 65536, 54061) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


def noisy(width: int, height: int) -> Image.Image:
    """Soft shapes, and the same noise every time."""
    noise = Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))
    return Image.blend(textured(width, height), noise, 0.2)


@pytest.mark.parametrize("format", Format)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_format_holds_pictures_of_every_kind(engine, format, mode):
    picture = made(engine, quadrants(mode=mode), f"f:{format},q:95" if format.default_quality else f"f:{format}")

    expected = quadrants(mode=mode).convert("RGB")
    assert all(close(one, other, 12) for one, other in zip(corners(picture), corners(expected), strict=True))


@pytest.mark.parametrize("format", ["webp", "avif", "tiff", "png"])
def test_alpha_is_kept_by_formats_that_know_it(engine, format):
    source = Image.new("RGBA", (40, 20), (*RED, 128))

    assert close(made(engine, source, f"f:{format}").getpixel((20, 10)), (*RED, 128), 4)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("spec", ["f:tiff", "f:png", "f:png,pr:1", "f:png,pl:0", "f:png,pl:9", "f:webp,ll:1"])
def test_lossless_formats_lose_nothing(engine, spec, mode):
    source = textured(131, 77)
    source.putalpha(Image.linear_gradient("L").resize(source.size).point([max(1, value) for value in range(256)]))
    source = source.convert(mode)

    assert difference(source, made(engine, source, spec)) == 0


def test_lossless_avif_loses_no_more_than_its_colours_are_rounded_by(engine):
    source = textured(131, 77)

    assert difference(source, made(engine, source, "f:avif,ll:1")) <= 3


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 1), (1, 5), (8, 8), (9, 17)])
def test_interlaced_pictures_of_any_size_are_whole(engine, size):
    source = textured(*size)

    picture = made(engine, source, "pr:1")

    assert picture.info.get("interlace") == 1
    assert difference(source, picture) == 0


def test_progressive_pictures_come_in_several_scans(engine):
    content = engine.render(BytesIO(encoded(textured(200, 150))), parse("f:jpeg,pr:1")).content
    plain = engine.render(BytesIO(encoded(textured(200, 150))), parse("f:jpeg")).content

    assert content.count(b"\xff\xda") > 1
    assert plain.count(b"\xff\xda") == 1
    assert difference(decoded(content), decoded(plain)) == 0


def test_png_levels_trade_time_for_bytes(engine):
    none, few, all_effort = (size(engine, textured(200, 150), f"f:png,pl:{level}") for level in (0, 1, 9))

    assert none > few > all_effort


@pytest.mark.parametrize(("format", "quality"), [("jpeg", 80), ("webp", 79), ("avif", 63)])
def test_without_quality_it_is_the_default_of_the_format(engine, format, quality):
    source = BytesIO(encoded(textured(200, 150)))

    assert engine.render(source, parse(f"f:{format}")) == engine.render(source, parse(f"f:{format},q:{quality}"))


@pytest.mark.parametrize("format", LOSSY)
def test_quality_brings_the_picture_nearer_to_the_source(engine, format):
    source = noisy(120, 90)

    def error(quality):
        return sum(ImageStat.Stat(ImageChops.difference(made(engine, source, f"f:{format},q:{quality}"), source)).sum2)

    assert error(20) > error(60) > error(95)


@pytest.mark.parametrize("format", LOSSY)
def test_a_result_has_at_most_so_many_bytes_and_the_best_quality(engine, format):
    source = BytesIO(encoded(noisy(160, 120)))
    spec = parse(f"f:{format}")
    sizes = {
        quality: len(engine.render(source, evolve(spec, output=evolve(spec.output, quality=quality))).content)
        for quality in (20, 30, 50)
    }

    made_to_fit = engine.render(source, parse(f"f:{format},q:50,mb:{sizes[20]}"))
    made_at_once = engine.render(source, parse(f"f:{format},q:50,mb:{sizes[50]}"))

    assert len(made_to_fit.content) == sizes[20] < sizes[30]
    assert len(made_at_once.content) == sizes[50]
    assert made_to_fit.rendition.byte_count == sizes[20]


@pytest.mark.parametrize(("spec", "name"), [("mb:60", "max_bytes"), ("nl:1", "never_larger")])
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "gif", "avif", "tiff"])
def test_bytes_that_no_quality_can_do_with_are_told(engine, format, spec, name):
    tiny = encoded(Image.new("P", (64, 64)), "gif") if name == "never_larger" else encoded(textured(64, 64))
    spec = f"rs:stretch:300:300,el:1,br:7,pad:9:8:7:6:fa0,f:{format},{spec}"

    with pytest.raises(TooManyBytes) as caught:
        engine.render(BytesIO(tiny), parse(spec))

    assert caught.value.path == ("output", name)
    assert caught.value.value > (60 if name == "max_bytes" else len(tiny))
    assert caught.value.allowed == f"at most {60 if name == 'max_bytes' else len(tiny)} bytes"


def test_a_result_is_no_larger_than_its_source(engine):
    source = encoded(textured(300, 200), "jpeg", quality=30)
    assert size(engine, source, "f:jpeg,q:95") > len(source)

    assert size(engine, source, "f:jpeg,q:95,nl:1") <= len(source)


@pytest.mark.parametrize(("most", "name"), [(500, "max_bytes"), (20_000, "never_larger")])
def test_of_two_limits_the_lower_one_holds(engine, most, name):
    source = encoded(noisy(100, 80), "jpeg", quality=30)

    with pytest.raises(TooManyBytes) as caught:
        engine.render(BytesIO(source), parse(f"rs:stretch:250:250,el:1,f:png,nl:1,mb:{most}"))

    assert 500 < len(source) < 20_000
    assert caught.value.path == ("output", name)


def test_png_is_tried_with_all_effort_before_it_is_too_large(engine):
    source = textured(200, 150)
    least, usual = size(engine, source, "f:png,pl:9"), size(engine, source, "f:png,pl:1")
    assert least < usual

    assert size(engine, source, f"f:png,pl:1,mb:{least}") == least


def test_every_frame_of_an_animation_counts_as_bytes(engine):
    frames = [textured(80, 60), textured(80, 60).rotate(180), textured(80, 60).transpose(Image.Transpose.TRANSPOSE)]
    frames[2] = frames[2].resize((80, 60))
    content = encoded(frames[0], "webp", save_all=True, append_images=frames[1:], lossless=True)
    whole = size(engine, content, "f:webp,q:90")

    fitted = engine.render(BytesIO(content), parse(f"f:webp,q:90,mb:{whole * 2 // 3}"))

    assert len(fitted.content) <= whole * 2 // 3
    assert fitted.rendition.frames == 3


@pytest.mark.parametrize("format", HOLDING_PROFILES)
def test_colours_and_profile_are_kept_where_that_is_asked_for(engine, format):
    content = encoded(quadrants(), "png", icc_profile=swapped_profile())

    picture = made(engine, content, f"f:{format},icc:keep")

    assert picture.info["icc_profile"] == swapped_profile()
    assert all(close(one, other, 12) for one, other in zip(corners(picture), QUADRANTS, strict=True))


@pytest.mark.parametrize("spec", ["rs:inside:20:", "rs:stretch:80:40,el:1", "rot:180,flip", "blur:0.3"])
def test_kept_colours_stay_through_all_steps(engine, spec):
    source = Image.new("RGB", (40, 20), (10, 200, 60))
    content = encoded(source, "png", icc_profile=swapped_profile())

    picture = made(engine, content, f"{spec},f:png,icc:keep")

    assert close(picture.getpixel((10, 8)), (10, 200, 60), 1)


@pytest.mark.parametrize("format", HOLDING_PROFILES)
def test_profiles_are_used_up_unless_they_are_to_be_kept(engine, format):
    content = encoded(quadrants(), "png", icc_profile=swapped_profile())

    picture = made(engine, content, f"f:{format}")

    assert "icc_profile" not in picture.info
    assert close(picture.convert("RGB").getpixel((5, 5)), GREEN, 12)


@pytest.mark.parametrize("profile", [srgb_profile(), cmyk_profile()])
@pytest.mark.parametrize("format", HOLDING_PROFILES)
def test_a_profile_that_comes_with_ink_is_not_kept(engine, format, profile):
    content = encoded(quadrants(mode="CMYK"), "jpeg", icc_profile=profile)

    picture = made(engine, content, f"f:{format},icc:keep")

    assert "icc_profile" not in picture.info
    assert picture.mode == "RGB"


@pytest.mark.parametrize("profile", [b"x", b"\0" * 128, srgb_profile()[:200]])
def test_broken_profiles_are_not_kept(engine, profile):
    picture = made(engine, encoded(quadrants(), "jpeg", icc_profile=profile), "f:png,icc:keep")

    assert "icc_profile" not in picture.info


def test_a_picture_without_a_profile_keeps_none(engine):
    assert "icc_profile" not in made(engine, quadrants(), "icc:keep").info


@pytest.mark.parametrize("format", HOLDING_PROFILES)
def test_a_grey_picture_is_coloured_again_where_its_profile_is_of_colours(engine, format):
    content = encoded(quadrants(), "png", icc_profile=swapped_profile())

    picture = made(engine, content, f"gray,f:{format},icc:keep")

    assert picture.mode == "RGB"
    assert picture.info["icc_profile"] == swapped_profile()


def test_the_profile_of_greys_stays_with_greys_only(engine):
    content = encoded(quadrants(mode="L"), "png", icc_profile=grey_profile())
    steps = TransformSpec((Background(Color(1, 2, 3)),))
    orange = parse("pad:5:5:5:5:fa0,icc:keep,f:png")

    assert made(engine, content, "icc:keep,f:png").info["icc_profile"] == grey_profile()
    assert "icc_profile" not in made(engine, content, orange).info
    assert made(engine, content, steps).mode == "L"


def test_gif_has_no_profile_so_its_colours_are_converted(engine):
    content = encoded(quadrants(), "png", icc_profile=swapped_profile())

    picture = made(engine, content, "f:gif,icc:keep")

    assert "icc_profile" not in picture.info
    assert close(picture.convert("RGB").getpixel((5, 5)), GREEN, 4)


@pytest.mark.parametrize("format", Format)
def test_equal_sources_and_specs_make_equal_bytes(engine, format):
    source = half_clear(300, 200)
    source.paste(textured(150, 200), (0, 0))

    content = encoded(source)
    contents = {engine.render(BytesIO(content), parse(f"f:{format}")).content for _ in range(3)}

    assert len(contents) == 1
