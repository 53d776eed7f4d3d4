"""Operations that change sizes and places."""

import math
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.domain.color import Color
from imgsvc.domain.errors import ConflictingParameters, CropOutOfBounds, InvalidParameter
from imgsvc.domain.field_rules import tidy_number, within
from imgsvc.domain.geometry import (
    Anchor,
    Box,
    FocalPoint,
    Gravity,
    Interest,
    Length,
    Size,
    distance,
    length_within,
    pixels,
    rounded,
)

MAX_SIDE = 8192


@frozen
class AutoOrient:
    """Bring the picture upright by its EXIF orientation; done first, unless switched off."""

    op: ClassVar[str] = "auto_orient"
    compact: ClassVar[str] = "ao"
    enabled: bool = True


@frozen
class Crop:
    """Cut a box out: from ``x``, ``y``, or where ``gravity`` pulls. Clipped to the picture."""

    op: ClassVar[str] = "crop"
    compact: ClassVar[str] = "crop"
    x: Length | None = field(default=None, validator=optional(length_within(0, 65535)))
    y: Length | None = field(default=None, validator=optional(length_within(0, 65535)))
    width: Length = field(kw_only=True, validator=length_within(1, 65535))
    height: Length = field(kw_only=True, validator=length_within(1, 65535))
    gravity: Anchor | None = None

    def __attrs_post_init__(self) -> None:
        is_at_point = self.x is not None or self.y is not None
        if is_at_point and self.gravity is not None:
            raise ConflictingParameters("crop takes x and y, or a gravity, not both", path=("gravity",))
        # One form for what means the same: both coordinates, or a gravity.
        if is_at_point:
            object.__setattr__(self, "x", self.x or 0)
            object.__setattr__(self, "y", self.y or 0)
        elif self.gravity is None:
            object.__setattr__(self, "gravity", Gravity.CENTER)

    def box_in(self, size: Size) -> Box:
        """The part that stays; raises CropOutOfBounds where that is nothing."""
        wanted = Size(pixels(self.width, size.width), pixels(self.height, size.height))
        if self.gravity is not None:
            inner = Size(min(wanted.width, size.width), min(wanted.height, size.height))
            return self.gravity.place(inner, size)
        left, top = distance(self.x or 0, size.width), distance(self.y or 0, size.height)
        if left >= size.width or top >= size.height:
            raise CropOutOfBounds(
                f"the crop at {left},{top} lies outside of the picture of {size.width}x{size.height} pixels",
                path=("x",) if left >= size.width else ("y",),
                value=f"{left},{top}",
                allowed=f"x at most {size.width - 1}, y at most {size.height - 1}",
            )
        return Box(left, top, wanted.width, wanted.height).clipped_to(size)


@frozen
class Trim:
    """Cut off the border that has one colour: ``color``, or that of the top-left pixel.

    A pixel belongs to the border when each channel, alpha too, differs by at most ``tolerance`` (0-254), the colours
    weighted by alpha. A picture that is nothing but border stays as it is. In an animation, the first frame decides.
    """

    op: ClassVar[str] = "trim"
    compact: ClassVar[str] = "trim"
    tolerance: int = field(default=10, validator=within(0, 254))
    color: Color | None = None


class Kernel(StrEnum):
    """How pixels are mixed when the size changes, from coarse to fine."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"


class Fit(StrEnum):
    """What a resize does when the picture and the box have other proportions."""

    INSIDE = "inside"  # all of the picture, within the box
    OUTSIDE = "outside"  # all of the picture, around the box
    COVER = "cover"  # the box filled, what overhangs cut off
    CONTAIN = "contain"  # all of the picture, the rest of the box filled with the background
    STRETCH = "stretch"  # exactly the box, proportions given up


@frozen
class ResizeLayout:
    """Resample the whole picture to ``scaled``, keep ``window`` of it, and lay that into ``canvas`` at ``offset``.

    ``scaled`` may be far beyond every limit (a line made to cover a square): never make more of it than ``window``.
    """

    scaled: Size
    window: Box
    canvas: Size
    offset: tuple[int, int]


@frozen
class Resize:
    """Change the size; a side left out follows in proportion. Never larger than it was, unless ``enlarge``.

    ``dpr``, the pixels of a screen for each of a page, multiplies what is asked for, and ``gravity`` says what stays
    where `cover` cuts, or where the picture lies where `contain` fills.
    """

    op: ClassVar[str] = "resize"
    compact: ClassVar[str] = "rs"
    width: Length | None = field(default=None, validator=optional(length_within(1, MAX_SIDE, 1000)))
    height: Length | None = field(default=None, validator=optional(length_within(1, MAX_SIDE, 1000)))
    fit: Fit = field()
    gravity: Anchor = Gravity.CENTER
    enlarge: bool = False
    background: Color | None = None  # what `contain` fills with; transparent, unless given
    dpr: float = field(default=1, converter=tidy_number, validator=within(0.1, 8))
    kernel: Kernel = Kernel.LANCZOS

    @fit.default
    def _default_fit(self) -> Fit:
        return Fit.COVER if self.width is not None and self.height is not None else Fit.INSIDE

    def __attrs_post_init__(self) -> None:
        if self.width is None and self.height is None:
            raise InvalidParameter("resize needs a width or a height", path=("width",), allowed="width, height or both")
        if self.fit is Fit.CONTAIN and isinstance(self.gravity, Interest | FocalPoint):
            raise ConflictingParameters(
                f"contain shows all of the picture, so {self.gravity} has nothing to choose",
                path=("gravity",),
                value=str(self.gravity),
                allowed=", ".join(Gravity),
            )

    @property
    def named_size(self) -> Size | None:
        """What is asked for of any picture, where both sides are in pixels."""
        if not isinstance(self.width, int) or not isinstance(self.height, int):
            return None
        return self._box_in(Size(1, 1))

    def layout_in(self, size: Size) -> ResizeLayout:
        """What to do with a picture of ``size``."""
        box = self._box_in(size)
        scaled = self._scaled(size, box)
        whole = Box(0, 0, scaled.width, scaled.height)
        if self.fit is Fit.COVER:
            window = self.gravity.place(
                Size(min(box.width, scaled.width), min(box.height, scaled.height)), outer=scaled
            )
            return ResizeLayout(scaled, window, window.size, (0, 0))
        if self.fit is Fit.CONTAIN:
            placed = self.gravity.place(scaled, outer=box)
            return ResizeLayout(scaled, whole, box, (placed.left, placed.top))
        return ResizeLayout(scaled, whole, scaled, (0, 0))

    def _box_in(self, size: Size) -> Size:
        width = None if self.width is None else pixels(self.width, size.width, self.dpr)
        height = None if self.height is None else pixels(self.height, size.height, self.dpr)
        if width is None:
            assert height is not None
            width = max(1, rounded(Fraction(size.width * height, size.height)))
        if height is None:
            height = max(1, rounded(Fraction(size.height * width, size.width)))
        return Size(width, height)

    def _scaled(self, size: Size, box: Size) -> Size:
        # Fractions, so that no side misses the box by a pixel.
        across, down = Fraction(box.width, size.width), Fraction(box.height, size.height)
        # A side that was left out follows, and what it was rounded to must not hold the other back.
        across, down = (down if self.width is None else across), (across if self.height is None else down)
        match self.fit:
            case Fit.INSIDE | Fit.CONTAIN:
                across = down = min(across, down)
            case Fit.COVER | Fit.OUTSIDE:
                across = down = max(across, down)
            case Fit.STRETCH:
                pass
        if not self.enlarge:
            across, down = min(across, Fraction(1)), min(down, Fraction(1))
        return Size(max(1, rounded(size.width * across)), max(1, rounded(size.height * down)))


def within_a_turn(degrees: float) -> float:
    """The same angle from 0 up to, not including, 360; what is out of range stays, to be refused."""
    if not isinstance(degrees, int | float) or isinstance(degrees, bool) or not -360 <= degrees <= 360:
        return degrees
    return tidy_number(tidy_number(degrees) % 360)


@frozen
class Rotate:
    """Turn clockwise by ``degrees``; the canvas grows to hold every corner.

    New corners are transparent where the picture has alpha, else white; or ``background``.
    """

    op: ClassVar[str] = "rotate"
    compact: ClassVar[str] = "rot"
    degrees: float = field(converter=within_a_turn, validator=within(-360, 360, unit="degrees"))
    background: Color | None = None

    def size_after(self, size: Size) -> Size:
        if self.degrees % 180 == 0:
            return size
        if self.degrees % 90 == 0:
            return size.turned()
        angle = math.radians(self.degrees)
        across, up = abs(math.cos(angle)), abs(math.sin(angle))
        # A hair's breadth of rounding must not cost another row of pixels.
        width = math.ceil(size.width * across + size.height * up - 1e-6)
        return Size(width, math.ceil(size.width * up + size.height * across - 1e-6))


@frozen
class Flip:
    """Swap top and bottom."""

    op: ClassVar[str] = "flip"
    compact: ClassVar[str] = "flip"


@frozen
class Mirror:
    """Swap left and right."""

    op: ClassVar[str] = "mirror"
    compact: ClassVar[str] = "mirror"


def _side() -> Any:
    return field(validator=within(0, 4000, unit="pixels"))


@frozen
class Pad:
    """Add room on each side, 0 to 4000 pixels; a side left out follows as in CSS.

    ``right`` is ``top`` unless given, ``bottom`` is ``top`` and ``left`` is ``right``. The room has the background's
    colour and alpha; without a background it is transparent. The picture itself keeps its pixels and its alpha.
    """

    op: ClassVar[str] = "pad"
    compact: ClassVar[str] = "pad"
    top: int = _side()
    right: int = _side()
    bottom: int = _side()
    left: int = _side()
    background: Color | None = None

    @right.default
    def _right_as_top(self) -> int:
        return self.top

    @bottom.default
    def _bottom_as_top(self) -> int:
        return self.top

    @left.default
    def _left_as_right(self) -> int:
        return self.right

    def size_after(self, size: Size) -> Size:
        return Size(self.left + size.width + self.right, self.top + size.height + self.bottom)
