"""What every image engine promises of watermarks: where they go, how large they are, and how strong."""

from io import BytesIO
from uuid import UUID

import pytest
from PIL import Image, ImageChops

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.color import Color
from imgsvc.domain.errors import CorruptImage, ImageTooLarge, InvalidParameter, UnsupportedFormat
from imgsvc.domain.geometry import Gravity, Percent, Size
from imgsvc.domain.limits import Limits
from imgsvc.domain.operations import Crop, Flip, Font, Rotate, Trim, Watermark
from tests.contracts.engines import close, corners, engine, made, spec_of  # noqa: F401  # engine is a fixture
from tests.pictures import (
    BLACK,
    BLUE,
    GREEN,
    QUADRANTS,
    RED,
    WHITE,
    animated,
    encoded,
    png_claiming,
    quadrants,
    srgb_profile,
    swapped_profile,
    with_orientation,
)

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

ONE, OTHER = UUID(int=1), UUID(int=2)
LOGO = Image.new("RGB", (40, 20), RED)


def ground(width: int = 200, height: int = 100, color=BLUE) -> Image.Image:
    return Image.new("RGB", (width, height), color)


def marked(engine, picture, mark: Watermark, image=LOGO) -> Image.Image:
    return made(engine, picture, spec_of(mark), {ONE: image})


def box_of(picture: Image.Image, color=RED) -> tuple[int, int, int, int] | None:
    """Where exactly that colour is."""
    difference = ImageChops.difference(picture.convert("RGB"), Image.new("RGB", picture.size, color))
    red, green, blue = (band.point(lambda value: 255 * (value == 0)) for band in difference.split())
    return ImageChops.multiply(ImageChops.multiply(red, green), blue).getbbox()


def changed_box(picture: Image.Image, color=BLUE) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(picture.convert("RGB"), Image.new("RGB", picture.size, color)).getbbox()


@pytest.mark.parametrize("gravity", Gravity)
def test_an_image_lies_where_gravity_and_margins_say(engine, gravity):
    mark = Watermark(image=ONE, gravity=gravity, opacity=1, scale=0.2, x=12, y=7)

    picture = marked(engine, ground(), mark)

    place = gravity.place(Size(40, 20), Size(200, 100), 12, 7)
    assert box_of(picture) == changed_box(picture) == (place.left, place.top, place.right, place.bottom)


@pytest.mark.parametrize(("scale", "size"), [(0.25, (50, 25)), (0.1, (20, 10)), (0.005, (1, 1)), (0.4, (80, 40))])
def test_the_scale_is_a_part_of_the_width_of_the_picture(engine, scale, size):
    left, top, right, bottom = box_of(marked(engine, ground(), Watermark(image=ONE, opacity=1, scale=scale)))

    assert (right - left, bottom - top) == size
    assert (right, bottom) == (190, 90)


def test_the_scale_is_that_of_the_picture_at_its_step(engine):
    steps = Crop(x=0, y=0, width=100, height=100), Watermark(image=ONE, opacity=1, x=0, y=0), Rotate(90)

    picture = made(engine, ground(), spec_of(*steps), {ONE: LOGO})

    assert box_of(picture) == (0, 75, 13, 100)


@pytest.mark.parametrize(
    ("mark", "box"),
    [
        (Watermark(image=ONE, opacity=1, scale=1), (10, 0, 190, 90)),
        (Watermark(image=ONE, opacity=1, scale=1, x=0, y=0), (0, 0, 200, 100)),
        (Watermark(image=ONE, gravity=Gravity.CENTER, opacity=1, scale=1, x=99, y=99), (0, 0, 200, 100)),
        (Watermark(image=ONE, gravity=Gravity.WEST, opacity=1, scale=1, x=150), (150, 37, 200, 62)),
        (Watermark(image=ONE, gravity=Gravity.NORTH, opacity=1, scale=1, y=80), (80, 80, 120, 100)),
    ],
)
def test_an_image_is_shrunk_to_its_room_and_never_cut(engine, mark, box):
    assert box_of(marked(engine, ground(), mark)) == box


def test_a_tall_image_is_shrunk_to_the_height(engine):
    picture = marked(engine, ground(), Watermark(image=ONE, opacity=1), quadrants(20, 200))

    left, top, right, bottom = changed_box(picture)
    assert (right - left, bottom - top) == (9, 90)
    assert all(
        close(a, b, 60) for a, b in zip(corners(picture.crop((left, top, right, bottom))), QUADRANTS, strict=True)
    )


@pytest.mark.parametrize(
    ("opacity", "alpha", "seen"),
    [(1, 255, RED), (0.5, 255, (128, 0, 128)), (0.5, 128, (64, 0, 191)), (0.2, 255, (51, 0, 204))],
)
def test_the_opacity_multiplies_that_of_the_image(engine, opacity, alpha, seen):
    logo = Image.new("RGBA", (40, 20), (*RED, alpha))

    picture = marked(engine, ground(), Watermark(image=ONE, gravity=Gravity.CENTER, opacity=opacity), logo)

    assert close(picture.getpixel((100, 50)), seen, 2)
    assert picture.getpixel((10, 10)) == BLUE


def test_a_transparent_part_of_an_image_changes_nothing(engine):
    logo = Image.new("RGBA", (40, 20), (*GREEN, 0))
    logo.paste((*RED, 255), (0, 0, 20, 20))

    picture = marked(engine, ground(), Watermark(image=ONE, opacity=1, scale=0.2, x=0, y=0), logo)

    assert box_of(picture) == changed_box(picture) == (160, 80, 180, 100)


def test_an_image_shows_on_what_is_transparent(engine):
    clear = Image.new("RGBA", (200, 100))

    picture = marked(engine, clear, Watermark(image=ONE, gravity=Gravity.CENTER))

    assert picture.getpixel((0, 0))[3] == 0
    assert close(picture.getpixel((100, 50)), (*RED, 128), 1)


@pytest.mark.parametrize(("logo", "mode"), [("L", "L"), ("LA", "L"), ("RGB", "RGB"), ("P", "RGB")])
def test_a_grey_picture_stays_grey_under_a_grey_image(engine, logo, mode):
    assert (
        marked(engine, Image.new("L", (60, 40)), Watermark(image=ONE), quadrants(mode="RGB").convert(logo)).mode == mode
    )


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (0, (RED, GREEN, BLUE, WHITE)),
        (90, (BLUE, RED, WHITE, GREEN)),
        (180, (WHITE, BLUE, GREEN, RED)),
        (-90, (GREEN, WHITE, RED, BLUE)),
    ],
)
def test_an_image_turns_clockwise(engine, degrees, expected):
    mark = Watermark(image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.2, rotate=degrees, x=5, y=3)

    picture = marked(engine, ground(color=BLACK), mark, quadrants())

    box = changed_box(picture, BLACK)
    assert box == ((5, 3, 45, 23) if degrees % 180 == 0 else (5, 3, 25, 43))
    assert corners(picture.crop(box)) == expected


def test_at_other_angles_the_canvas_of_an_image_grows(engine):
    mark = Watermark(image=ONE, gravity=Gravity.CENTER, opacity=1, scale=0.2, rotate=45)

    left, top, right, bottom = changed_box(picture := marked(engine, ground(), mark, ground(40, 40, RED)))

    assert abs(right - left - 57) <= 1
    assert abs(bottom - top - 57) <= 1
    assert [picture.getpixel(at) for at in ((100, 25), (100, 50), (75, 50), (75, 30))] == [RED, RED, RED, BLUE]


@pytest.mark.parametrize("degrees", [30, 90, 222])
def test_a_turned_image_is_shrunk_until_all_of_it_is_in_its_room(engine, degrees):
    mark = Watermark(image=ONE, opacity=1, scale=1, rotate=degrees)

    left, top, right, bottom = changed_box(marked(engine, ground(), mark))

    assert left >= 0
    assert top >= 0
    assert 188 <= right <= 190
    assert 88 <= bottom <= 90
    assert bottom - top >= 86


@pytest.mark.parametrize(
    ("gravity", "anchor"), [(Gravity.NORTHWEST, (0, 0)), (Gravity.SOUTHEAST, (180, 90)), (Gravity.CENTER, (90, 45))]
)
def test_a_tile_is_repeated_all_over_from_its_anchor(engine, gravity, anchor):
    # A stamp of 20 x 10, and gaps of 10 and 5, on 200 x 100: a period of 30 x 15.
    mark = Watermark(image=ONE, gravity=gravity, opacity=1, scale=0.1, tile=True, x=10, y=5)

    picture = marked(engine, ground(), mark)

    expected = ground()
    for column in range(-8, 9):
        for row in range(-8, 9):
            left, top = anchor[0] + 30 * column, anchor[1] + 15 * row
            expected.paste(RED, (left, top, left + 20, top + 10))
    assert ImageChops.difference(picture, expected).getbbox() is None


def test_tiles_may_lie_side_by_side(engine):
    picture = marked(engine, ground(), Watermark(image=ONE, opacity=0.5, scale=0.03, tile=True, x=0, y=0))

    assert len(picture.getcolors()) == 1
    assert close(picture.getpixel((100, 50)), (128, 0, 128), 2)


def test_a_large_picture_has_as_many_tiles_as_fit(engine):
    mark = Watermark(image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.01, tile=True, x=10, y=15)

    picture = marked(engine, ground(2000, 700), mark)

    # Of 20 x 10 each, every 30 across and every 25 down.
    red = sum(count for count, color in picture.getcolors() if color == RED)
    assert red == (66 * 20 + 20) * (28 * 10)
    assert [picture.getpixel(at) for at in ((1980, 675), (1999, 684), (1979, 675), (1999, 685))] == [
        RED,
        RED,
        BLUE,
        BLUE,
    ]


def test_tiles_turn_each_by_itself(engine):
    mark = Watermark(image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.1, tile=True, rotate=90, x=10, y=20)

    picture = marked(engine, ground(), mark)

    expected = ground()
    for left in range(0, 200, 20):
        for top in range(0, 100, 40):
            expected.paste(RED, (left, top, left + 10, top + 20))
    assert ImageChops.difference(picture, expected).getbbox() is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_brought_upright(engine, orientation):
    mark = Watermark(image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.2, x=0, y=0)

    picture = marked(engine, ground(), mark, with_orientation(quadrants(), orientation, "png"))

    assert corners(picture.crop((0, 0, 40, 20))) == QUADRANTS


def test_an_image_has_its_colours_by_its_profile(engine):
    mark = Watermark(image=ONE, gravity=Gravity.CENTER, opacity=1)
    logo = encoded(LOGO, "png", icc_profile=swapped_profile())

    assert close(marked(engine, ground(), mark, logo).getpixel((100, 50)), GREEN, 3)
    plain = encoded(LOGO, "png", icc_profile=srgb_profile())
    assert close(marked(engine, ground(), mark, plain).getpixel((100, 50)), RED, 1)


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_an_animation_lends_its_first_frame(engine, format):
    picture = marked(engine, ground(), Watermark(image=ONE, gravity=Gravity.CENTER, opacity=1), animated(format))

    assert close(picture.getpixel((100, 50)), (0, 0, 200), 12)


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif", "bmp", "tiff"])
def test_an_image_may_have_any_format_that_is_read(engine, format):
    mark = Watermark(image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.4, x=0, y=0)

    picture = marked(engine, ground(), mark, encoded(quadrants(640, 320), format))

    assert all(close(a, b, 8) for a, b in zip(corners(picture.crop((0, 0, 80, 40))), QUADRANTS, strict=True))


def test_each_watermark_has_its_own_image_and_one_may_serve_twice(engine):
    marks = (
        Watermark(image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.2, x=0, y=0),
        Watermark(image=OTHER, gravity=Gravity.NORTHEAST, opacity=1, scale=0.2, x=0, y=0),
        Watermark(image=ONE, gravity=Gravity.SOUTHEAST, opacity=1, scale=0.1, x=0, y=0),
    )

    picture = made(engine, ground(), spec_of(*marks), {OTHER: ground(40, 20, GREEN), ONE: LOGO})

    assert [picture.getpixel(at) for at in ((5, 5), (195, 5), (195, 95))] == [RED, GREEN, RED]
    assert box_of(picture, GREEN) == (160, 0, 200, 20)


def test_a_watermark_goes_on_what_a_trim_left(engine):
    framed = Image.new("RGB", (300, 200), WHITE)
    framed.paste(BLUE, (50, 50, 250, 150))

    picture = made(engine, framed, spec_of(Trim(), Watermark(image=ONE, opacity=1, scale=0.2)), {ONE: LOGO})

    assert (picture.size, box_of(picture)) == ((200, 100), (150, 70, 190, 90))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no picture at all", UnsupportedFormat),
        (png_claiming(20000, 10), ImageTooLarge),
        (png_claiming(9000, 9000), ImageTooLarge),
        (png_claiming(100, 100), CorruptImage),
        (encoded(LOGO)[:-30], CorruptImage),
    ],
    ids=["no picture", "too long", "too large", "empty", "cut"],
)
def test_what_is_wrong_with_an_image_is_told_under_its_step(engine, content, error):
    spec = spec_of(Flip(), Watermark("fine"), Watermark(image=ONE))

    with pytest.raises(error) as caught:
        made(engine, ground(), spec, {ONE: content})

    assert caught.value.path == ("steps", 2, "image")


def test_an_image_that_was_not_given_is_named(engine):
    with pytest.raises(InvalidParameter, match=str(OTHER)) as caught:
        made(engine, ground(), spec_of(Flip(), Watermark(image=OTHER)), {ONE: LOGO})

    assert caught.value.path == ("steps", 1, "image")


@pytest.mark.parametrize("name", ["pillow", "vips"])
def test_an_image_keeps_to_the_limits_of_sources(name):
    strict = open_engine(name, Limits(max_pixels=20000))
    mark = spec_of(Watermark(image=ONE, scale=0.01))

    with pytest.raises(ImageTooLarge) as caught:
        made(strict, ground(100, 100), mark, {ONE: ground(201, 100)})

    assert caught.value.path == ("steps", 0, "image")
    assert made(strict, ground(100, 100), mark, {ONE: ground(200, 100)}).size == (100, 100)


def test_streams_of_images_stay_open_and_are_read_from_their_start(engine):
    image = BytesIO(encoded(LOGO))
    image.seek(5)

    for _ in range(2):
        engine.render(BytesIO(encoded(ground())), spec_of(Watermark(image=ONE)), {ONE: image})

    assert not image.closed


# Text


@pytest.mark.parametrize("font", Font)
def test_every_font_writes_on_pictures(engine, font):
    mark = Watermark("imgsvc", Gravity.CENTER, 1, 40, font=font)

    left, top, right, bottom = changed_box(made(engine, ground(), spec_of(mark)))

    assert 90 < right - left < 190
    assert 25 < bottom - top < 60


def test_bold_letters_have_more_ink_and_those_of_mono_one_width(engine):
    def ink(text, font):
        picture = made(engine, ground(400, color=BLACK), spec_of(Watermark(text, Gravity.CENTER, 1, 40, font=font)))
        return sum(picture.convert("L").get_flattened_data()), changed_box(picture, BLACK)

    assert ink("imgsvc", Font.SANS_BOLD)[0] > 1.2 * ink("imgsvc", Font.SANS)[0]
    for font, same in ((Font.MONO, True), (Font.SANS, False)):
        narrow, wide = (ink(f"|{letter * 8}|", font)[1] for letter in "iW")
        assert (abs(narrow[2] - narrow[0] - wide[2] + wide[0]) <= 2) is same


def test_a_stroke_is_drawn_around_the_letters(engine):
    plain, stroked = (
        Watermark("imgsvc", Gravity.CENTER, 1, 40, stroke=width, stroke_color=Color(255, 0, 0)) for width in (0, 4)
    )

    without, picture = made(engine, ground(), spec_of(plain)), made(engine, ground(), spec_of(stroked))

    assert box_of(picture, WHITE) is not None
    inner, outer = changed_box(without), changed_box(picture)
    grown = (inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3])
    assert all(3 <= pixels <= 5 for pixels in grown)
    assert box_of(without) is None
    assert box_of(picture) is not None


def test_a_stroke_does_not_show_through_the_letters(engine):
    mark = Watermark("I", Gravity.CENTER, 1, 80, color=Color(0, 255, 0, 128), stroke=5, stroke_color=Color(255, 0, 0))

    picture = made(engine, ground(), spec_of(mark))

    # In the middle of the letter: half of green, half of the ground, and nothing of the stroke.
    assert close(picture.getpixel((100, 50)), (0, 128, 127), 2)
    assert box_of(picture) is not None


def test_margins_count_from_the_stroke(engine):
    mark = Watermark("imgsvc", Gravity.NORTHWEST, 1, 30, 12, 7, stroke=6)

    assert changed_box(made(engine, ground(), spec_of(mark)))[:2] == (12, 7)


@pytest.mark.parametrize("rotate", [0, 33])
def test_text_with_its_stroke_shrinks_to_its_room(engine, rotate):
    mark = Watermark("imgsvc" * 9, opacity=1, size=Percent(100), stroke=20, rotate=rotate)

    left, top, right, bottom = changed_box(made(engine, ground(), spec_of(mark)))

    assert left >= 0
    assert top >= 0
    assert 188 <= right <= 190
    assert 88 <= bottom <= 90


def test_text_turns_clockwise(engine):
    upright, turned = (
        changed_box(made(engine, ground(), spec_of(Watermark("imgsvc", Gravity.CENTER, 1, 20, rotate=degrees))))
        for degrees in (0, 90)
    )

    assert abs((upright[2] - upright[0]) - (turned[3] - turned[1])) <= 1
    assert abs((upright[3] - upright[1]) - (turned[2] - turned[0])) <= 1
    # An exclamation mark has its dot below, so on the left after a quarter turn.
    picture = made(engine, ground(), spec_of(Watermark("!", Gravity.CENTER, 1, 80, rotate=90)))
    left, top, right, bottom = changed_box(picture)
    gap = next(x for x in range(left, right) if picture.getpixel((x, (top + bottom) // 2)) == BLUE)
    assert gap < (left + right) / 2


def test_text_may_be_tiled(engine):
    mark = Watermark("imgsvc", Gravity.NORTHWEST, 1, 12, 10, 20, tile=True, color=Color(255, 0, 0))

    picture = made(engine, ground(600, 400), spec_of(mark))

    left, top, right, bottom = changed_box(picture)
    assert (left, top) == (0, 0)
    assert right > 560
    assert bottom > 380
    one = changed_box(made(engine, ground(600, 400), spec_of(Watermark("imgsvc", Gravity.NORTHWEST, 1, 12, 0, 0))))
    period = one[2] + 10, one[3] + 20
    first, next_one = picture.crop((0, 0, *one[2:])), picture.crop((*period, period[0] + one[2], period[1] + one[3]))
    assert first.tobytes() == next_one.tobytes()


def test_the_gaps_of_a_tile_may_be_parts_of_the_picture(engine):
    mark = Watermark(
        image=ONE, gravity=Gravity.NORTHWEST, opacity=1, scale=0.1, tile=True, x=Percent(10), y=Percent(10)
    )

    picture = marked(engine, ground(), mark)

    assert [picture.getpixel((x, 5)) for x in (0, 19, 20, 39, 40)] == [RED, RED, BLUE, BLUE, RED]
    assert [picture.getpixel((5, y)) for y in (0, 9, 10, 19, 20)] == [RED, RED, BLUE, BLUE, RED]


@pytest.mark.parametrize(("font", "text"), [(Font.SERIF, "snow ☃"), (Font.MONO, "Ⴀ"), (Font.SANS_BOLD, "漢")])
def test_what_the_font_lacks_is_refused_by_name(engine, font, text):
    spec = spec_of(Flip(), Watermark("snow ☃", font=Font.SANS), Watermark(text, font=font))

    with pytest.raises(InvalidParameter, match=r"U\+") as caught:
        engine.check(spec)

    assert caught.value.path == ("steps", 2, "text")
    assert "DejaVu" in caught.value.allowed
