"""Every operation of the transform language as a small frozen class.

A class holds what the operation means: its parameters with their units and ranges, and the geometry that a plan and
every engine share. How pixels change is each engine's part. Sizes are those of the picture as it is at that step.
``op`` names the operation in JSON; ``compact`` in the compact form, where the parameters follow in the order of the
fields (notation.py tells the exceptions).
"""

import math
import unicodedata
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias, get_args

from attrs import Attribute, evolve, field, fields_dict, frozen
from attrs.validators import and_, optional

from imgsvc.domain.color import WHITE, Color
from imgsvc.domain.errors import ConflictingParameters, CropOutOfBounds, InvalidParameter
from imgsvc.domain.field_rules import characters, composed, tidy_number, within
from imgsvc.domain.geometry import Box, Gravity, Length, Percent, Size, distance, length_within, pixels, rounded

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
    gravity: Gravity | None = None

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
    """Change the size; a side left out follows in proportion. Never larger than it was, unless ``enlarge``."""

    op: ClassVar[str] = "resize"
    compact: ClassVar[str] = "rs"
    width: Length | None = field(default=None, validator=optional(length_within(1, MAX_SIDE, 1000)))
    height: Length | None = field(default=None, validator=optional(length_within(1, MAX_SIDE, 1000)))
    fit: Fit = field()
    gravity: Gravity = Gravity.CENTER
    enlarge: bool = False
    background: Color | None = None  # what `contain` fills with; transparent, unless given

    @fit.default
    def _default_fit(self) -> Fit:
        return Fit.COVER if self.width is not None and self.height is not None else Fit.INSIDE

    def __attrs_post_init__(self) -> None:
        if self.width is None and self.height is None:
            raise InvalidParameter("resize needs a width or a height", path=("width",), allowed="width, height or both")

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
        width = None if self.width is None else pixels(self.width, size.width)
        height = None if self.height is None else pixels(self.height, size.height)
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


def _within_a_turn(degrees: float) -> float:
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
    degrees: float = field(converter=_within_a_turn, validator=within(-360, 360))
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


@frozen
class Background:
    """Lay the picture on a colour; alpha is gone afterwards where the colour is opaque."""

    op: ClassVar[str] = "background"
    compact: ClassVar[str] = "bg"
    color: Color


def _change() -> Any:
    return field(default=0, converter=tidy_number, validator=within(-100, 100))


@frozen
class Adjust:
    """Brightness, then contrast, then saturation; each -100 to 100 %, 0 leaves it as it is."""

    op: ClassVar[str] = "adjust"
    compact: ClassVar[dict[str, str]] = {"br": "brightness", "con": "contrast", "sat": "saturation"}
    brightness: float = _change()
    contrast: float = _change()
    saturation: float = _change()

    def changed(self) -> tuple[str, ...]:
        """The names of the parameters that change something, in their order of work."""
        return tuple(name for name in fields_dict(Adjust) if getattr(self, name) != 0)


@frozen
class Grayscale:
    """Luminance only: red, green and blue become equal (ITU-R BT.601 weights)."""

    op: ClassVar[str] = "grayscale"
    compact: ClassVar[str] = "gray"


@frozen
class Sepia:
    """Brown tones, mixed with the original by ``amount`` %."""

    op: ClassVar[str] = "sepia"
    compact: ClassVar[str] = "sepia"
    amount: float = field(default=100, converter=tidy_number, validator=within(0, 100))


@frozen
class Blur:
    """Gaussian blur; ``sigma`` in pixels."""

    op: ClassVar[str] = "blur"
    compact: ClassVar[str] = "blur"
    sigma: float = field(default=2, converter=tidy_number, validator=within(0.3, 250))


@frozen
class Sharpen:
    """Unsharp mask; ``sigma`` in pixels, ``amount`` in % of the difference that is added."""

    op: ClassVar[str] = "sharpen"
    compact: ClassVar[str] = "sharp"
    sigma: float = field(default=1, converter=tidy_number, validator=within(0.1, 10))
    amount: float = field(default=100, converter=tidy_number, validator=within(0, 500))


def _printable(instance: object, attribute: "Attribute[Any]", value: Any) -> None:
    for character in value if isinstance(value, str) else "":
        # Control, format (bidirectional marks among them), surrogate, private and unassigned; ends of lines.
        if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
            shown = f"U+{ord(character):04X}"
            raise InvalidParameter(
                f"{attribute.name} must not hold the invisible character {shown}",
                path=(attribute.name,),
                value=shown,
                allowed="visible characters and spaces",
            )


@frozen
class Watermark:
    """One line of text over the picture; ``x`` and ``y`` are the margins from the edges that ``gravity`` names.

    ``size`` is the font's, in pixels or % of the picture's width; a line wider than the picture is drawn smaller.
    """

    op: ClassVar[str] = "watermark"
    compact: ClassVar[str] = "wm"
    text: str = field(converter=composed, validator=and_(_printable, characters(1, 256)))
    gravity: Gravity = Gravity.SOUTHEAST
    opacity: float = field(default=0.5, converter=tidy_number, validator=within(0, 1))
    size: Length = field(default=Percent(5), validator=length_within(1, 1000))
    x: Length = field(default=10, validator=length_within(0, MAX_SIDE))
    y: Length = field(default=10, validator=length_within(0, MAX_SIDE))
    color: Color = WHITE


Operation: TypeAlias = (
    AutoOrient
    | Crop
    | Resize
    | Rotate
    | Flip
    | Mirror
    | Background
    | Adjust
    | Grayscale
    | Sepia
    | Blur
    | Sharpen
    | Watermark
)

OPERATIONS: dict[str, type[Operation]] = {operation.op: operation for operation in get_args(Operation)}


def changes_nothing(operation: Operation) -> bool:
    """Whether the operation leaves every picture as it is."""
    match operation:
        case AutoOrient(enabled=True) | Rotate(degrees=0) | Sepia(amount=0) | Sharpen(amount=0) | Watermark(opacity=0):
            return True
        case Adjust():
            return not operation.changed()
        case _:
            return False


def merged(first: Adjust, second: Adjust) -> Adjust | None:
    """Both adjustments as one, where that does the same work in the same order."""
    names = list(fields_dict(Adjust))
    if not first.changed() or not second.changed():
        return first if first.changed() else second
    if names.index(first.changed()[-1]) >= names.index(second.changed()[0]):
        return None
    return evolve(first, **{name: getattr(second, name) for name in second.changed()})
