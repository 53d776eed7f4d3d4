"""Text as a picture, in the one font that comes with the service."""

import unicodedata
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.geometry import Size

_FONT = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
_PROBE = 100.0  # pixels; large enough for exact proportions
_ATTEMPTS, _STEP = 20, 0.95  # of a size that fits
_RIGHT_TO_LEFT = ("R", "AL", "AN")


def must_be_drawable(text: str) -> None:
    """Raises InvalidParameter, naming the first character that the font lacks or a row of glyphs cannot show."""
    for character in text:
        problem = _problem(character)
        if problem:
            shown = f"U+{ord(character):04X}"
            name = unicodedata.name(character, "a character without a name")
            raise InvalidParameter(
                f"the text holds {shown} ({name}), which {problem}",
                path=("text",),
                value=shown,
                allowed="left-to-right characters of the font DejaVu Sans",
            )


def _problem(character: str) -> str | None:
    if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
        return "is written from right to left"
    if unicodedata.category(character).startswith("M"):
        return "combines with the characters around it"
    if unicodedata.category(character) in ("Zl", "Zp"):
        return "ends the line"
    if ord(character) not in _coverage():
        return "the font cannot draw"
    return None


@cache
def _coverage() -> frozenset[int]:
    with TTFont(BytesIO(_font_file()), lazy=True) as font:
        return frozenset(font.getBestCmap())


def drawn(text: str, size: float, within: Size) -> Image.Image | None:
    """The ink of one line as a mask ("L"), cut to its edges; None where there is none.

    ``size`` is the font's, in pixels; smaller where the ink would not fit ``within``.
    """
    probe = _ink(text, _PROBE)
    if probe.width == 0 or probe.height == 0:
        return None
    size = min(size, _PROBE * min(within.width / probe.width, within.height / probe.height))
    # Advances are whole pixels, so small text is wider than in proportion.
    for _ in range(_ATTEMPTS):
        mask = _mask(text, max(1.0, size))
        if mask is None or size <= 1 or (mask.width <= within.width and mask.height <= within.height):
            break
        size *= min(within.width / mask.width, within.height / mask.height, _STEP)
    return mask


def _mask(text: str, size: float) -> Image.Image | None:
    font = _font(size)
    left, top, right, bottom = font.getbbox(text)
    # Glyphs may reach a pixel beyond the box that their metrics tell.
    mask = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(mask).text((2 - left, 2 - top), text, fill=255, font=font)
    edges = mask.getbbox()
    return mask.crop(edges) if edges else None


def _ink(text: str, size: float) -> Size:
    left, top, right, bottom = _font(size).getbbox(text)
    return Size(int(right - left), int(bottom - top))


def _font(size: float) -> ImageFont.FreeTypeFont:
    # A font of its own for every call: drawing changes the state inside. The basic layout gives the same pixels
    # whether or not a shaping library is installed.
    return ImageFont.truetype(BytesIO(_font_file()), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_file() -> bytes:
    # Read once: where strangers' bytes are decoded, files can no longer be opened.
    return _FONT.read_bytes()
