import math
from uuid import UUID

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from imgsvc.domain.color import WHITE, Color
from imgsvc.domain.errors import ConflictingParameters, CropOutOfBounds, InvalidInput, InvalidParameter
from imgsvc.domain.geometry import Box, Gravity, Percent, Size
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import (
    OPERATIONS,
    Adjust,
    AutoOrient,
    Blur,
    Crop,
    Fit,
    Flip,
    Grayscale,
    Invert,
    Pad,
    Pixelate,
    Resize,
    Rotate,
    Round,
    Sepia,
    Sharpen,
    Tint,
    Watermark,
    changes_nothing,
    merged,
)
from imgsvc.domain.plain_data import read_parameters
from imgsvc.domain.transform import TransformSpec
from tests.domain.specs import crops, modestly, numbers, resizes

sizes = st.builds(Size, *[st.one_of(st.just(1), st.integers(1, 40), st.integers(1, 16384), st.just(16384))] * 2)


def test_every_operation_has_a_name_of_its_own():
    assert all(name == kind.op for name, kind in OPERATIONS.items())
    assert len({str(kind.compact) for kind in OPERATIONS.values()}) == len(OPERATIONS)


# Crop


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        (Crop(x=10, y=20, width=30, height=25), Box(10, 20, 30, 25)),
        (Crop(x=90, y=40, width=30, height=25), Box(90, 40, 10, 10)),
        (Crop(x=99, y=49, width=30, height=25), Box(99, 49, 1, 1)),
        (Crop(x=10, width=30, height=25), Box(10, 0, 30, 25)),
        (Crop(y=10, width=30, height=25), Box(0, 10, 30, 25)),
        (Crop(x=Percent(10), y=Percent(50), width=Percent(20), height=Percent(100)), Box(10, 25, 20, 25)),
        (Crop(width=30, height=20), Box(35, 15, 30, 20)),
        (Crop(width=30, height=20, gravity=Gravity.SOUTHEAST), Box(70, 30, 30, 20)),
        (Crop(width=300, height=20, gravity=Gravity.NORTH), Box(0, 0, 100, 20)),
        (Crop(width=65535, height=65535, gravity=Gravity.EAST), Box(0, 0, 100, 50)),
    ],
)
def test_a_crop_keeps_a_box_clipped_to_the_picture(crop, box):
    assert crop.box_in(Size(100, 50)) == box


@pytest.mark.parametrize(
    ("crop", "path"),
    [
        (Crop(x=100, y=0, width=10, height=10), ("x",)),
        (Crop(x=0, y=50, width=10, height=10), ("y",)),
        (Crop(x=Percent(100), width=10, height=10), ("x",)),
    ],
)
def test_a_crop_outside_of_the_picture_is_an_error(crop, path):
    with pytest.raises(CropOutOfBounds, match="lies outside of the picture of 100x50 pixels") as caught:
        crop.box_in(Size(100, 50))

    assert caught.value.path == path
    assert caught.value.allowed == "x at most 99, y at most 49"


def test_a_crop_in_percent_finds_the_only_pixel():
    crop = Crop(x=Percent(50), y=Percent(99), width=Percent(10), height=Percent(1))

    assert crop.box_in(Size(1, 1)) == Box(0, 0, 1, 1)


def test_halves_in_percent_leave_no_pixel_out():
    left = Crop(x=Percent(0), width=Percent(50), height=Percent(100)).box_in(Size(101, 1))
    right = Crop(x=Percent(50), width=Percent(50), height=Percent(100)).box_in(Size(101, 1))

    assert (left.left, left.right, right.left, right.right) == (0, 51, 51, 101)


def test_a_crop_takes_a_point_or_a_gravity():
    with pytest.raises(ConflictingParameters, match="crop takes x and y, or a gravity, not both"):
        Crop(x=0, width=10, height=10, gravity=Gravity.NORTH)


def test_crops_that_mean_the_same_are_equal():
    assert Crop(width=1, height=1) == Crop(width=1, height=1, gravity=Gravity.CENTER)
    assert Crop(x=3, width=1, height=1) == Crop(x=3, y=0, width=1, height=1)


@modestly
@given(crops(), sizes)
def test_a_crop_never_leaves_the_picture(crop, size):
    try:
        box = crop.box_in(size)
    except CropOutOfBounds:
        assume(False)

    assert box.clipped_to(size) == box
    assert min(box.width, box.height) >= 1


# Resize


@pytest.mark.parametrize(
    ("resize", "scaled", "window", "canvas", "offset"),
    [
        (Resize(width=50), (50, 25), (0, 0, 50, 25), (50, 25), (0, 0)),
        (Resize(height=10), (20, 10), (0, 0, 20, 10), (20, 10), (0, 0)),
        (Resize(width=Percent(50)), (50, 25), (0, 0, 50, 25), (50, 25), (0, 0)),
        (Resize(width=20, height=20), (40, 20), (10, 0, 20, 20), (20, 20), (0, 0)),
        (Resize(width=20, height=20, gravity=Gravity.EAST), (40, 20), (20, 0, 20, 20), (20, 20), (0, 0)),
        (Resize(width=20, height=20, fit=Fit.INSIDE), (20, 10), (0, 0, 20, 10), (20, 10), (0, 0)),
        (Resize(width=20, height=20, fit=Fit.OUTSIDE), (40, 20), (0, 0, 40, 20), (40, 20), (0, 0)),
        (Resize(width=20, height=20, fit=Fit.STRETCH), (20, 20), (0, 0, 20, 20), (20, 20), (0, 0)),
        (Resize(width=20, height=20, fit=Fit.CONTAIN), (20, 10), (0, 0, 20, 10), (20, 20), (0, 5)),
        (
            Resize(width=20, height=20, fit=Fit.CONTAIN, gravity=Gravity.SOUTH),
            (20, 10),
            (0, 0, 20, 10),
            (20, 20),
            (0, 10),
        ),
        # Never larger than it was, unless enlarged; the canvas of `contain` is what was asked for.
        (Resize(width=200), (100, 50), (0, 0, 100, 50), (100, 50), (0, 0)),
        (Resize(width=200, enlarge=True), (200, 100), (0, 0, 200, 100), (200, 100), (0, 0)),
        (Resize(width=80, height=80), (100, 50), (10, 0, 80, 50), (80, 50), (0, 0)),
        (Resize(width=80, height=80, enlarge=True), (160, 80), (40, 0, 80, 80), (80, 80), (0, 0)),
        (Resize(width=200, height=10, fit=Fit.STRETCH), (100, 10), (0, 0, 100, 10), (100, 10), (0, 0)),
        (Resize(width=200, height=200, fit=Fit.CONTAIN), (100, 50), (0, 0, 100, 50), (200, 200), (50, 75)),
        (Resize(width=Percent(200), enlarge=True), (200, 100), (0, 0, 200, 100), (200, 100), (0, 0)),
    ],
)
def test_a_resize_lays_out_the_picture_by_its_fit(resize, scaled, window, canvas, offset):
    layout = resize.layout_in(Size(100, 50))

    assert layout.scaled == Size(*scaled)
    assert layout.window == Box(*window)
    assert (layout.canvas, layout.offset) == (Size(*canvas), offset)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("width", [600, 700, 800, 999])
def test_a_side_left_out_never_holds_the_other_back(fit, width):
    # 2 pixels scaled to 0.6 are 1.2, and must not be taken for 1/2.
    layout = Resize(width=width, fit=fit).layout_in(Size(1000, 2))

    assert layout.canvas.width == layout.scaled.width == width


@pytest.mark.parametrize("fit", Fit)
def test_a_line_stays_a_line(fit):
    assert Resize(width=100, fit=fit).layout_in(Size(16384, 1)).canvas == Size(100, 1)


def test_a_resize_covers_by_default_only_with_both_sides():
    assert Resize(width=1, height=1).fit is Fit.COVER
    assert Resize(width=1).fit is Fit.INSIDE


def test_a_resize_needs_a_side():
    with pytest.raises(InvalidParameter, match="resize needs a width or a height"):
        Resize()


@modestly
@given(resizes(), sizes)
@example(Resize(width=8192, height=1, enlarge=True), Size(1, 8192))
def test_a_layout_has_its_window_inside_and_stays_on_its_canvas(resize, size):
    layout = resize.layout_in(size)

    assert min(layout.window.width, layout.window.height) >= 1
    assert layout.window.clipped_to(layout.scaled) == layout.window
    placed = Box(*layout.offset, layout.window.width, layout.window.height)
    assert placed.clipped_to(layout.canvas) == placed


@modestly
@given(resizes(), sizes)
def test_without_enlarge_a_picture_is_never_scaled_up(resize, size):
    assume(not resize.enlarge)

    layout = resize.layout_in(size)

    assert layout.scaled.width <= size.width
    assert layout.scaled.height <= size.height
    if resize.fit is not Fit.CONTAIN:
        assert layout.canvas.width <= size.width
        assert layout.canvas.height <= size.height


@modestly
@given(st.sampled_from(Fit), st.integers(1, 8192), st.integers(1, 8192), sizes)
def test_enlarged_every_fit_keeps_its_word(fit, width, height, size):
    layout = Resize(width=width, height=height, fit=fit, enlarge=True).layout_in(size)

    match fit:
        case Fit.COVER | Fit.STRETCH | Fit.CONTAIN:
            assert layout.canvas == Size(width, height)
        case Fit.INSIDE:
            assert layout.canvas.width == width or layout.canvas.height == height
            assert layout.canvas.width <= width
            assert layout.canvas.height <= height
        case Fit.OUTSIDE:
            assert layout.canvas.width == width or layout.canvas.height == height
            assert layout.canvas.width >= width
            assert layout.canvas.height >= height


# Rotate


@pytest.mark.parametrize(
    ("degrees", "size"),
    [
        (0, (100, 50)),
        (180, (100, 50)),
        (90, (50, 100)),
        (-90, (50, 100)),
        (270, (50, 100)),
        (45, (107, 107)),
        (30, (112, 94)),
        (-30, (112, 94)),
    ],
)
def test_a_turned_canvas_holds_every_corner(degrees, size):
    assert Rotate(degrees).size_after(Size(100, 50)) == Size(*size)


def test_the_smallest_and_the_longest_picture_can_be_turned():
    assert Rotate(45).size_after(Size(1, 1)) == Size(2, 2)
    assert Rotate(45).size_after(Size(16384, 1)) == Size(11586, 11586)


@modestly
@given(numbers(-360, 360), sizes)
def test_a_turned_canvas_is_as_small_as_can_be(degrees, size):
    turned = Rotate(degrees)
    angle = math.radians(turned.degrees)
    corners = [
        (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
        for x in (0, size.width)
        for y in (0, size.height)
    ]

    after = turned.size_after(size)

    for side, along in ((after.width, 0), (after.height, 1)):
        needed = max(corner[along] for corner in corners) - min(corner[along] for corner in corners)
        assert needed - 1e-5 <= side < needed + 1


@pytest.mark.parametrize(("degrees", "same"), [(360, 0), (-360, 0), (-90, 270), (-0.5, 359.5), (-1e-9, 0), (90.0, 90)])
def test_equal_turns_are_equal(degrees, same):
    assert Rotate(degrees) == Rotate(same)
    assert 0 <= Rotate(degrees).degrees < 360


@pytest.mark.parametrize("degrees", [361, -360.5, math.nan, math.inf, True, "90", None])
def test_a_turn_out_of_range_is_refused(degrees):
    with pytest.raises(InvalidInput, match="degrees must be -360 to 360"):
        Rotate(degrees)


# Pad and round


@pytest.mark.parametrize(
    ("pad", "sides"),
    [
        (Pad(1), (1, 1, 1, 1)),
        (Pad(1, 2), (1, 2, 1, 2)),
        (Pad(1, 2, 3), (1, 2, 3, 2)),
        (Pad(1, 2, 3, 4), (1, 2, 3, 4)),
        (Pad(1, left=4), (1, 1, 1, 4)),
        (Pad(1, bottom=3), (1, 1, 3, 1)),
    ],
)
def test_a_side_of_a_pad_that_is_left_out_follows_as_in_css(pad, sides):
    assert (pad.top, pad.right, pad.bottom, pad.left) == sides


def test_a_pad_adds_its_sides_to_the_size():
    assert Pad(1, 20, 300, 4000).size_after(Size(100, 50)) == Size(4120, 351)


@pytest.mark.parametrize(
    ("radius", "radii"), [(1, (1, 1)), (25, (25, 25)), (26, (25.5, 25.5)), (4096, (25.5, 25.5)), ("max", (50, 25.5))]
)
def test_corners_are_rounded_by_half_of_the_shorter_side_at_most(radius, radii):
    assert Round(radius).radii_in(Size(100, 51)) == radii


# Watermark


def test_text_is_composed_so_that_equal_text_is_equal():
    assert Watermark("e\u0301") == Watermark("\u00e9")


@pytest.mark.parametrize("text", ["hello", "Grüße, 世界", "a b", "x" * 256, "🙂"])
def test_visible_text_is_taken(text):
    assert Watermark(text).text == text


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\u202eevil", "\u2028", "\ud800", "\ue000", "\u200b"])
def test_invisible_characters_are_refused_by_their_number(text):
    with pytest.raises(InvalidParameter, match=r"text must not hold the invisible character U\+") as caught:
        Watermark(text)

    assert caught.value.path == ("text",)
    assert str(caught.value.value).startswith("U+")


@pytest.mark.parametrize("text", ["", "x" * 257])
def test_text_has_1_to_256_characters(text):
    with pytest.raises(InvalidInput, match="text must be text of 1 to 256 characters"):
        Watermark(text)


def test_a_watermark_is_small_and_half_transparent_by_default():
    assert Watermark("x") == Watermark("x", Gravity.SOUTHEAST, 0.5, Percent(5), 10, 10, WHITE)


# Ranges, no-ops and merging


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Blur(0.2), "sigma"),
        (lambda: Blur(1e6), "sigma"),
        (lambda: Sharpen(sigma=10.1), "sigma"),
        (lambda: Sharpen(amount=501), "amount"),
        (lambda: Sepia(-1), "amount"),
        (lambda: Adjust(brightness=101), "brightness"),
        (lambda: Adjust(hue=360), "hue"),
        (lambda: Adjust(gamma=0.29), "gamma"),
        (lambda: Adjust(gamma=3.01), "gamma"),
        (lambda: Pad(4001), "top"),
        (lambda: Pad(0, -1), "right"),
        (lambda: Pad(0, left=True), "left"),
        (lambda: Tint(WHITE, 101), "amount"),
        (lambda: Pixelate(1), "size"),
        (lambda: Pixelate(201), "size"),
        (lambda: Round(0), "radius"),
        (lambda: Round("min"), "radius"),
        (lambda: Resize(width=8193), "width"),
        (lambda: Resize(width=Percent(1000), height=0), "height"),
        (lambda: Crop(width=Percent(101), height=1), "width"),
        (lambda: Watermark("x", opacity=1.1), "opacity"),
        (lambda: Watermark("x", size=Percent(0)), "size"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(make, name):
    with pytest.raises(InvalidInput, match=f"{name} must be ") as caught:
        make()

    assert caught.value.path == (name,)
    assert caught.value.allowed


@pytest.mark.parametrize(
    "operation",
    [
        AutoOrient(),
        Rotate(0),
        Rotate(360),
        Pad(0),
        Pad(0, background=WHITE),
        Sepia(0),
        Tint(WHITE, 0),
        Sharpen(amount=0),
        Watermark("x", opacity=0),
        Adjust(),
        Adjust(hue=0, gamma=1.0),
    ],
)
def test_what_leaves_every_picture_as_it_is_changes_nothing(operation):
    assert changes_nothing(operation)


@pytest.mark.parametrize(
    "operation",
    [
        AutoOrient(enabled=False),
        Rotate(0.1, Color(0, 0, 0)),
        Sepia(1),
        Sharpen(),
        Watermark("x"),
        Adjust(contrast=-1),
        Adjust(hue=1),
        Adjust(gamma=0.99),
        Pad(0, 0, 0, 1),
        Invert(),
        Tint(WHITE, 0.1),
        Pixelate(2),
        Round(1),
        Blur(0.3),
        Flip(),
        Grayscale(),
        Resize(width=Percent(100)),
    ],
)
def test_everything_else_changes_something(operation):
    assert not changes_nothing(operation)


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Adjust(brightness=1), Adjust(contrast=2), Adjust(brightness=1, contrast=2)),
        (Adjust(brightness=1, contrast=2), Adjust(saturation=3), Adjust(1, 2, 3)),
        (Adjust(brightness=1), Adjust(saturation=3), Adjust(1, 0, 3)),
        (Adjust(brightness=1), Adjust(hue=4, gamma=2), Adjust(1, hue=4, gamma=2)),
        (Adjust(gamma=2), Adjust(hue=4), None),
        (Adjust(gamma=2), Adjust(gamma=0.5), None),
        (Adjust(), Adjust(brightness=1), Adjust(brightness=1)),
        (Adjust(contrast=1), Adjust(), Adjust(contrast=1)),
        # Here the second would have to be done before the first, or twice.
        (Adjust(contrast=2), Adjust(brightness=1), None),
        (Adjust(brightness=1), Adjust(brightness=1), None),
        (Adjust(brightness=1, saturation=3), Adjust(contrast=2), None),
    ],
)
def test_adjustments_are_merged_only_in_their_order_of_work(first, second, both):
    assert merged(first, second) == both


# Trim, gravity, dpr, kernels


def test_a_focal_point_holds_the_window_as_far_as_the_edges_allow():
    wide = Size(1000, 100)
    assert parse("crop:100:100@fp:0.5:0.5").steps[0].box_in(wide) == Box(450, 0, 100, 100)
    assert parse("crop:100:100@fp:0.02:0.5").steps[0].box_in(wide) == Box(0, 0, 100, 100)
    assert parse("rs:cover:100:100:fp:1:0").steps[0].layout_in(wide).window == Box(900, 0, 100, 100)


@pytest.mark.parametrize("gravity", ["smart", "attention", "entropy", "fp:0.25:1"])
def test_contain_has_nothing_to_choose_for_a_gravity_that_looks(gravity):
    with pytest.raises(ConflictingParameters, match="contain shows all of the picture") as caught:
        read_parameters(Resize, {"width": 5, "height": 5, "fit": "contain", "gravity": gravity})

    assert caught.value.path == ("gravity",)


def test_attention_is_another_word_for_smart():
    assert parse("w:5,h:5,g:attention") == parse("w:5,h:5,g:smart")


@pytest.mark.parametrize(
    ("text", "size"),
    [("w:100,dpr:2", (200, 150)), ("w:100,dpr:0.5", (50, 38)), ("rs:stretch:10p:10p,dpr:1.5", (60, 45))],
)
def test_a_dense_screen_gets_more_pixels(text, size):
    assert parse(text).steps[0].layout_in(Size(400, 300)).canvas == Size(*size)


# Watermarks


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "text"),
        ({"text": "x", "image": str(UUID(int=1))}, "image"),
        ({"text": "x", "scale": 0.5}, "scale"),
        ({"image": str(UUID(int=1)), "size": 20}, "size"),
        ({"image": str(UUID(int=1)), "color": "red"}, "color"),
        ({"image": str(UUID(int=1)), "font": "mono"}, "font"),
        ({"image": str(UUID(int=1)), "stroke": 2}, "stroke"),
    ],
)
def test_a_watermark_is_a_text_or_an_image_with_what_belongs_to_it(given, name):
    with pytest.raises(ConflictingParameters) as caught:
        read_parameters(Watermark, given)

    assert caught.value.path == (name,)


def test_a_spec_knows_the_images_that_it_needs():
    one, other = UUID(int=1), UUID(int=2)
    spec = TransformSpec([Watermark("x"), Watermark(image=one), Watermark(image=other), Watermark(image=one)])

    assert spec.overlays == {one: 1, other: 2}


def test_an_image_is_named_in_upper_case_too():
    mark = UUID("cce7a653-0000-4000-8000-0123456789ab")

    assert parse(f"wm:{str(mark).upper()}").steps == (Watermark(image=mark),)
    assert read_parameters(Watermark, {"image": str(mark).upper()}).image == mark
