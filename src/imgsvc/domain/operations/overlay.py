"""Operations that lay something over the picture."""

import unicodedata
from typing import Any, ClassVar

from attrs import Attribute, field, frozen
from attrs.validators import and_

from imgsvc.domain.color import WHITE, Color
from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.field_rules import characters, composed, tidy_number, within
from imgsvc.domain.geometry import Gravity, Length, Percent, length_within
from imgsvc.domain.operations.geometry import MAX_SIDE


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
