"""Where the copies of a watermark go."""

import pytest
from PIL import Image

from imgsvc.adapters.imaging.stamps import laid
from imgsvc.domain.geometry import Gravity, Size
from imgsvc.domain.operations import Watermark

LARGE = Size(8192, 6000)


def tiled(x: int = 0, y: int = 0, gravity: Gravity = Gravity.NORTHWEST) -> Watermark:
    return Watermark("a", gravity, x=x, y=y, tile=True)


def stamp(width: int, height: int) -> Image.Image:
    return Image.new("LA", (width, height), (255, 255))


def covered(stamps, size: Size) -> Image.Image:
    canvas = Image.new("L", (size.width, size.height))
    for one in stamps.all:
        canvas.paste(255, (one.left, one.top), one.picture.getchannel("A"))
    return canvas


@pytest.mark.parametrize("side", [1, 7, 100, 300])
def test_a_pattern_takes_no_more_memory_on_a_larger_picture(side):
    stamps = laid(stamp(side, side), tiled(1, 1), LARGE)

    inside = {id(one.picture) for one in stamps.all if one.picture.size == stamps.all[0].picture.size}
    assert len(inside) == 1
    assert stamps.all[0].picture.width * stamps.all[0].picture.height <= 4 * 300 * 300
    assert len(stamps.all) <= (LARGE.width // 256 + 1) * (LARGE.height // 256 + 1)


@pytest.mark.parametrize("gravity", Gravity)
@pytest.mark.parametrize("period", [(1, 1), (3, 2), (40, 30), (500, 400)])
def test_a_pattern_has_a_stamp_at_its_anchor_and_at_every_period(gravity, period):
    size, own = Size(301, 203), Size(1, 1)

    canvas = covered(laid(stamp(1, 1), tiled(period[0] - 1, period[1] - 1, gravity), size), size)

    anchor = gravity.place(own, size)
    expected = bytes(
        255 * ((x - anchor.left) % period[0] == 0 and (y - anchor.top) % period[1] == 0)
        for y in range(size.height)
        for x in range(size.width)
    )
    assert canvas.tobytes() == expected


@pytest.mark.parametrize("tile", [False, True])
@pytest.mark.parametrize("size", [Size(1, 1), Size(50, 3), Size(200, 100)])
def test_every_stamp_lies_inside_of_the_picture(size, tile):
    stamps = laid(stamp(60, 40), Watermark("a", Gravity.CENTER, x=9, y=9, tile=tile), size)

    assert stamps.all
    for one in stamps.all:
        assert one.left >= 0
        assert one.top >= 0
        assert one.left + one.picture.width <= size.width
        assert one.top + one.picture.height <= size.height


def test_a_stamp_beside_the_picture_is_none():
    assert laid(stamp(10, 10), Watermark("a", Gravity.WEST, x=500), Size(200, 100)).all == ()
