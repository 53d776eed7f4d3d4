"""Sizes, boxes and lengths, in whole pixels; the origin is the top-left corner."""

import math
import re
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeAlias

from attrs import Attribute, field, frozen

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import refused, tidy_number, within


@frozen
class Size:
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def longer_side(self) -> int:
        return max(self.width, self.height)

    def turned(self) -> "Size":
        return Size(self.height, self.width)


@frozen
class Box:
    """A rectangle; ``right`` and ``bottom`` are the first pixel outside."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def clipped_to(self, size: Size) -> "Box":
        """The part inside a picture of ``size``; its width or height is 0 or less where there is none."""
        left, top = max(self.left, 0), max(self.top, 0)
        return Box(left, top, min(self.right, size.width) - left, min(self.bottom, size.height) - top)


class Gravity(StrEnum):
    """Which part of a picture stays, or where on it something goes."""

    CENTER = "center"
    NORTH = "north"
    SOUTH = "south"
    EAST = "east"
    WEST = "west"
    NORTHEAST = "northeast"
    NORTHWEST = "northwest"
    SOUTHEAST = "southeast"
    SOUTHWEST = "southwest"

    @property
    def horizontal(self) -> float:
        """0 for the left edge, 0.5 for the middle, 1 for the right edge."""
        return 1.0 if self.value.endswith("east") else 0.0 if self.value.endswith("west") else 0.5

    @property
    def vertical(self) -> float:
        """0 for the top edge, 0.5 for the middle, 1 for the bottom edge."""
        return 0.0 if self.value.startswith("north") else 1.0 if self.value.startswith("south") else 0.5

    def place(self, inner: Size, outer: Size, margin_x: int = 0, margin_y: int = 0) -> Box:
        """Where ``inner`` lies in ``outer``; margins count from the edge that gravity pulls to, 0 in the middle."""
        return Box(
            _along(self.horizontal, outer.width - inner.width, margin_x),
            _along(self.vertical, outer.height - inner.height, margin_y),
            inner.width,
            inner.height,
        )


class Interest(StrEnum):
    """Where a picture is most interesting, which only its pixels tell."""

    SMART = "smart"  # what draws the eye
    ENTROPY = "entropy"  # where most is going on

    @classmethod
    def _missing_(cls, value: object) -> "Interest | None":
        return cls.SMART if value == "attention" else None

    def place(self, inner: Size, outer: Size) -> Box:
        """In the middle, until somebody has looked at the pixels."""
        return Gravity.CENTER.place(inner, outer)


@frozen
class FocalPoint:
    """A point that matters, in parts of the picture: 0, 0 is its top-left corner and 1, 1 the opposite one."""

    x: float = field(converter=tidy_number, validator=within(0, 1))
    y: float = field(converter=tidy_number, validator=within(0, 1))

    def __str__(self) -> str:
        return f"fp:{digits(self.x)}:{digits(self.y)}"

    @classmethod
    def parse(cls, text: str) -> "FocalPoint":
        """``fp:0.5:0.25``; raises InvalidInput."""
        found = re.fullmatch(r"fp:([01](?:\.[0-9]{1,6})?):([01](?:\.[0-9]{1,6})?)", text)
        try:
            if found is not None:
                return cls(float(found.group(1)), float(found.group(2)))
        except InvalidInput:
            pass  # told in the same words
        allowed = "fp:x:y with x and y from 0 to 1, such as fp:0.5:0.25"
        raise InvalidInput(f"a focal point must be {allowed}", value=text, allowed=allowed)

    def place(self, inner: Size, outer: Size) -> Box:
        """Where ``inner`` lies in ``outer``: about the point, as far as the edges allow."""
        left, top = _about(self.x, inner.width, outer.width), _about(self.y, inner.height, outer.height)
        return Box(left, top, inner.width, inner.height)


Anchor: TypeAlias = Gravity | Interest | FocalPoint


def _about(point: float, inner: int, outer: int) -> int:
    middle = Fraction(round(point * 10**6) * outer, 10**6)
    return max(0, min(rounded(middle - Fraction(inner, 2)), outer - inner))


def _along(fraction: float, room: int, margin: int) -> int:
    if fraction == 0.5:
        return room // 2
    return margin if fraction == 0 else room - margin


@frozen
class Percent:
    """A length relative to a side of the picture as it is at that step."""

    value: float = field(converter=tidy_number)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.value <= 1000:
            raise InvalidInput("a percentage must be 0% to 1000%", value=str(self), allowed="0% to 1000%")

    def __str__(self) -> str:
        return f"{self.digits}%"

    @property
    def digits(self) -> str:
        return digits(self.value)


def digits(value: float) -> str:
    """A number of six decimals at most, without an exponent, however small."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


Length: TypeAlias = int | Percent


@frozen
class LengthWithin:
    """A rule for fields: ``least`` to ``most`` pixels, or up to ``most_percent`` of the picture's side."""

    least: int
    most: int
    most_percent: int = 100

    def __call__(self, instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if isinstance(value, Percent):
            fits = (value.value > 0 or self.least == 0) and value.value <= self.most_percent
        else:
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            fits = is_whole and self.least <= value <= self.most  # type: ignore[operator]  # is_whole says it is one
        if not fits:
            shown = str(value) if isinstance(value, Percent) else value
            raise refused(attribute.name, shown, self.allowed)

    @property
    def allowed(self) -> str:
        percentages = f"up to {self.most_percent}%" if self.least == 0 else f"over 0% and up to {self.most_percent}%"
        return f"{self.least} to {self.most} pixels, or {percentages}"


def length_within(least: int, most: int, most_percent: int = 100) -> LengthWithin:
    return LengthWithin(least, most, most_percent)


def pixels(length: Length, side: int, times: float = 1) -> int:
    """``length`` in pixels where the picture's side has ``side`` of them, so many times; never rounded to nothing."""
    if length == 0 or length == Percent(0):
        return 0
    exact = _part(length, side) if isinstance(length, Percent) else Fraction(length)
    return max(1, rounded(exact * Fraction(round(times * 10**6), 10**6)))


def distance(length: Length, side: int) -> int:
    """Like ``pixels``, for how far in something begins: may be nothing, and ends before the side unless at 100 %."""
    if isinstance(length, Percent):
        return min(rounded(_part(length, side)), side - 1) if length.value < 100 else side
    return length


def _part(percent: Percent, side: int) -> Fraction:
    # A percentage has six decimals at most; as a fraction, its halves are halves.
    return Fraction(round(percent.value * 10**6) * side, 10**8)


def rounded(value: float | Fraction) -> int:
    """The nearest whole number; halves go up, at any size and sign."""
    return math.floor(value + Fraction(1, 2))
