from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.geometry import Box, Gravity, Length, Percent, Size, distance, length_within, pixels, rounded
from tests.domain.specs import modestly


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        (Box(10, 10, 20, 20), Box(10, 10, 20, 20)),
        (Box(90, 40, 20, 20), Box(90, 40, 10, 10)),
        (Box(-5, -5, 20, 20), Box(0, 0, 15, 15)),
        (Box(0, 0, 1000, 1000), Box(0, 0, 100, 50)),
    ],
)
def test_a_box_is_clipped_to_the_picture(box, clipped):
    assert box.clipped_to(Size(100, 50)) == clipped


def test_a_box_outside_has_no_width_left():
    assert Box(100, 0, 5, 5).clipped_to(Size(100, 50)).width <= 0


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        (Gravity.NORTHWEST, 0, 0),
        (Gravity.NORTH, 45, 0),
        (Gravity.NORTHEAST, 90, 0),
        (Gravity.WEST, 0, 20),
        (Gravity.CENTER, 45, 20),
        (Gravity.EAST, 90, 20),
        (Gravity.SOUTHWEST, 0, 40),
        (Gravity.SOUTH, 45, 40),
        (Gravity.SOUTHEAST, 90, 40),
    ],
)
def test_gravity_pulls_to_its_edges(gravity, left, top):
    assert gravity.place(Size(10, 10), Size(100, 50)) == Box(left, top, 10, 10)


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [(Gravity.NORTHWEST, 3, 7), (Gravity.SOUTHEAST, 87, 33), (Gravity.CENTER, 45, 20), (Gravity.NORTH, 45, 7)],
)
def test_margins_count_from_the_edge_that_gravity_pulls_to(gravity, left, top):
    assert gravity.place(Size(10, 10), Size(100, 50), 3, 7) == Box(left, top, 10, 10)


@modestly
@given(st.sampled_from(Gravity), *[st.integers(1, 300)] * 4)
def test_what_fits_is_placed_inside(gravity, width, height, more_width, more_height):
    outer = Size(width + more_width - 1, height + more_height - 1)

    box = gravity.place(Size(width, height), outer)

    assert box.clipped_to(outer) == box


@pytest.mark.parametrize("value", [-0.1, 1000.1, float("nan"), float("inf")])
def test_a_percentage_out_of_range_is_refused(value):
    with pytest.raises(InvalidInput, match="a percentage must be 0% to 1000%"):
        Percent(value)


@pytest.mark.parametrize(
    ("value", "text"), [(50, "50%"), (50.0, "50%"), (12.5, "12.5%"), (0.000001, "0.000001%"), (100, "100%"), (0, "0%")]
)
def test_a_percentage_is_written_without_an_exponent(value, text):
    assert str(Percent(value)) == text


@pytest.mark.parametrize(
    ("length", "side", "expected"),
    [
        (30, 100, 30),
        (Percent(50), 101, 51),
        (Percent(50), 1, 1),
        (Percent(0.01), 100, 1),
        (Percent(0), 100, 0),
        (Percent(1.005), 10_000, 101),
        (Percent(1000), 8192, 81920),
    ],
)
def test_a_length_in_pixels_is_never_rounded_down_to_nothing(length, side, expected):
    assert pixels(length, side) == expected


@modestly
@given(st.integers(1, 10**9), st.integers(1, 65535))
def test_a_percentage_is_rounded_as_on_paper(millionths, side):
    exact = Decimal(millionths) / 10**6 * side / 100

    assert pixels(Percent(millionths / 10**6), side) == max(1, exact.to_integral_value(ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("length", "side", "expected"),
    [(30, 20, 30), (Percent(0.1), 100, 0), (Percent(50), 1, 0), (Percent(99.9), 10, 9), (Percent(100), 10, 10)],
)
def test_a_distance_may_be_nothing_and_reaches_the_side_at_100_percent_only(length, side, expected):
    assert distance(length, side) == expected


@pytest.mark.parametrize(
    ("value", "whole"), [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, 0), (0.49, 0), (Fraction(5, 2), 3), (Fraction(12, 5), 2)]
)
def test_halves_are_rounded_up(value, whole):
    assert rounded(value) == whole


@frozen
class Sample:
    side: Length = field(default=1, validator=length_within(1, 100))
    start: Length = field(default=0, validator=length_within(0, 100, 200))


@pytest.mark.parametrize("side", [1, 100, Percent(0.1), Percent(100)])
def test_a_length_within_is_taken(side):
    assert Sample(side=side).side == side


@pytest.mark.parametrize("side", [0, 101, -1, 1.0, True, "5", Percent(0), Percent(100.1)])
def test_a_length_outside_is_refused(side):
    with pytest.raises(InvalidInput, match="side must be 1 to 100 pixels, or over 0% and up to 100%") as caught:
        Sample(side=side)

    assert caught.value.path == ("side",)


def test_a_length_that_may_be_nothing_says_so():
    assert Sample(start=Percent(0)).start == Percent(0)
    with pytest.raises(InvalidInput, match="start must be 0 to 100 pixels, or up to 200%"):
        Sample(start=-1)
