"""What the steps work on, and where each kind of step is registered.

A picture is in one of four modes: L, LA, RGB, RGBA; sRGB, 8 bits, straight alpha. Steps return a new picture.
"""

from functools import singledispatch
from typing import TypeAlias

from PIL import Image

from imgsvc.adapters.imaging.stamps import Stamps
from imgsvc.domain.color import Color
from imgsvc.domain.geometry import Size
from imgsvc.domain.operations import Operation

Picture: TypeAlias = Image.Image


@singledispatch
def apply(operation: Operation | Stamps, picture: Picture) -> Picture:
    """The picture after a step that is decided (decisions.py); each family of steps registers its own."""
    raise NotImplementedError(f"no step for {type(operation).__name__}")


def has_alpha(picture: Picture) -> bool:
    return picture.mode.endswith("A")


def size_of(picture: Picture) -> Size:
    return Size(*picture.size)


def able_to_show(picture: Picture, color: Color) -> Picture:
    """The picture in a mode that holds the colour too: not grey where it is not, with alpha where it is not opaque."""
    is_grey = picture.mode.startswith("L") and color.red == color.green == color.blue
    alpha = "A" if has_alpha(picture) or color.alpha < 255 else ""
    return in_mode(picture, ("L" if is_grey else "RGB") + alpha)


def in_mode(picture: Picture, mode: str) -> Picture:
    return picture if picture.mode == mode else picture.convert(mode)


def channels(color: Color, mode: str) -> tuple[int, ...]:
    """The colour as a pixel of a working mode that can show it."""
    shades = (color.red,) if mode.startswith("L") else (color.red, color.green, color.blue)
    return (*shades, color.alpha) if mode.endswith("A") else shades


def filled(mode: str, size: Size, color: Color) -> Picture:
    return Image.new(mode, (size.width, size.height), channels(color, mode))


def premultiplied(picture: Picture) -> Picture:
    """Colours weighted by alpha, so that what cannot be seen does not bleed into what can."""
    return picture.convert(picture.mode[:-1] + "a") if has_alpha(picture) else picture


def straight(picture: Picture) -> Picture:
    return picture.convert(picture.mode[:-1] + "A") if picture.mode.endswith("a") else picture
