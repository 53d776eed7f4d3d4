"""What every image engine promises of each step (domain/operations), by the pixels it makes."""

import math

import pytest
from PIL import Image, ImageFilter, ImageStat

from imgsvc.domain.errors import CropOutOfBounds, OutputTooLarge
from imgsvc.domain.geometry import Gravity
from imgsvc.domain.operations import Adjust, Sharpen
from tests.contracts.engines import close, corners, engine, made, same, spec_of  # noqa: F401  # engine is a fixture
from tests.pictures import (
    BLACK,
    BLUE,
    GREEN,
    QUADRANTS,
    RED,
    WHITE,
    encoded,
    half_clear,
    quadrants,
    textured,
)

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

GREY = (128, 128, 128)


def test_nothing_to_do_changes_no_pixel(engine):
    assert same(made(engine, textured(33, 21), ""), textured(33, 21))


def test_flip_swaps_top_and_bottom(engine):
    assert corners(made(engine, quadrants(), "flip")) == (BLUE, WHITE, RED, GREEN)


def test_mirror_swaps_left_and_right(engine):
    assert corners(made(engine, quadrants(), "mirror")) == (GREEN, RED, WHITE, BLUE)


@pytest.mark.parametrize(
    ("degrees", "size", "expected"),
    [
        (90, (20, 40), (BLUE, RED, WHITE, GREEN)),
        (180, (40, 20), (WHITE, BLUE, GREEN, RED)),
        (270, (20, 40), (GREEN, WHITE, RED, BLUE)),
        (-90, (20, 40), (GREEN, WHITE, RED, BLUE)),
    ],
)
def test_right_angles_turn_clockwise_and_exactly(engine, degrees, size, expected):
    picture = made(engine, quadrants(), f"rot:{degrees}")

    assert picture.size == size
    assert corners(picture) == expected
    assert same(made(engine, picture, f"rot:{-degrees}"), quadrants())


def test_other_angles_turn_clockwise(engine):
    picture = made(engine, quadrants(200, 200), "rot:45")

    assert picture.size == (283, 283)
    top, right, bottom, left = ((141, 50), (230, 141), (141, 230), (50, 141))
    assert [picture.getpixel(at) for at in (top, right, bottom, left)] == [RED, GREEN, WHITE, BLUE]


def test_a_small_angle_keeps_pixels_in_their_places(engine):
    turned = made(engine, textured(200, 100), "rot:0.01")

    assert same(turned.crop((5, 5, 195, 95)), textured(200, 100).crop((5, 5, 195, 95)), 4)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_pictures_turn_about_their_middle(engine, mode):
    stripes = Image.new(mode, (61, 40), (0, 255)[: len(mode)])
    stripes.paste((255, 255)[: len(mode)], (27, 0, 34, 40))

    turned = made(engine, stripes, "rot:33")

    assert same(turned, turned.transpose(Image.Transpose.ROTATE_180), 3)


def test_new_corners_are_white_without_alpha(engine):
    picture = made(engine, Image.new("RGB", (40, 20), BLUE), "rot:30")

    assert picture.getpixel((0, 0)) == WHITE
    assert picture.getpixel((picture.width // 2, picture.height // 2)) == BLUE


def test_new_corners_are_transparent_with_alpha(engine):
    picture = made(engine, Image.new("RGBA", (40, 20), (*BLUE, 255)), "rot:30")

    assert picture.getpixel((0, 0))[3] == 0
    assert picture.getpixel((picture.width // 2, picture.height // 2)) == (*BLUE, 255)


@pytest.mark.parametrize(("mode", "seen"), [("RGB", RED), ("RGBA", (*RED, 255)), ("L", RED), ("LA", (*RED, 255))])
def test_new_corners_have_the_background(engine, mode, seen):
    picture = made(engine, Image.new(mode, (40, 20)), "rot:30:ff0000")

    assert picture.getpixel((0, 0)) == seen


def test_a_background_with_alpha_gives_the_picture_alpha(engine):
    picture = made(engine, quadrants(), "rot:30:ff000080")

    assert close(picture.getpixel((0, 0)), (*RED, 128), 1)


@pytest.mark.parametrize("background", ["", ":0000ff"])
def test_turning_leaves_no_fringe(engine, background):
    shape = Image.new("RGBA", (60, 60), (*GREEN, 0))
    shape.paste((*RED, 255), (15, 15, 45, 45))

    picture = made(engine, shape, f"rot:20{background}")

    assert all(pixel[1] == 0 for pixel in picture.get_flattened_data() if pixel[3] > 8)


@pytest.mark.parametrize(
    ("spec", "box"),
    [
        ("crop:3:2:10:5", (3, 2, 13, 7)),
        ("crop:0:0:40:20", (0, 0, 40, 20)),
        ("crop:30:15:100:100", (30, 15, 40, 20)),
        ("crop:25p:50p:50p:25p", (10, 10, 30, 15)),
        ("crop:10:4@southeast", (30, 16, 40, 20)),
        ("crop:11:5", (14, 7, 25, 12)),
        ("crop:5:5:20:10,crop:2:1:4:3", (7, 6, 11, 9)),
    ],
)
def test_crops_are_exact(engine, spec, box):
    assert same(made(engine, textured(40, 20), spec), textured(40, 20).crop(box))


@pytest.mark.parametrize("gravity", Gravity)
def test_every_gravity_keeps_its_own_part(engine, gravity):
    columns, rows = {"west": 0, "": 15, "east": 30}, {"north": 0, "": 6, "south": 12}
    name = gravity.value.replace("center", "")
    left = columns[next((one for one in ("west", "east") if name.endswith(one)), "")]
    top = rows[next((one for one in ("north", "south") if name.startswith(one)), "")]
    expected = textured(40, 20).crop((left, top, left + 10, top + 8))

    assert same(made(engine, textured(40, 20), f"crop:10:8@{gravity}"), expected)


def test_a_crop_beside_the_picture_is_refused(engine):
    with pytest.raises(CropOutOfBounds):
        made(engine, quadrants(), "crop:40:0:10:10")


def test_a_crop_shows_nothing_of_what_it_cut_off(engine):
    for format in ("png", "jpeg"):
        content = encoded(quadrants(640, 640), format)

        picture = made(engine, content, "crop:320:320:320:320,rs:inside:16:,f:png").convert("RGB")

        assert all(close(pixel, WHITE, 3) for pixel in picture.get_flattened_data())


@pytest.mark.parametrize(
    ("spec", "size", "expected"),
    [
        ("rs:inside:20:20", (20, 10), QUADRANTS),
        ("rs:outside:20:20", (40, 20), QUADRANTS),
        ("rs:outside:10:10", (20, 10), QUADRANTS),
        ("rs:cover:10:10", (10, 10), QUADRANTS),
        ("rs:cover:10:10:west", (10, 10), (RED, RED, BLUE, BLUE)),
        ("rs:cover:20:5:south", (20, 5), (BLUE, WHITE, BLUE, WHITE)),
        ("rs:stretch:10:20", (10, 20), QUADRANTS),
        ("rs:inside:80:", (40, 20), QUADRANTS),
        ("rs:inside:80:,el:1", (80, 40), QUADRANTS),
        ("rs:cover:60:60,el:1", (60, 60), QUADRANTS),
        ("rs:inside:50p:", (20, 10), QUADRANTS),
    ],
)
def test_every_fit_has_its_size_and_its_pixels(engine, spec, size, expected):
    picture = made(engine, quadrants(), spec)

    assert picture.size == size
    assert all(close(one, other, 12) for one, other in zip(corners(picture), expected, strict=True))


@pytest.mark.parametrize(
    ("gravity", "band"), [("center", (0, 5, 20, 15)), ("north", (0, 0, 20, 10)), ("southwest", (0, 10, 20, 20))]
)
def test_contain_fills_the_rest_with_transparency(engine, gravity, band):
    picture = made(engine, quadrants(), f"rs:contain:20:20:{gravity}")

    assert picture.size == (20, 20)
    assert picture.getchannel("A").getbbox() == band
    assert all(close(a, b, 12) for a, b in zip(corners(picture.crop(band)), QUADRANTS, strict=True))


def test_contain_fills_the_rest_with_the_background(engine):
    picture = made(engine, quadrants(), "rs:contain:20:20::ff8800")

    assert picture.mode == "RGB"
    assert picture.getpixel((10, 2)) == picture.getpixel((10, 17)) == (255, 136, 0)


def test_contain_does_not_enlarge_unless_told(engine):
    left_alone, enlarged = (made(engine, quadrants(), f"rs:contain:80:80{el}") for el in ("", ",el:1"))

    assert left_alone.getchannel("A").getbbox() == (20, 30, 60, 50)
    assert enlarged.getchannel("A").getbbox() == (0, 20, 80, 60)


def test_a_pad_adds_room_on_each_side(engine):
    picture = made(engine, textured(40, 20), "pad:1:2:3:4:ff8800")

    expected = Image.new("RGB", (46, 24), (255, 136, 0))
    expected.paste(textured(40, 20), (4, 1))
    assert picture.mode == "RGB"
    assert same(picture, expected)


def test_the_room_is_transparent_unless_it_has_a_colour(engine):
    clear, half = made(engine, textured(40, 20), "pad:1:2:3:4"), made(engine, quadrants(), "pad:5::::ff000080")

    assert clear.getchannel("A").getbbox() == (4, 1, 44, 21)
    assert same(clear.crop((4, 1, 44, 21)), textured(40, 20))
    assert (half.getpixel((0, 0)), half.getpixel((5, 5))) == ((*RED, 128), (*RED, 255))
    assert close(made(engine, quadrants(), "pad:8,f:jpeg").getpixel((2, 2)), WHITE)


def test_padding_leaves_the_alpha_of_the_picture_alone(engine):
    picture = made(engine, half_clear(), "pad:0:10:::0000ff")

    assert picture.crop((10, 0, 50, 20)).getchannel("A").tobytes() == half_clear().getchannel("A").tobytes()
    assert picture.getpixel((2, 2)) == picture.getpixel((57, 17)) == (*BLUE, 255)


@pytest.mark.parametrize(("spec", "mode"), [("pad:3", "LA"), ("pad:3::::777", "L"), ("pad:3::::700", "RGB")])
def test_room_makes_a_grey_picture_no_more_colourful_than_itself(engine, spec, mode):
    assert made(engine, Image.new("L", (8, 8)), spec).mode == mode


def test_an_unchanged_size_changes_no_pixel(engine):
    assert same(made(engine, textured(40, 20), "rs:stretch:40:20"), textured(40, 20))
    assert same(made(engine, textured(40, 20), "rs:cover:20:20,el:1"), textured(40, 20).crop((10, 0, 30, 20)))


def test_shrinking_averages(engine):
    board = Image.new("L", (64, 64))
    board.putdata([255 * ((x + y) % 2) for y in range(64) for x in range(64)])

    shade = made(engine, board, "rs:inside:8:").getpixel((4, 4))

    assert abs(shade - 127) <= 2


@pytest.mark.parametrize("spec", ["rs:inside:10:", "rs:stretch:80:40,el:1", "rot:15", "blur:3", "sharp:2:300", "px:7"])
def test_what_cannot_be_seen_does_not_bleed(engine, spec):
    picture = made(engine, half_clear(), spec)

    assert all(pixel[1] <= 8 for pixel in picture.get_flattened_data() if pixel[3] > 16)


def test_a_line_can_cover_a_square(engine):
    picture = made(engine, Image.new("RGB", (2000, 1), RED), "rs:cover:300:300,el:1")

    assert picture.size == (300, 300)
    assert picture.getpixel((150, 150)) == RED


def test_grayscale_makes_the_channels_equal(engine):
    picture = made(engine, quadrants(), "gray").convert("RGB")

    assert corners(picture) == ((76, 76, 76), (150, 150, 150), (29, 29, 29), WHITE)


def test_grayscale_keeps_alpha(engine):
    assert made(engine, half_clear(), "gray").convert("RGBA").getpixel((35, 10))[3] == 0


def test_sepia_is_brown_and_mixes(engine):
    full, half, grey = (
        made(engine, quadrants(), "sepia"),
        made(engine, quadrants(), "sepia:50"),
        Image.new("L", (8, 8), 100),
    )

    assert all(
        close(a, b)
        for a, b in zip(corners(full), ((100, 89, 69), (196, 175, 136), (48, 43, 33), (255, 255, 238)), strict=True)
    )
    assert close(half.getpixel((5, 5)), (178, 44, 35))
    assert close(made(engine, grey, "sepia").getpixel((4, 4)), (135, 120, 94))


def test_sepia_keeps_alpha(engine):
    assert made(engine, half_clear(), "sepia").getpixel((35, 10))[3] == 0


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("br:50", (100, 200, 10), (150, 255, 15)),
        ("br:-100", (100, 200, 10), BLACK),
        ("con:100", (100, 200, 128), (72, 255, 128)),
        ("con:-100", (100, 200, 10), GREY),
        ("sat:-100", RED, (76, 76, 76)),
        ("sat:100", (150, 100, 100), (185, 85, 85)),
        ("br:10,con:-50,sat:-100", (100, 100, 100), (119, 119, 119)),
        # By the matrix of the hue-rotate() of CSS.
        ("hue:90", RED, (0, 91, 0)),
        ("hue:180", RED, (0, 109, 109)),
        ("hue:270", (100, 150, 200), (86, 164, 100)),
        ("hue:120", GREY, GREY),
        ("gam:2", (0, 64, 255), (0, 128, 255)),
        ("gam:0.5", (10, 128, 200), (0, 64, 157)),
        ("gam:0.3", (200, 100, 254), (114, 11, 252)),
    ],
)
def test_adjustments_are_as_defined(engine, spec, before, after):
    assert close(made(engine, Image.new("RGB", (8, 8), before), spec).getpixel((4, 4)), after, 1)


def test_one_adjustment_is_its_parts_one_after_another(engine):
    together = spec_of(Adjust(brightness=20, contrast=35, saturation=-40, hue=70, gamma=1.8))

    picture = textured(64, 64)
    for part in ("br:20", "con:35", "sat:-40", "hue:70", "gam:1.8"):
        picture = made(engine, picture, part)

    assert same(made(engine, textured(64, 64), together), picture)


def test_adjustments_leave_alpha_alone(engine):
    picture = made(engine, half_clear(), "br:50,con:50,sat:-50,hue:40,gam:2")

    assert picture.getchannel("A").tobytes() == half_clear().getchannel("A").tobytes()


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_has_no_hue_to_turn_but_a_gamma(engine, mode):
    grey = Image.new(mode, (8, 8), (64, 77)[: len(mode)])

    turned, brighter = made(engine, grey, "hue:90"), made(engine, grey, "gam:2")

    assert turned.getpixel((4, 4)) == grey.getpixel((4, 4))
    assert brighter.getpixel((4, 4)) == (128 if mode == "L" else (128, 77))


def test_turning_hues_all_around_comes_back(engine):
    soft = Image.blend(textured(40, 20), Image.new("RGB", (40, 20), GREY), 0.7)

    assert same(made(engine, soft, "hue:100,flip,hue:260,flip"), soft, 2)


def test_invert_makes_the_negative(engine):
    picture = made(engine, quadrants(), "neg")

    assert corners(picture) == ((0, 255, 255), (255, 0, 255), (255, 255, 0), BLACK)
    assert same(made(engine, textured(40, 20), "neg,neg"), textured(40, 20))


def test_invert_leaves_alpha_alone(engine):
    picture = made(engine, half_clear(), "neg")

    assert (picture.getpixel((5, 10)), picture.getpixel((35, 10))[3]) == ((0, 255, 255, 255), 0)
    assert made(engine, Image.new("LA", (8, 8), (55, 99)), "neg").getpixel((4, 4)) == (200, 99)
    assert close(made(engine, half_clear(), "neg,f:jpeg").getpixel((38, 10)), WHITE)


@pytest.mark.parametrize(
    ("spec", "before", "after"),
    [
        ("tint:ff0000", (76, 76, 76), (254, 0, 0)),  # the colour, at its own luminance
        ("tint:ff0000", (38, 38, 38), (127, 0, 0)),
        ("tint:ff0000", (166, 166, 166), (255, 128, 128)),
        ("tint:ff0000", BLUE, (97, 0, 0)),
        ("tint:ff0000:50", BLUE, (48, 0, 128)),
        ("tint:ff000080", BLUE, (48, 0, 128)),
        ("tint:336699:100", BLACK, BLACK),
        ("tint:336699:100", WHITE, WHITE),
        ("tint:black", BLUE, (29, 29, 29)),
        ("tint:white", BLUE, (29, 29, 29)),
    ],
)
def test_a_tint_is_as_defined(engine, spec, before, after):
    assert close(made(engine, Image.new("RGB", (8, 8), before), spec).getpixel((4, 4)), after, 1)


@pytest.mark.parametrize("spec", ["tint:ff0000", "tint:00ff00:60", "tint:123", "tint:fed:30", "tint:000"])
def test_a_tint_keeps_the_luminance(engine, spec):
    assert same(made(engine, textured(64, 40), f"{spec},gray"), made(engine, textured(64, 40), "gray"), 2)


def test_a_tint_leaves_alpha_alone(engine):
    picture = made(engine, half_clear(), "tint:00ff00")

    assert picture.getchannel("A").tobytes() == half_clear().getchannel("A").tobytes()
    assert close(picture.getpixel((5, 10)), (0, 129, 0, 255), 1)


@pytest.mark.parametrize(("color", "mode"), [("777", "LA"), ("700", "RGBA")])
def test_a_tint_makes_a_grey_picture_no_more_colourful_than_itself(engine, color, mode):
    picture = made(engine, Image.new("LA", (8, 8), (90, 200)), f"tint:{color}")

    assert picture.mode == mode
    assert picture.convert("LA").getpixel((4, 4)) == (90, 200)


def test_blur_softens_edges_by_sigma(engine):
    step = Image.new("L", (120, 20))
    step.paste(255, (60, 0, 120, 20))

    blurred = made(engine, step, "blur:10")

    # One sigma from the edge a Gaussian has risen to 84 %.
    assert abs(blurred.getpixel((60, 10)) - 131) <= 6
    assert abs(blurred.getpixel((70, 10)) - 218) <= 8
    assert blurred.getpixel((0, 10)) == 0
    assert blurred.getpixel((119, 10)) == 255


def test_blur_leaves_an_even_picture_as_it_is(engine):
    assert same(
        made(engine, Image.new("RGB", (30, 30), (10, 100, 200)), "blur:20"), Image.new("RGB", (30, 30), (10, 100, 200))
    )


def test_sharpen_raises_the_contrast_of_edges_only(engine):
    step = Image.new("L", (60, 20), 100)
    step.paste(150, (30, 0, 60, 20))

    sharp = made(engine, step, "sharp:2:100")

    assert sharp.getpixel((29, 10)) < 90
    assert sharp.getpixel((30, 10)) > 160
    assert (sharp.getpixel((5, 10)), sharp.getpixel((55, 10))) == (100, 150)


def test_sharpen_leaves_alpha_alone(engine):
    soft = half_clear().filter(ImageFilter.BoxBlur(4))

    assert same(made(engine, soft, "sharp:2:300").getchannel("A"), soft.getchannel("A"))


def test_sharpen_takes_fractions_of_a_percent(engine):
    softened = textured(60, 60).filter(ImageFilter.BoxBlur(1))

    assert not same(made(engine, softened, spec_of(Sharpen(2, 0.5))), made(engine, softened, spec_of(Sharpen(2, 300))))


def test_pixelate_makes_blocks_from_the_corner(engine):
    source = textured(25, 13)

    picture = made(engine, source, "px:10")

    assert picture.size == (25, 13)
    for left in (0, 10, 20):
        for top in (0, 10):
            box = (left, top, min(left + 10, 25), min(top + 10, 13))
            block = picture.crop(box)
            assert len(block.getcolors()) == 1
            assert close(block.getpixel((0, 0)), ImageStat.Stat(source.crop(box)).mean, 1)


def test_a_block_weighs_its_colours_by_alpha(engine):
    picture = made(engine, half_clear(), "px:16")

    # Of 16 columns 4 are seen.
    assert close(picture.getpixel((20, 10)), (*RED, 64), 1)
    assert (picture.getpixel((5, 10)), picture.getpixel((35, 10))[3]) == ((*RED, 255), 0)


@pytest.mark.parametrize(("mode", "mean"), [("L", 38), ("LA", (255, 38))])
def test_a_block_may_be_larger_than_the_picture(engine, mode, mean):
    source = Image.new(mode, (20, 10), (0, 0)[: len(mode)])
    source.paste((255, 255)[: len(mode)], (0, 0, 3, 10))

    picture = made(engine, source, "px:200")

    assert picture.getcolors() == [(200, mean)]


def test_round_cuts_the_corners_off(engine):
    picture = made(engine, textured(40, 20), "round:6")

    alpha = picture.getchannel("A")
    assert same(picture.convert("RGB"), textured(40, 20))
    for corner in ((0, 0), (39, 0), (0, 19), (39, 19)):
        assert alpha.getpixel(corner) == 0
    # From corner to corner, and along the diagonal.
    assert [alpha.getpixel((x, 0)) for x in (6, 33)] == [alpha.getpixel((0, y)) for y in (6, 13)] == [255, 255]
    assert 0 < alpha.getpixel((1, 1)) < 255
    assert alpha.getpixel((2, 2)) == 255


@pytest.mark.parametrize("size", [(40, 20), (41, 21), (21, 40), (300, 7), (5, 5), (1, 1), (2, 1), (1000, 801)])
@pytest.mark.parametrize("radius", [1, 3, 40, "max"])
def test_rounded_pictures_have_the_area_of_their_shape(engine, size, radius):
    width, height = size
    r = None if radius == "max" else min(radius, width / 2, height / 2)
    area = math.pi / 4 * width * height if r is None else width * height - (4 - math.pi) * r * r

    alpha = made(engine, Image.new("RGB", size), f"round:{radius}").getchannel("A")

    assert ImageStat.Stat(alpha).sum[0] / 255 == pytest.approx(area, rel=0.002, abs=0.05)
    assert same(alpha, alpha.transpose(Image.Transpose.ROTATE_180))
    assert same(alpha, alpha.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def test_round_edges_are_smooth(engine):
    alpha = made(engine, Image.new("RGB", (200, 120)), "round:max").getchannel("A")

    column = [alpha.getpixel((60, y)) for y in range(60)]
    slanted = [value for value in column if 0 < value < 255]
    assert column == sorted(column)
    assert 1 <= len(slanted) <= 2
    assert len(alpha.getcolors()) > 60


@pytest.mark.parametrize(("mode", "pixel"), [("L", (90, 255)), ("LA", (90, 128)), ("RGBA", (*RED, 128))])
def test_rounding_multiplies_alpha(engine, mode, pixel):
    source = Image.new(mode, (40, 20), pixel if mode != "L" else 90)

    picture = made(engine, source, "round:9")
    full = made(engine, Image.new("RGB", (40, 20)), "round:9")

    assert (picture.getpixel((20, 10)), picture.getpixel((0, 0))[-1]) == (pixel, 0)
    expected = full.getchannel("A").point([int(value * pixel[-1] / 255 + 0.5) for value in range(256)])
    assert same(picture.getchannel("A"), expected, 1)


def test_round_corners_are_white_where_a_format_has_no_alpha(engine):
    picture = made(engine, Image.new("RGB", (64, 64), BLUE), "round:max,f:jpeg")

    assert close(picture.getpixel((1, 1)), WHITE, 3)
    assert close(picture.getpixel((32, 32)), BLUE, 3)


def test_background_flattens(engine):
    picture = made(engine, half_clear(), "bg:0000ff")

    assert picture.mode == "RGB"
    assert (picture.getpixel((5, 10)), picture.getpixel((35, 10))) == (RED, BLUE)


def test_background_mixes_with_what_is_half_transparent(engine):
    source = Image.new("RGBA", (8, 8), (*RED, 128))

    assert close(made(engine, source, "bg:0000ff").getpixel((4, 4)), (128, 0, 127), 1)
    assert close(made(engine, source, "bg:0000ff80").getpixel((4, 4)), (171, 0, 84, 192), 2)


def test_background_changes_nothing_that_is_opaque(engine):
    assert same(made(engine, quadrants(), "bg:123456"), quadrants())


def test_steps_are_done_in_their_order(engine):
    cut_first = made(engine, quadrants(), "crop:0:0:20:10,rot:90")
    turned_first = made(engine, quadrants(), "rot:90,crop:0:0:20:10")

    assert corners(cut_first) == (RED,) * 4
    assert corners(turned_first) == (BLUE, RED, BLUE, RED)


def test_a_result_that_is_too_large_is_refused_before_it_is_made(engine):
    with pytest.raises(OutputTooLarge) as caught:
        made(engine, quadrants(), "flip,rs:stretch:8192:8192,el:1")

    assert caught.value.path == ("steps", 1)
