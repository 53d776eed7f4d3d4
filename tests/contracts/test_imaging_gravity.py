"""What every image engine promises of gravities that are found in the pixels, and of focal points."""

from functools import cache
from random import Random

import pytest
from PIL import Image, ImageChops, ImageFilter

from imgsvc.domain.geometry import FocalPoint, Interest
from imgsvc.domain.operations import Crop, Resize
from tests.contracts.engines import engine, made, spec_of  # noqa: F401  # engine is a fixture
from tests.pictures import RED, encoded, quadrants, textured, with_orientation

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

GROUND = (122, 128, 124)
PLACES = {"left": (0, 60), "top": (120, 0), "right": (240, 60), "bottom": (120, 120), "corner": (240, 120)}


def detailed(width: int = 60, height: int = 60) -> Image.Image:
    """Colourful, and busy at every scale; no pixel of it has the colour of the ground."""
    noise = Image.frombytes("L", (width, height), Random(1).randbytes(width * height))
    noise = noise.filter(ImageFilter.BoxBlur(1))
    colors = Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise))
    picture = Image.blend(textured(width, height), colors, 0.5)
    red = picture.getchannel("R").point(lambda value: value if abs(value - GROUND[0]) > 12 else GROUND[0] + 13)
    return Image.merge("RGB", (red, *picture.split()[1:]))


def patched(*places: tuple[int, int], size: tuple[int, int] = (300, 180), side: int = 60) -> Image.Image:
    """A flat ground with what is interesting at these places."""
    picture = Image.new("RGB", size, GROUND)
    for place in places:
        picture.paste(detailed(side, side), place)
    return picture


def part_seen(picture: Image.Image, side: int = 60) -> float:
    """How much of the patch there is."""
    difference = ImageChops.difference(picture.convert("RGB"), Image.new("RGB", picture.size, GROUND))
    seen = difference.getchannel("R").point(lambda value: 255 * (value > 6))
    return seen.histogram()[255] / side**2


@pytest.mark.parametrize("interest", Interest)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_crop_finds_what_is_interesting(engine, place, interest):
    picture = made(engine, patched(place), spec_of(Crop(width=90, height=90, gravity=interest)))

    assert picture.size == (90, 90)
    assert part_seen(picture) > 0.95


@pytest.mark.parametrize("interest", Interest)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("spec", [Resize(60, 60), Resize(20, 60), Resize(100, 30), Resize(240, 240, enlarge=True)])
def test_a_cover_finds_what_is_interesting(engine, place, interest, spec):
    steps = Resize(spec.width, spec.height, gravity=interest, enlarge=spec.enlarge)
    scale = max(spec.width / 300, spec.height / 180)
    # What of the patch's width and height can be shown at all.
    shown = min(1, spec.width / scale / 60) * min(1, spec.height / scale / 60)

    picture = made(engine, patched(place), spec_of(steps))

    assert picture.size == (spec.width, spec.height)
    assert part_seen(picture, round(60 * scale)) > 0.7 * shown


@pytest.mark.parametrize("interest", Interest)
def test_what_is_interesting_comes_to_lie_in_the_middle(engine, interest):
    picture = made(engine, patched((110, 60)), spec_of(Crop(width=150, height=100, gravity=interest)))

    difference = ImageChops.difference(picture, Image.new("RGB", picture.size, GROUND)).convert("L")
    left, top, right, bottom = difference.point(lambda value: 255 * (value > 6)).getbbox()
    assert abs((left + right) / 2 - 75) <= 8
    assert abs((top + bottom) / 2 - 50) <= 8


@cache
def large(orientation: int, format: str) -> bytes:
    return with_orientation(patched((2100, 1000), size=(2400, 1300), side=240), orientation, format)


@pytest.mark.parametrize("interest", Interest)
@pytest.mark.parametrize("format", ["jpeg", "png"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_large_picture_is_looked_at_as_it_will_be_seen(engine, interest, format, orientation):
    content = large(orientation, format)

    picture = made(engine, content, f"rs:cover:100:100:{interest},f:png")

    assert part_seen(picture, round(240 / 13)) > 0.75


def test_an_interest_is_that_of_the_picture_at_its_step(engine):
    two = patched((10, 60), (230, 60))
    # The one is cut off, or covered, or moved, before anybody looks.
    for spec in ("crop:150:0:150:180,crop:80:80@smart", "mirror,crop:150:0:150:180,crop:80:80@entropy"):
        assert part_seen(made(engine, two, spec)) > 0.9
    turned = made(engine, patched((10, 60)), "rot:180,crop:80:180@smart,crop:80:80@center")
    assert part_seen(turned) > 0.9


def test_a_trim_goes_before_an_interest(engine):
    picture = Image.new("RGB", (500, 400), (255, 0, 255))
    picture.paste(patched((240, 60)), (50, 90))

    found = made(engine, picture, "trim,crop:80:80@smart")

    assert part_seen(found) > 0.9


@pytest.mark.parametrize("interest", Interest)
@pytest.mark.parametrize("size", [(10, 10), (400, 10), (10, 200), (300, 180)])
def test_a_picture_without_any_interest_is_cut_about_its_middle(engine, size, interest):
    flat = Image.new("RGBA", (400, 200), (*RED, 255))
    # Hardly to be seen, and no matter of interest; it tells where the crop was.
    flat.paste((*RED, 254), (200 - size[0] // 2, 100 - size[1] // 2, 200 + size[0] // 2, 100 + size[1] // 2))

    found = made(engine, flat, spec_of(Crop(width=size[0], height=size[1], gravity=interest)))

    assert found.getchannel("A").getextrema() == (254, 254)


@pytest.mark.parametrize("interest", Interest)
def test_what_cannot_be_seen_does_not_attract(engine, interest):
    picture = patched((10, 60)).convert("RGBA")
    picture.putalpha(0)
    picture.paste(patched((25, 60), size=(110, 180)).convert("RGBA"), (190, 0))

    found = made(engine, picture, f"crop:90:90@{interest}")

    seen = found.getchannel("A").histogram()[255]
    assert seen > 0.9 * 90 * 90
    assert part_seen(found) > 0.95


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA"])
@pytest.mark.parametrize("interest", Interest)
def test_pictures_of_every_kind_can_be_looked_at(engine, mode, interest):
    picture = made(engine, patched((240, 60)).convert(mode), f"crop:90:90@{interest}")

    assert picture.size == (90, 90)
    assert len(picture.convert("L").getcolors()) > 30


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (2, 2)])
@pytest.mark.parametrize("interest", Interest)
def test_the_thinnest_pictures_can_be_looked_at(engine, size, interest):
    assert made(engine, textured(*size), f"crop:1:1@{interest}").size == (1, 1)
    assert made(engine, textured(*size), f"rs:cover:7:5:{interest},el:1").size == (7, 5)


def test_where_nothing_is_cut_nothing_is_chosen(engine):
    assert made(engine, quadrants(), "crop:40:20@smart").tobytes() == quadrants().tobytes()
    assert made(engine, quadrants(), "rs:cover:40:20:entropy").tobytes() == quadrants().tobytes()


def test_the_same_picture_is_cut_in_the_same_place(engine):
    content = encoded(textured(200, 120))

    assert made(engine, content, "crop:50:50@smart").tobytes() == made(engine, content, "crop:50:50@smart").tobytes()


@pytest.mark.parametrize(
    ("point", "corner"),
    [
        ((0, 0), (0, 0)),
        ((1, 1), (30, 12)),
        ((0.5, 0.5), (15, 6)),
        ((0.25, 0.75), (5, 11)),
        ((0.1, 0.5), (0, 6)),
        ((0.5, 0.95), (15, 12)),
    ],
)
def test_a_crop_lies_about_its_focal_point_as_far_as_the_edges_allow(engine, point, corner):
    crop = Crop(width=10, height=8, gravity=FocalPoint(*point))

    picture = made(engine, textured(40, 20), spec_of(crop))

    left, top = corner
    assert picture.tobytes() == textured(40, 20).crop((left, top, left + 10, top + 8)).tobytes()


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_a_cover_keeps_its_focal_point(engine, format, orientation):
    content = with_orientation(patched((2000, 500), size=(2400, 1200), side=160), orientation, format)

    # The patch's middle is at 2080, 580.
    near, far = (made(engine, content, f"rs:cover:100:100:fp:{point},f:png") for point in ("0.86667:0.5", "0.2:0.5"))

    assert part_seen(near, round(160 / 12)) > 0.8
    assert part_seen(far) == 0
