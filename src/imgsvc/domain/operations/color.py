"""Operations that change colours, each pixel by itself."""

from typing import Any, ClassVar

from attrs import evolve, field, fields, fields_dict, frozen

from imgsvc.domain.color import Color
from imgsvc.domain.field_rules import tidy_number, within


@frozen
class Background:
    """Lay the picture on a colour; alpha is gone afterwards where the colour is opaque."""

    op: ClassVar[str] = "background"
    compact: ClassVar[str] = "bg"
    color: Color


def _change() -> Any:
    return field(default=0, converter=tidy_number, validator=within(-100, 100, unit="%"))


@frozen
class Adjust:
    """Brightness, then contrast, saturation, hue and gamma; alpha stays as it is.

    The first three are -100 to 100 %, and 0 leaves all as it is. ``hue`` turns colours by whole degrees, 0 to 359, as
    the ``hue-rotate()`` of CSS does: about the axis of greys in sRGB, keeping the luminance (weights .213, .715, .072).
    ``gamma`` is 0.3 to 3: a channel's value, from 0 to 1 in sRGB, becomes value ** (1/gamma); brighter above 1.
    """

    op: ClassVar[str] = "adjust"
    compact: ClassVar[dict[str, str]] = {
        "br": "brightness",
        "con": "contrast",
        "sat": "saturation",
        "hue": "hue",
        "gam": "gamma",
    }
    brightness: float = _change()
    contrast: float = _change()
    saturation: float = _change()
    hue: int = field(default=0, converter=tidy_number, validator=within(0, 359, unit="degrees"))
    gamma: float = field(default=1, converter=tidy_number, validator=within(0.3, 3))

    def changed(self) -> tuple[str, ...]:
        """The names of the parameters that change something, in their order of work."""
        return tuple(one.name for one in fields(Adjust) if getattr(self, one.name) != one.default)


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
    amount: float = field(default=100, converter=tidy_number, validator=within(0, 100, unit="%"))


@frozen
class Invert:
    """The negative: each colour channel becomes 255 less itself; alpha stays as it is."""

    op: ClassVar[str] = "invert"
    compact: ClassVar[str] = "neg"


@frozen
class Tint:
    """Shades of one colour, mixed with the original by ``amount`` %; luminance and alpha stay as they are.

    The shade for a luminance Y (ITU-R BT.601, 0 to 255, of sRGB values as they are) lies on the line from black over
    the colour, whose own luminance is C, to white: ``color * Y/C`` up to C, and above
    ``255 - (255 - color) * (255 - Y)/(255 - C)``. So black and white stay, and no shade is cut off. Where the colour
    has alpha, that is a share of the amount.
    """

    op: ClassVar[str] = "tint"
    compact: ClassVar[str] = "tint"
    color: Color
    amount: float = field(default=100, converter=tidy_number, validator=within(0, 100, unit="%"))


def merged(first: Adjust, second: Adjust) -> Adjust | None:
    """Both adjustments as one, where that does the same work in the same order."""
    names = list(fields_dict(Adjust))
    if not first.changed() or not second.changed():
        return first if first.changed() else second
    if names.index(first.changed()[-1]) >= names.index(second.changed()[0]):
        return None
    return evolve(first, **{name: getattr(second, name) for name in second.changed()})
