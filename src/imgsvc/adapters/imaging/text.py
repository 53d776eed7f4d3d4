"""Text as a picture, in the fonts that come with the service."""

import unicodedata
from functools import cache
from io import BytesIO
from pathlib import Path

from attrs import frozen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.geometry import Size
from imgsvc.domain.operations import Font, Rotate

_FONTS = {
    Font.SANS: ("DejaVu Sans", "DejaVuSans.ttf"),
    Font.SANS_BOLD: ("DejaVu Sans Bold", "DejaVuSans-Bold.ttf"),
    Font.SERIF: ("DejaVu Serif", "DejaVuSerif.ttf"),
    Font.MONO: ("DejaVu Sans Mono", "DejaVuSansMono.ttf"),
}
_FOLDER = Path(__file__).with_name("fonts")
_PROBE = 100.0  # pixels; large enough for exact proportions
_ATTEMPTS, _STEP = 20, 0.95  # of a size that fits
_RIGHT_TO_LEFT = ("R", "AL", "AN")


def must_be_drawable(text: str, font: Font = Font.SANS) -> None:
    """Raises InvalidParameter, naming the first character that the font lacks or a row of glyphs cannot show."""
    for character in text:
        problem = _problem(character, font)
        if problem:
            shown = f"U+{ord(character):04X}"
            name = unicodedata.name(character, "a character without a name")
            raise InvalidParameter(
                f"the text holds {shown} ({name}), which {problem}",
                path=("text",),
                value=shown,
                allowed=f"left-to-right characters of the font {_FONTS[font][0]}",
            )


def _problem(character: str, font: Font) -> str | None:
    if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
        return "is written from right to left"
    if unicodedata.category(character).startswith("M"):
        return "combines with the characters around it"
    if unicodedata.category(character) in ("Zl", "Zp"):
        return "ends the line"
    if ord(character) not in _coverage(font):
        return "the font cannot draw"
    return None


@cache
def _coverage(font: Font) -> frozenset[int]:
    with TTFont(BytesIO(_font_file(font)), lazy=True) as face:
        return frozenset(face.getBestCmap())


@frozen
class Lettering:
    """How a line is to be written; ``size`` is the font's and ``stroke`` the outline's width, both in pixels."""

    size: float
    font: Font = Font.SANS
    stroke: float = 0

    def times(self, factor: float) -> "Lettering":
        return Lettering(self.size * factor, self.font, self.stroke * factor)


@frozen
class Ink:
    """A line that was drawn, as masks ("L") of one size: its letters, and them with the outline around where one is.

    They are cut to the edges of the ink.
    """

    letters: Image.Image
    outlined: Image.Image | None = None


def drawn(text: str, lettering: Lettering, within: Size, degrees: float = 0) -> Ink | None:
    """None where there is no ink.

    Smaller, the stroke in proportion, where the ink would not fit ``within`` once it is turned by ``degrees``.
    """
    letters = _ink(text, lettering.font)
    if letters.width == 0 or letters.height == 0:
        return None
    part, outline = lettering.size / _PROBE, 2 * lettering.stroke
    whole = _turned(letters.width * part + outline, letters.height * part + outline, degrees)
    lettering = lettering.times(min(1.0, within.width / whole.width, within.height / whole.height))
    # Advances are whole pixels, so small text is wider than in proportion.
    for _ in range(_ATTEMPTS):
        ink = _masks(text, lettering)
        if ink is None or lettering.size <= 1:
            break
        turned = _turned(*ink.letters.size, degrees)
        if turned.width <= within.width and turned.height <= within.height:
            break
        lettering = lettering.times(min(within.width / turned.width, within.height / turned.height, _STEP))
    return ink


def _turned(width: float, height: float, degrees: float) -> Size:
    return Rotate(degrees).size_after(Size(max(1, round(width)), max(1, round(height))))


def _masks(text: str, lettering: Lettering) -> Ink | None:
    font, stroke = _font(lettering.font, max(1.0, lettering.size)), lettering.stroke
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    # Glyphs may reach a pixel beyond the box that their metrics tell.
    size, corner = (int(right - left) + 4, int(bottom - top) + 4), (2 - left, 2 - top)
    masks = [Image.new("L", size) for _ in range(2 if stroke else 1)]
    for mask, width in zip(masks, (0, stroke), strict=False):
        ImageDraw.Draw(mask).text(corner, text, fill=255, font=font, stroke_width=width)
    edges = masks[-1].getbbox()
    return Ink(*(mask.crop(edges) for mask in masks)) if edges else None


def _ink(text: str, font: Font) -> Size:
    left, top, right, bottom = _font(font, _PROBE).getbbox(text)
    return Size(int(right - left), int(bottom - top))


def _font(font: Font, size: float) -> ImageFont.FreeTypeFont:
    # A font of its own for every call: drawing changes the state inside. The basic layout gives the same pixels
    # whether or not a shaping library is installed.
    return ImageFont.truetype(BytesIO(_font_file(font)), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_file(font: Font) -> bytes:
    # Read once: where strangers' bytes are decoded, files can no longer be opened.
    return (_FOLDER / _FONTS[font][1]).read_bytes()
