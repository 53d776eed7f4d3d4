"""Operations that change colours, each pixel by itself."""

from typing import Any, ClassVar

from attrs import evolve, field, fields_dict, frozen

from imgsvc.domain.color import Color
from imgsvc.domain.field_rules import tidy_number, within


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


def merged(first: Adjust, second: Adjust) -> Adjust | None:
    """Both adjustments as one, where that does the same work in the same order."""
    names = list(fields_dict(Adjust))
    if not first.changed() or not second.changed():
        return first if first.changed() else second
    if names.index(first.changed()[-1]) >= names.index(second.changed()[0]):
        return None
    return evolve(first, **{name: getattr(second, name) for name in second.changed()})
