"""Where a picture is most interesting, in small pictures."""

from random import Random

import pytest
from PIL import Image, ImageDraw

from imgsvc.adapters.imaging.interest import most_interesting
from imgsvc.domain.geometry import FocalPoint, Interest
from tests.pictures import BLUE, GREEN, RED

GREY, SKIN = (128, 128, 128), (224, 172, 138)


def ground(*, color=GREY, mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", (96, 64), color).convert(mode)


def with_disc(picture: Image.Image, color, at: tuple[int, int], radius: int = 9) -> Image.Image:
    x, y = at
    ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), color)
    return picture


def with_noise(picture: Image.Image, at: tuple[int, int], spread: int, side: int = 18) -> Image.Image:
    random, (x, y) = Random(1), at
    for left in range(x - side // 2, x + side // 2):
        for top in range(y - side // 2, y + side // 2):
            shade = 128 + random.randint(-spread, spread)
            picture.putpixel((left, top), (shade, shade, shade))
    return picture


def is_near(point: FocalPoint, at: tuple[int, int], pixels: float = 5) -> bool:
    return abs(point.x * 96 - at[0]) <= pixels and abs(point.y * 64 - at[1]) <= pixels


@pytest.mark.parametrize("at", [(20, 20), (48, 32), (75, 40), (20, 45)])
@pytest.mark.parametrize("color", [RED, (250, 200, 40), (60, 60, 60), (240, 240, 240), SKIN])
def test_the_eye_is_drawn_by_what_is_unlike_the_rest(at, color):
    picture = with_disc(ground(), color, at)

    assert is_near(most_interesting(picture, (0.35, 0.5), Interest.SMART), at)


@pytest.mark.parametrize("interest", Interest)
@pytest.mark.parametrize("at", [(20, 20), (48, 32), (75, 40), (20, 45)])
def test_detail_is_interesting(at, interest):
    picture = with_noise(ground(), at, 60)

    assert is_near(most_interesting(picture, (0.25, 0.35), interest), at)


def test_much_detail_wins_over_little():
    picture = with_noise(with_noise(ground(), (20, 32), 12), (75, 32), 100)

    for interest in Interest:
        assert is_near(most_interesting(picture, (0.3, 1), interest), (75, 32))


def test_a_face_wins_over_a_wall_of_another_colour():
    picture = with_disc(with_disc(ground(), (104, 150, 128), (22, 32)), SKIN, (74, 32))

    assert most_interesting(picture, (0.4, 1), Interest.SMART).x > 0.6


def test_a_ground_of_the_colour_of_skin_is_no_face():
    picture = with_disc(ground(color=SKIN), BLUE, (22, 32))

    assert is_near(most_interesting(picture, (0.3, 0.6), Interest.SMART), (22, 32))


def test_entropy_counts_shades_and_no_colours():
    picture = with_noise(with_disc(ground(), RED, (20, 32)), (75, 32), 30)

    assert is_near(most_interesting(picture, (0.3, 1), Interest.ENTROPY), (75, 32))


def test_the_grain_of_a_camera_draws_nobody():
    picture = with_noise(with_disc(ground(), GREEN, (24, 32)), (72, 32), 6)

    assert is_near(most_interesting(picture, (0.4, 1), Interest.SMART), (24, 32))


@pytest.mark.parametrize("interest", Interest)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("window", [(0.5, 0.5), (0.3, 1), (1, 0.11), (0.01, 0.01), (0.77, 0.93)])
def test_a_picture_of_nothing_has_its_middle(mode, window, interest):
    assert most_interesting(ground(mode=mode), window, interest) == FocalPoint(0.5, 0.5)
    assert most_interesting(Image.new("LA", (50, 31)), window, interest) == FocalPoint(0.5, 0.5)


@pytest.mark.parametrize("interest", Interest)
def test_what_is_transparent_draws_nobody(interest):
    picture = with_noise(ground(), (20, 32), 120).convert("RGBA")
    picture.putalpha(0)
    picture.paste(with_noise(ground(), (70, 32), 20).crop((55, 0, 96, 64)).convert("RGBA"), (55, 0))

    assert is_near(most_interesting(picture, (0.3, 0.5), interest), (70, 32), 8)


@pytest.mark.parametrize("interest", Interest)
def test_a_flat_shape_is_more_than_nothing_around_it(interest):
    picture = Image.new("RGBA", (96, 64))
    picture.paste((90, 90, 90, 255), (60, 20, 80, 40))

    assert is_near(most_interesting(picture, (0.4, 0.6), interest), (70, 30), 6)


@pytest.mark.parametrize("interest", Interest)
def test_between_equals_one_is_taken_and_not_the_ground_between(interest):
    picture = with_noise(with_noise(ground(), (15, 32), 60), (80, 32), 60)

    point = most_interesting(picture, (0.3, 1), interest)

    assert is_near(point, (15, 32), 9) or is_near(point, (80, 32), 9)


@pytest.mark.parametrize("size", [(1, 1), (96, 1), (1, 96), (2, 3)])
@pytest.mark.parametrize("interest", Interest)
def test_any_size_will_do(size, interest):
    point = most_interesting(Image.new("RGB", size, RED), (0.4, 0.4), interest)

    assert 0 <= point.x <= 1
    assert 0 <= point.y <= 1
