"""What every image engine promises of trims: which pixels are border, and what happens to the steps after."""

import pytest
from PIL import Image, ImageOps

from imgsvc.domain.color import Color
from imgsvc.domain.errors import CropOutOfBounds, OutputTooLarge
from imgsvc.domain.operations import Crop, Pad, Rotate, Trim
from tests.contracts.engines import engine, made, same, spec_of  # noqa: F401  # engine is a fixture
from tests.pictures import BLUE, CLEAR, GREEN, RED, WHITE, encoded, half_clear, quadrants, textured, with_orientation

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes


def framed(picture: Image.Image, color, left=7, top=3, right=5, bottom=2) -> Image.Image:
    return ImageOps.expand(picture, (left, top, right, bottom), color)


@pytest.mark.parametrize("frame", [WHITE, RED, (1, 2, 3)])
def test_a_frame_is_cut_off_exactly(engine, frame):
    picture = Image.new("RGB", (30, 20), (90, 160, 200))

    assert same(made(engine, framed(picture, frame), "trim"), picture)


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_border_may_lie_on_one_side_only(engine, side):
    edges = {"left": 0, "top": 0, "right": 0, "bottom": 0, side: 9}
    # The top-left pixel decides, so a border below or to the right has to be named.
    picture = Image.new("RGB", (30, 20), BLUE)

    assert same(made(engine, framed(picture, RED, **edges), "trim:0:ff0000"), picture)


@pytest.mark.parametrize("tolerance", [0, 1, 10, 100])
def test_the_tolerance_is_the_last_difference_of_the_border(engine, tolerance):
    ground = (100, 100, 100)
    picture = Image.new("RGB", (40, 20), ground)
    picture.putpixel((3, 3), (100, 100 + tolerance, 100 - tolerance))
    picture.putpixel((20, 10), (100, 100 + tolerance + 1, 100))

    assert made(engine, picture, f"trim:{tolerance}").size == (1, 1)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_each_channel_counts_by_itself(engine, channel):
    ground, beyond = [100, 100, 100], [110, 110, 110]
    beyond[channel] = 111
    picture = Image.new("RGB", (40, 20), tuple(ground))
    picture.paste((110, 90, 110), (5, 5, 35, 15))
    picture.paste(tuple(beyond), (10, 8, 30, 12))

    assert made(engine, picture, "trim").size == (20, 4)


def test_the_default_tolerance_is_ten(engine):
    picture = framed(Image.new("L", (9, 9), 245), 255)

    assert made(engine, picture, "trim").size == picture.size
    assert made(engine, picture, "trim:9").size == (9, 9)


def test_a_transparent_frame_is_cut_off_whatever_colours_it_hides(engine):
    hidden = textured(60, 40).convert("RGBA")
    hidden.putalpha(0)
    hidden.paste((*RED, 255), (11, 12, 31, 22))

    trimmed = made(engine, hidden, "trim")

    assert trimmed.size == (20, 10)
    assert trimmed.getcolors() == [(200, (*RED, 255))]


def test_opacity_is_a_channel_like_the_others(engine):
    picture = Image.new("RGBA", (40, 20), (0, 0, 0, 50))
    picture.paste((0, 0, 0, 60), (5, 5, 35, 15))
    picture.paste((0, 0, 0, 61), (10, 8, 30, 12))

    assert made(engine, picture, "trim").size == (20, 4)


@pytest.mark.parametrize(
    ("trim", "size"),
    [
        (Trim(0, Color(255, 0, 0)), (40, 20)),
        (Trim(0, Color(0, 255, 0)), (60, 40)),
        (Trim(0, Color(255, 0, 0, 0)), (60, 40)),
        (Trim(20, Color(240, 10, 15, 250)), (40, 20)),
    ],
)
def test_the_border_may_have_a_colour_of_its_own(engine, trim, size):
    picture = framed(Image.new("RGB", (40, 20), BLUE), RED, 10, 10, 10, 10)

    assert made(engine, picture, spec_of(trim)).size == size


def test_what_is_opaque_is_no_transparent_border(engine):
    picture = framed(Image.new("RGB", (40, 20), BLUE), (0, 0, 0))

    assert made(engine, picture, "trim:0:00000000").size == picture.size
    assert made(engine, picture, "trim:0:000000").size == (40, 20)


def test_a_transparent_colour_is_any_transparent_border(engine):
    assert same(
        made(engine, half_clear(), spec_of(Trim(0, Color(1, 2, 3, 0)))), Image.new("RGBA", (20, 20), (*RED, 255))
    )


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_is_no_colour_that_is_not(engine, mode):
    picture = framed(Image.new("L", (20, 10), 100), 255).convert(mode)

    assert made(engine, picture, "trim:10:ff0000").size == picture.size
    assert made(engine, picture, "trim:10:ffffff").size == (20, 10)
    assert made(engine, picture, "trim:10:fff8f8").size == (20, 10)


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (30, 20), RED),
        Image.new("RGBA", (30, 20), CLEAR),
        Image.new("L", (1, 1)),
        Image.new("L", (300, 1), 9),
    ],
)
def test_nothing_but_border_stays_as_it_is(engine, picture):
    assert same(made(engine, picture, "trim"), picture)


def test_a_border_is_not_cut_out_of_the_middle(engine):
    picture = Image.new("RGB", (60, 40), WHITE)
    picture.paste(RED, (10, 10, 15, 15))
    picture.paste(GREEN, (50, 30, 55, 35))

    assert same(made(engine, picture, "trim"), picture.crop((10, 10, 55, 35)))


def test_a_trim_looks_at_the_picture_as_it_is_then(engine):
    steps = Crop(x=0, y=0, width=20, height=10), Pad(6, 7, 8, 9, Color(0, 0, 255)), Rotate(90), Trim()

    assert same(made(engine, quadrants(), spec_of(*steps)), Image.new("RGB", (10, 20), RED))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_trim_begins_in_the_corner_of_the_upright_picture(engine, orientation):
    picture = Image.new("RGB", (40, 20), BLUE)
    picture.paste(RED, (16, 0, 40, 20))

    trimmed = made(engine, with_orientation(picture, orientation, "png"), "trim")

    assert same(trimmed, Image.new("RGB", (24, 20), RED))


def test_the_noise_of_a_jpeg_is_border(engine):
    content = encoded(framed(textured(160, 160), WHITE, 32, 32, 32, 32), "jpeg", quality=60, subsampling=2)

    width, height = made(engine, content, "trim:40,f:png").size

    assert abs(width - 160) <= 4
    assert abs(height - 160) <= 4


def test_what_follows_begins_with_the_trimmed_size(engine):
    picture = framed(Image.new("RGB", (40, 20), BLUE), RED, 30, 30, 30, 30)

    assert made(engine, picture, "trim,rs:inside:50p:").size == (20, 10)
    assert made(engine, picture, "trim,rs:inside:50p:,pad:1,trim").size == (20, 10)
    assert made(engine, picture, "rs:inside:50p:,trim:200,crop:100p:50p").size == (20, 5)


def test_a_crop_that_a_trim_leaves_no_room_for_is_refused(engine):
    picture = framed(Image.new("RGB", (40, 20), BLUE), RED, 30, 30, 30, 30)

    with pytest.raises(CropOutOfBounds) as caught:
        made(engine, picture, "flip,trim,crop:60:0:10:10")

    assert caught.value.path == ("steps", 2, "x")


@pytest.mark.parametrize("before", ["", "flip,mirror,"])
def test_the_limits_are_checked_again_after_a_trim(engine, before):
    line = framed(Image.new("RGB", (400, 4), BLUE), RED, 0, 48, 0, 48)

    with pytest.raises(OutputTooLarge) as caught:
        made(engine, line, f"{before}trim,rot:180,rs:inside::100,el:1")

    assert caught.value.path == ("steps", before.count(",") + 2)


def test_a_result_that_only_a_trim_makes_too_large_is_refused(engine):
    # As it is it would become 5000 pixels wide; trimmed it stays at 10000, which were let in.
    line = framed(Image.new("RGB", (10000, 50), BLUE), RED, 0, 25, 0, 25)

    with pytest.raises(OutputTooLarge):
        made(engine, line, "trim,rs:inside::50")
