import pytest
from attrs import evolve
from hypothesis import assume, example, given
from hypothesis import strategies as st

from imgsvc.domain.errors import (
    CropOutOfBounds,
    ImageTooLarge,
    InvalidInput,
    OutputTooLarge,
    TooManyFrames,
    TooMuchMemory,
)
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import Resize, Rotate
from imgsvc.domain.plan import outlook, plan
from imgsvc.domain.sizes import sizes_through
from imgsvc.domain.transform import Format, TransformSpec
from tests.domain.specs import crops, facts, modestly, numbers, pads, resizes, specs

LANDSCAPE = Facts(media_type="image/jpeg", stored_width=4000, stored_height=3000)


def planned(text, facts=LANDSCAPE, limits=None):
    return plan(parse(text), facts, limits or Limits())


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", [(4000, 3000)]),
        ("gray,flip", [(4000, 3000)] * 3),
        ("w:400", [(4000, 3000), (400, 300)]),
        ("crop:10:10:1000:500,rs:cover:100:100,rot:90", [(4000, 3000), (1000, 500), (100, 100), (100, 100)]),
        ("rot:90,w:300", [(4000, 3000), (3000, 4000), (300, 400)]),
        ("w:100,rs:inside:50p", [(4000, 3000), (100, 75), (50, 38)]),
        ("crop:3990:2990:100:100", [(4000, 3000), (10, 10)]),
        ("w:400,pad:1:2:3:4,rot:90", [(4000, 3000), (400, 300), (406, 304), (304, 406)]),
        ("neg,tint:red,hue:9,gam:2,px,round:max", [(4000, 3000)] * 6),
    ],
)
def test_a_plan_knows_the_size_after_every_step(text, sizes):
    assert planned(text).sizes == tuple(Size(*size) for size in sizes)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_picture_on_its_side_is_planned_upright_unless_switched_off(orientation):
    facts = Facts(media_type="image/jpeg", stored_width=400, stored_height=300, orientation=orientation)

    assert planned("", facts).size == Size(300, 400)
    assert planned("ao:0", facts).size == Size(400, 300)
    assert planned("crop:0:350:10:10", facts).size == Size(10, 10)
    with pytest.raises(CropOutOfBounds):
        planned("ao:0,crop:0:350:10:10", facts)


@pytest.mark.parametrize("orientation", [1, 2, 3, 4])
def test_an_upright_picture_keeps_its_sides(orientation):
    facts = Facts(media_type="image/jpeg", stored_width=400, stored_height=300, orientation=orientation)

    assert planned("", facts).size == planned("ao:0", facts).size == Size(400, 300)


@pytest.mark.parametrize(
    ("text", "media_type", "format"),
    [
        ("", "image/jpeg", Format.JPEG),
        ("", "image/bmp", Format.PNG),
        ("f:webp", "image/jpeg", Format.WEBP),
    ],
)
def test_a_plan_knows_the_format(text, media_type, format):
    facts = Facts(media_type=media_type, stored_width=4, stored_height=3)

    assert planned(text, facts).format is format


def test_the_cost_counts_what_is_decoded_and_every_step():
    assert planned("").megapixels == 12
    assert planned("gray").megapixels == 24
    assert planned("w:1000,gray").megapixels == 13.5


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("gray,rs:stretch:8192:8192,el:1", 1),
        ("rs:contain:8192:8192", 0),
        ("rs:inside:300p,el:1", 0),
        ("rs:inside:8000,el:1,rot:45,gray", 1),
        ("gray,pad:2597:0", 1),
        ("pad:0:2097,w:10", 0),
        ("rs:inside:1000p,el:1,rs:inside:10", 0),
        ("rs:stretch:300p:10p,el:1,rs:inside:10", 0),  # fewer pixels, and still a side too long
    ],
)
def test_a_step_that_grows_beyond_the_limits_is_an_error(text, index):
    with pytest.raises(OutputTooLarge, match="would be too large") as caught:
        planned(text)

    assert caught.value.path == ("steps", index)
    assert caught.value.allowed == "at most 8192 pixels a side and 50000000 pixels"


def test_a_long_line_may_not_be_turned_into_a_square():
    line = Facts(media_type="image/png", stored_width=16384, stored_height=1)

    with pytest.raises(OutputTooLarge):
        planned("rot:45", line)


def test_a_source_above_the_output_limits_may_be_made_smaller():
    panorama = Facts(media_type="image/png", stored_width=16384, stored_height=1000)

    assert planned("flip,w:8192", panorama).size == Size(8192, 500)
    with pytest.raises(OutputTooLarge) as caught:
        planned("flip", panorama)

    assert caught.value.path == ()


def test_a_crop_outside_of_the_picture_names_its_step():
    with pytest.raises(CropOutOfBounds) as caught:
        planned("w:100,crop:100:0:5:5")

    assert caught.value.path == ("steps", 1, "x")


@pytest.mark.parametrize(
    "text",
    ["w:1", "crop:1:1", "pad:0:0:1", "px,round:max", "crop:50p:50p:1p:1p", "rot:45", "rs:cover:1:1", "rs:inside:0.1p"],
)
def test_a_picture_of_one_pixel_can_be_transformed(text):
    pixel = Facts(media_type="image/png", stored_width=1, stored_height=1)

    assert planned(text, pixel).size.pixels >= 1


steps = st.one_of(crops(), resizes(), pads(), st.builds(Rotate, numbers(-360, 360)))


@modestly
@given(st.lists(steps, max_size=4), facts())
@example([Resize(width=8192, height=8192, enlarge=True)], LANDSCAPE)
def test_a_plan_never_goes_to_nothing_or_beyond_the_limits(some, picture):
    limits = Limits()
    try:
        result = plan(TransformSpec(some), picture, limits)
    except InvalidInput:
        assume(False)

    assert all(min(size.width, size.height) >= 1 for size in result.sizes)
    assert result.size.longer_side <= limits.max_output_side
    assert result.size.pixels <= limits.max_output_pixels
    most = max(result.sizes[0].pixels, limits.max_output_pixels)
    assert all(size.pixels <= most for size in result.sizes)


@pytest.mark.parametrize(
    ("size", "frames", "kind", "detail"),
    [
        ((16385, 1), 1, ImageTooLarge, "the picture of 16385x1 pixels has a side that is too long"),
        ((10_000, 5001), 1, ImageTooLarge, "the picture has 50010000 pixels"),
        ((1000, 1000), 51, ImageTooLarge, "the picture has 51000000 pixels"),
        ((1, 1), 101, TooManyFrames, "the picture has 101 frames"),
    ],
)
def test_a_source_beyond_the_limits_is_refused(size, frames, kind, detail):
    with pytest.raises(kind, match=detail) as caught:
        Limits().check_source(Size(*size), frames)

    assert caught.value.allowed.startswith("at most")


@pytest.mark.parametrize(("size", "frames"), [((16384, 1), 1), ((10_000, 5000), 1), ((1000, 1000), 50), ((1, 1), 100)])
def test_a_source_at_the_limits_is_taken(size, frames):
    Limits().check_source(Size(*size), frames)


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="max_bytes must be 1 to 1099511627776"):
        Limits(max_bytes=0)


# Trim


def test_what_follows_a_trim_is_not_certain():
    found = planned("crop:0:0:1000:500,trim,rs:inside:50p")

    assert found.sizes == (Size(4000, 3000), Size(1000, 500), Size(1000, 500), Size(500, 250))
    assert found.exact == 2
    assert not found.is_exact
    assert planned("crop:0:0:1000:500").is_exact


def test_limits_are_checked_again_once_the_trimmed_size_is_known():
    steps = parse("gray,w:8000,el:1").steps

    assert sizes_through(steps, Size(100, 50), Limits())[-1] == Size(8000, 4000)
    with pytest.raises(OutputTooLarge) as caught:
        sizes_through(steps, Size(1, 500), Limits())
    assert caught.value.path == ("steps", 1)


# Frames, cost, memory, verdicts

ANIMATION = Facts(media_type="image/gif", stored_width=100, stored_height=50, frames=20)


@pytest.mark.parametrize(
    ("text", "frames"), [("", 20), ("f:webp", 20), ("fr:5", 5), ("fr:50", 20), ("f:png", 1), ("f:avif", 1)]
)
def test_an_animation_keeps_its_frames_where_the_format_has_some(text, frames):
    assert planned(text, ANIMATION).frames == frames


def test_every_frame_costs():
    assert planned("", ANIMATION).megapixels == pytest.approx(20 * planned("fr:1", ANIMATION).megapixels)


def test_all_frames_together_must_keep_the_limit():
    with pytest.raises(OutputTooLarge, match="20 frames"):
        planned("w:1600,h:1600,el:1", ANIMATION)
    assert planned("w:1600,h:1600,el:1,fr:1", ANIMATION).frames == 1


def test_formats_that_take_their_time_and_sizes_that_must_be_searched_for_cost_more():
    jpeg, avif, fitted = planned("w:400,f:jpeg"), planned("w:400,f:avif"), planned("w:400,f:jpeg,mb:5000")

    assert jpeg.megapixels < fitted.megapixels < avif.megapixels


def test_a_plan_tells_of_every_limit_what_rendering_would_refuse():
    found = outlook(parse("rs:stretch:8000:8000,el:1"), LANDSCAPE, Limits())

    assert not found.fits
    assert [one.limit for one in found.verdicts if not one.fits] == ["max_output_pixels"]
    assert next(one.value for one in found.verdicts if one.limit == "max_output_pixels") == 64_000_000
    assert outlook(parse("w:400"), LANDSCAPE, Limits()).fits


GIBIBYTE = 2**30
LARGE = Facts(media_type="image/jpeg", stored_width=8000, stored_height=6000)


def test_what_takes_more_memory_than_a_rendering_may_have_is_told_and_refused():
    limits = Limits(render_memory=GIBIBYTE)

    told = outlook(parse("f:avif"), LARGE, limits).verdicts[-1]
    with pytest.raises(TooMuchMemory) as refused:
        planned("f:avif", LARGE, limits)

    assert (told.limit, told.allowed, told.fits) == ("render_memory", GIBIBYTE, False)
    assert refused.value.value == told.value > GIBIBYTE
    assert refused.value.allowed == "at most 1073741824 bytes (IMGSVC_RENDER_MEMORY)"


@pytest.mark.parametrize("text", ["", "f:png", "f:webp", "f:gif", "f:tiff", "w:4000,f:avif", "rot:90,w:800,f:avif"])
def test_what_may_do_with_the_memory_is_not_refused(text):
    assert planned(text, LARGE, Limits(render_memory=GIBIBYTE)).least_memory_bytes < GIBIBYTE


def test_without_a_limit_of_memory_there_is_no_verdict_on_it():
    found = planned("f:avif", LARGE)

    assert "render_memory" not in [one.limit for one in found.verdicts]
    assert found.memory_bytes > found.least_memory_bytes > GIBIBYTE


def test_a_result_whose_size_only_the_pixels_tell_is_not_refused_for_its_memory():
    assert planned("trim,f:avif", LARGE, Limits(render_memory=GIBIBYTE))


@modestly
@given(specs(), facts())
def test_a_plan_is_made_exactly_where_every_limit_is_kept(spec, source):
    assume(not Limits().max_side < max(source.stored_width, source.stored_height))
    try:
        found = outlook(spec, source, Limits(max_pixels=2**30))
    except InvalidInput:
        return
    if found.fits:
        assert plan(spec, source, Limits()) == evolve(found, verdicts=plan(spec, source, Limits()).verdicts)
    else:
        with pytest.raises(OutputTooLarge):
            plan(spec, source, Limits())


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("w:1600,f:auto", Format.AVIF),
        ("w:2400,f:auto", Format.WEBP),
        ("f:auto", Format.JPEG),
        ("w:1600,f:auto,mb:50000", Format.JPEG),
        ("w:400,f:auto,mb:50000", Format.AVIF),
    ],
)
def test_auto_takes_no_format_that_costs_too_much_to_wait_for(text, format):
    found = plan(parse(text), LANDSCAPE, Limits(), accepted=("image/avif", "image/webp"))

    assert found.format is format
    assert found.megapixels < 100


@pytest.mark.parametrize("text", ["f:webp,ll:1", "f:png,pl:9"])
def test_what_takes_long_to_pack_costs_as_much(text):
    assert planned(text).megapixels > 500
