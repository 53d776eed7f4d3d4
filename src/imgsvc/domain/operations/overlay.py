"""Operations that lay something over the picture."""

import unicodedata
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from attrs import Attribute, field, fields, frozen
from attrs.converters import optional as optionally
from attrs.validators import and_, optional

from imgsvc.domain.color import BLACK, WHITE, Color
from imgsvc.domain.errors import ConflictingParameters, InvalidParameter
from imgsvc.domain.field_rules import characters, composed, tidy_number, within
from imgsvc.domain.geometry import Gravity, Length, Percent, length_within
from imgsvc.domain.operations.geometry import MAX_SIDE, within_a_turn


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


class Font(StrEnum):
    """The fonts that come with the service, each with Latin, Greek and Cyrillic letters."""

    SANS = "sans"
    SANS_BOLD = "sans-bold"
    SERIF = "serif"
    MONO = "mono"


@frozen
class Watermark:
    """A line of ``text``, or an own ``image``, over the picture; ``x`` and ``y`` are the margins from the edges.

    The edges are those that ``gravity`` names. ``size`` is the font's, in pixels or % of the picture's width, and
    ``scale`` the image's width as a part of the picture's; either is drawn smaller where the margins leave no room.
    ``rotate`` turns the watermark itself, clockwise. With ``tile`` it is repeated all over the picture, ``x`` and
    ``y`` being the gaps between.
    """

    op: ClassVar[str] = "watermark"
    compact: ClassVar[str] = "wm"
    text: str | None = field(
        default=None,
        converter=optionally(composed),
        validator=optional(and_(_printable, characters(1, 256))),
    )
    gravity: Gravity = Gravity.SOUTHEAST
    opacity: float = field(default=0.5, converter=tidy_number, validator=within(0, 1))
    size: Length = field(default=Percent(5), validator=length_within(1, 1000))
    x: Length = field(default=10, validator=length_within(0, MAX_SIDE))
    y: Length = field(default=10, validator=length_within(0, MAX_SIDE))
    color: Color = WHITE
    font: Font = Font.SANS
    stroke: int = field(default=0, validator=within(0, 20, unit="pixels"))  # around each letter
    stroke_color: Color = BLACK
    image: UUID | None = None
    scale: float = field(default=0.25, converter=tidy_number, validator=within(0.001, 1))
    tile: bool = False
    rotate: float = field(default=0, converter=within_a_turn, validator=within(-360, 360, unit="degrees"))

    def __attrs_post_init__(self) -> None:
        if (self.text is None) == (self.image is None):
            name = "image" if self.image is not None else "text"
            raise ConflictingParameters("a watermark is a text or an image", path=(name,), allowed="one of text, image")
        foreign = _OF_TEXT if self.text is None else _OF_IMAGES
        for name in foreign:
            if getattr(self, name) != getattr(fields(Watermark), name).default:
                kind, other = ("an image", "texts") if self.text is None else ("a text", "images")
                raise ConflictingParameters(
                    f"the watermark is {kind}, and {name} is for {other}", path=(name,), allowed=f"no {name}"
                )


_OF_TEXT = ("size", "color", "font", "stroke", "stroke_color")
_OF_IMAGES = ("scale",)
