"""What every image engine promises of text that is written on pictures."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from imgsvc.domain.color import Color
from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.geometry import Gravity, Percent
from imgsvc.domain.operations import Rotate, Watermark
from tests.contracts.engines import close, engine, made, spec_of  # noqa: F401  # engine is a fixture
from tests.pictures import BLACK, BLUE, CLEAR, RED, WHITE, encoded, quadrants

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

GREY = (128, 128, 128)


def changed_box(engine, source, *steps) -> tuple[int, int, int, int] | None:
    picture = made(engine, source, spec_of(*steps))
    return ImageChops.difference(picture.convert("RGB"), source.convert("RGB")).getbbox()


@pytest.mark.parametrize("gravity", Gravity)
def test_a_watermark_changes_its_own_region_only(engine, gravity):
    source = Image.new("RGB", (300, 200), BLUE)

    box = changed_box(engine, source, Watermark("imgsvc", gravity, opacity=1, size=20, x=12, y=7))

    left, top, right, bottom = box
    horizontal = {0.0: left - 12, 0.5: (left + right) // 2 - 150, 1.0: 288 - right}[gravity.horizontal]
    vertical = {0.0: top - 7, 0.5: (top + bottom) // 2 - 100, 1.0: 193 - bottom}[gravity.vertical]
    assert abs(horizontal) <= 1
    assert abs(vertical) <= 1
    assert 50 < right - left < 100
    assert 12 < bottom - top < 26


def test_a_watermark_is_as_strong_as_its_opacity_and_colour(engine):
    source = Image.new("RGB", (200, 100), BLACK)

    def strongest(**parameters):
        picture = made(engine, source, spec_of(Watermark("MMMM", Gravity.CENTER, size=40, **parameters)))
        return tuple(highest for _, highest in picture.getextrema())

    assert strongest(opacity=1) == WHITE
    assert close(strongest(opacity=0.5), GREY, 1)
    assert close(strongest(opacity=0.5, color=Color(255, 0, 0, 128)), (64, 0, 0), 1)


def test_a_watermark_in_percent_grows_with_the_picture(engine):
    boxes = [
        changed_box(engine, Image.new("RGB", (side, side)), Watermark("imgsvc", Gravity.CENTER, size=Percent(10)))
        for side in (200, 400)
    ]

    widths = [right - left for left, _, right, _ in boxes]
    assert abs(widths[1] - 2 * widths[0]) <= 4


@pytest.mark.parametrize("text", ["i" * 256, "a rather long line of text, too long for the picture", "W"])
def test_a_watermark_shrinks_to_fit(engine, text):
    source = Image.new("RGB", (200, 60), BLACK)

    left, top, right, bottom = changed_box(engine, source, Watermark(text, Gravity.SOUTHEAST, opacity=1, size=1000))

    assert left >= 0
    assert top >= 0
    assert (right, bottom) == (190, 50)


def test_only_margins_from_an_edge_take_room_from_a_watermark(engine):
    source, mark = Image.new("RGB", (100, 100)), Watermark("imgsvc", Gravity.CENTER, size=1000, x=40, y=40)

    left, _, right, _ = changed_box(engine, source, mark)

    assert right - left > 90


@pytest.mark.parametrize(
    "step",
    [
        Watermark("   "),
        Watermark("beside", x=8192, y=8192),
        Watermark("beside", Gravity.NORTHWEST, x=8192),
        Watermark("imgsvc", color=Color(255, 255, 255, 0)),
    ],
)
def test_a_watermark_without_visible_ink_changes_nothing(engine, step):
    assert changed_box(engine, quadrants(), step) is None


def test_a_watermark_fits_on_a_single_pixel(engine):
    assert made(engine, Image.new("RGB", (1, 1)), spec_of(Watermark("imgsvc", opacity=1))).size == (1, 1)


def test_a_watermark_shows_on_what_is_transparent(engine):
    clear = Image.new("RGBA", (200, 100), CLEAR)

    picture = made(engine, clear, spec_of(Watermark("MMMM", Gravity.CENTER, 1, 40, color=Color(255, 0, 0))))

    assert picture.getpixel((0, 0)) == CLEAR
    seen = [pixel for pixel in picture.get_flattened_data() if pixel[3] > 0]
    assert all(pixel[:3] == RED for pixel in seen)
    assert max(pixel[3] for pixel in seen) == 255


@pytest.mark.parametrize(("color", "mode"), [(Color(200, 200, 200), "L"), (Color(200, 0, 0), "RGB")])
def test_a_watermark_makes_a_grey_picture_no_more_colourful_than_itself(engine, color, mode):
    picture = made(engine, Image.new("L", (200, 100)), spec_of(Watermark("imgsvc", color=color)))

    assert picture.mode == mode


@pytest.mark.parametrize("text", ["a\u05d0", "\u0627", "\u6f22", "q\u0308", "\U0001f9ff"])
def test_text_that_cannot_be_drawn_is_refused_before_any_picture(engine, text):
    spec = spec_of(Rotate(90), Watermark("fine"), Watermark(text))

    with pytest.raises(InvalidParameter, match=r"U\+") as caught:
        engine.check(spec)

    assert caught.value.path == ("steps", 2, "text")
    with pytest.raises(InvalidParameter):
        engine.render(BytesIO(encoded(quadrants())), spec)
