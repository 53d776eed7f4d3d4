"""What is read of a file, and at what scale: enough for the result, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.errors import CropOutOfBounds
from imgsvc.domain.geometry import Box, Interest, Size
from imgsvc.domain.notation import parse
from imgsvc.domain.operations import Crop, Fit, Grayscale, Resize
from imgsvc.domain.reach import UPRIGHT, Placement, Reach, jpeg_scale, shrunk
from tests.domain.specs import modestly

WHOLE = Size(4000, 3000)


def reach(text, size=WHOLE):
    return Reach.of(parse(text).steps, size)


def scale(text, size=WHOLE):
    return jpeg_scale(size, Placement.of(reach(text, size), size, UPRIGHT))


def test_crops_add_up_until_a_resize():
    found = reach("crop:100:200:1000:800,crop:10:20:500:400,w:50,gray")

    assert found.kept == Box(110, 220, 500, 400)
    assert found.resize == Resize(width=50)
    assert found.rest == (Grayscale(),)
    assert found.layout.scaled == Size(50, 40)


def test_what_follows_another_step_is_left_to_be_done():
    found = reach("gray,crop:0:0:10:10,w:5")

    assert (found.kept, found.resize, len(found.rest)) == (Box(0, 0, 4000, 3000), None, 3)


def test_a_crop_that_needs_somebody_to_look_comes_after_the_resize():
    found = reach("rs:cover:400:400:smart,gray")

    assert found.resize.fit is Fit.OUTSIDE
    assert found.layout.scaled == Size(533, 400)
    assert found.rest == (Crop(width=400, height=400, gravity=Interest.SMART), Grayscale())


def test_a_crop_beyond_the_picture_is_an_error():
    with pytest.raises(CropOutOfBounds):
        reach("crop:4000:0:10:10")


# Of an upright picture of 30x20, the 10x5 pixels at the top left.
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, (0, 0, 10, 5)),
        (2, (20, 0, 10, 5)),
        (3, (20, 15, 10, 5)),
        (4, (0, 15, 10, 5)),
        (5, (0, 0, 5, 10)),
        (6, (0, 20, 5, 10)),
        (7, (15, 20, 5, 10)),
        (8, (15, 0, 5, 10)),
    ],
)
def test_a_corner_lies_in_the_file_where_its_orientation_says(orientation, stored):
    upright = Size(30, 20)

    placed = Placement.of(reach("crop:0:0:10:5", upright), upright, orientation)

    assert placed.kept == Box(*stored)
    assert placed.scaled == Size(*stored[2:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("w:2000", 1),  # half as large, without any to spare
        ("w:1112", 1),
        ("w:1111", 2),
        ("w:555", 4),
        ("w:277", 8),
        ("w:10", 8),
        ("w:10,kernel:nearest", 1),
        ("crop:8:16:800:800,w:50", 8),
        ("crop:4:16:800:800,w:50", 4),
        ("crop:1:16:800:800,w:50", 1),
        ("crop:3199:2199:801:801,w:50", 1),
        ("crop:3200:2200:800:800,w:50", 8),  # to the file's edges
    ],
)
def test_a_jpeg_is_decoded_as_small_as_leaves_some_to_spare_and_no_edge_between(text, expected):
    assert scale(text) == expected


def test_the_edge_of_a_file_may_lie_between():
    assert scale("crop:0:0:1001:999,w:50", Size(1001, 999)) == 8
    assert scale("crop:0:0:1001:999,w:50") == 1


@modestly
@given(*[st.integers(0, 500)] * 2, *[st.integers(1, 500)] * 2, st.sampled_from([1, 2, 4, 8]))
def test_a_shrunken_box_has_every_pixel_that_it_touches_and_no_other(left, top, width, height, scale):
    box = Box(left, top, width, height)

    small = shrunk(box, scale)

    assert {x // scale for x in range(left, box.right)} == set(range(small.left, small.right))
    assert {y // scale for y in range(top, box.bottom)} == set(range(small.top, small.bottom))
