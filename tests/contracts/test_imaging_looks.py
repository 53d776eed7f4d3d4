"""What pictures look like from afar, whatever they are stored as."""

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from tests.contracts.engines import engine  # noqa: F401  # a fixture
from tests.pictures import encoded, quadrants, with_orientation

# ruff: noqa: F811  # a fixture that is imported has the name of the parameter it becomes

OPAQUE = ["jpeg", "png", "webp", "gif", "bmp", "tiff"]


def measured(engine, content):
    return engine.measure(BytesIO(content))


def average_of(facts):
    """Red, green and blue from 0 to 1, as the hash tells them."""
    head = int.from_bytes(b64decode(facts.placeholder)[:3], "little")
    light, yellow, red = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    blue = light - 2 / 3 * yellow
    r = (3 * light - blue + red) / 2
    return r, r - red, blue


def near(color, other):
    return all(abs(one - two) < 0.1 for one, two in zip(color, other, strict=True))


@pytest.mark.parametrize("format", OPAQUE)
def test_a_picture_of_one_colour_looks_like_that(engine, format):
    facts = measured(engine, encoded(Image.new("RGB", (300, 200), "#3399cc"), format))

    found = tuple(bytes.fromhex(facts.dominant_color[1:]))
    assert near([one / 255 for one in found], [0.2, 0.6, 0.8])
    assert near(average_of(facts), (0.2, 0.6, 0.8))


def test_the_commonest_colour_is_told_and_no_mixture(engine):
    picture = Image.new("RGB", (300, 300), "#ff0000")
    picture.paste("#0000ff", (0, 0, 300, 120))

    assert measured(engine, encoded(picture)).dominant_color == "#ff0000"


def test_what_cannot_be_seen_does_not_count(engine):
    picture = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 300, 60))

    assert measured(engine, encoded(picture)).dominant_color == "#0000ff"
    assert measured(engine, encoded(Image.new("RGBA", (9, 9)))).dominant_color is None


def test_a_turned_picture_looks_upright(engine):
    upright = measured(engine, encoded(quadrants(64, 32)))
    turned = measured(engine, with_orientation(quadrants(64, 32), 6))
    lying = measured(engine, encoded(quadrants(64, 32).rotate(-90, expand=True)))

    assert near(average_of(upright), average_of(turned))
    assert [b64decode(one.placeholder)[4] >> 7 for one in (upright, turned, lying)] == [1, 1, 0]  # whether it is wide


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (257, 3)])
def test_every_shape_has_a_look(engine, size):
    facts = measured(engine, encoded(Image.new("RGB", size, "#808080")))

    assert facts.placeholder
    assert facts.dominant_color == "#808080"
