"""Steps that change colours, each pixel by itself."""

import math
from collections.abc import Callable

from PIL import Image

from imgsvc.adapters.imaging.pillow.picture import Picture, able_to_show, apply, filled, has_alpha, in_mode, size_of
from imgsvc.domain.color import Color
from imgsvc.domain.operations import Adjust, Background, Grayscale, Invert, Sepia, Tint

_SEPIA = (
    *(0.393, 0.769, 0.189, 0.0),
    *(0.349, 0.686, 0.168, 0.0),
    *(0.272, 0.534, 0.131, 0.0),
)
_UNCHANGED = (
    *(1.0, 0.0, 0.0, 0.0),
    *(0.0, 1.0, 0.0, 0.0),
    *(0.0, 0.0, 1.0, 0.0),
)
# What turning hues is made of, in rows of four as above.
_LUMINANCE = (0.213, 0.715, 0.072, 0.0) * 3
_ALONG_COSINE = (
    *(0.787, -0.715, -0.072, 0.0),
    *(-0.213, 0.285, -0.072, 0.0),
    *(-0.213, -0.715, 0.928, 0.0),
)
_ALONG_SINE = (
    *(-0.213, -0.715, 0.928, 0.0),
    *(0.143, 0.140, -0.283, 0.0),
    *(-0.787, 0.715, 0.072, 0.0),
)
_MID_GREY = 128


@apply.register
def background(operation: Background, picture: Picture) -> Picture:
    return flattened(picture, operation.color)


def flattened(picture: Picture, color: Color) -> Picture:
    """The picture over a colour; still with alpha where the colour has some."""
    if not has_alpha(picture):
        return picture
    picture = able_to_show(picture, color)
    if color.alpha < 255:
        return Image.alpha_composite(filled(picture.mode, size_of(picture), color), picture)
    canvas = filled(picture.mode[:-1], size_of(picture), color)
    canvas.paste(in_mode(picture, canvas.mode), mask=picture.getchannel("A"))
    return canvas


@apply.register
def grayscale(operation: Grayscale, picture: Picture) -> Picture:
    return in_mode(picture, "LA" if has_alpha(picture) else "L")


@apply.register
def sepia(operation: Sepia, picture: Picture) -> Picture:
    share = operation.amount / 100
    matrix = tuple(full * share + none * (1 - share) for full, none in zip(_SEPIA, _UNCHANGED, strict=True))
    return _with_alpha_of(picture, in_mode(picture, "RGB").convert("RGB", matrix))


@apply.register
def adjust(operation: Adjust, picture: Picture) -> Picture:
    """Brightness multiplies by 1 + b/100. Contrast multiplies the distance from mid grey (128, whatever the picture
    holds) by 1 + c/100. Saturation multiplies the distance from the pixel's own luminance by 1 + s/100. Hue and gamma
    are as the operation says.

    Each is rounded and cut to 0-255 before the next, so one adjustment is the same as its parts one after another.
    """
    if operation.brightness or operation.contrast:
        picture = _each_channel(
            picture, lambda value: _contrasted(_brightened(value, operation.brightness), operation.contrast)
        )
    if operation.saturation and not picture.mode.startswith("L"):
        colors = in_mode(picture, "RGB")
        grey = colors.convert("L").convert("RGB")
        picture = _with_alpha_of(picture, Image.blend(grey, colors, 1 + operation.saturation / 100))
    if operation.hue and not picture.mode.startswith("L"):
        picture = _with_alpha_of(picture, in_mode(picture, "RGB").convert("RGB", _turned_hues(operation.hue)))
    if operation.gamma != 1:
        picture = _each_channel(picture, lambda value: _byte(255 * (value / 255) ** (1 / operation.gamma)))
    return picture


@apply.register
def invert(operation: Invert, picture: Picture) -> Picture:
    return _each_channel(picture, lambda value: 255 - value)


@apply.register
def tint(operation: Tint, picture: Picture) -> Picture:
    color = operation.color
    picture = able_to_show(picture, Color(color.red, color.green, color.blue))
    if picture.mode.startswith("L"):
        return picture  # shades of grey are their own tint
    colors = in_mode(picture, "RGB")
    luminance = colors.convert("L")
    shades = Image.merge("RGB", [luminance.point(table) for table in _shades(color)])
    return _with_alpha_of(picture, Image.blend(colors, shades, operation.amount / 100 * color.alpha / 255))


def _shades(color: Color) -> list[list[int]]:
    """For red, green and blue, the value of the colour's shade of each luminance."""
    own = 0.299 * color.red + 0.587 * color.green + 0.114 * color.blue

    def shade(channel: int, luminance: int) -> int:
        if luminance <= own:
            return _byte(channel * luminance / own) if own else 0
        return _byte(255 - (255 - channel) * (255 - luminance) / (255 - own))

    return [[shade(channel, value) for value in range(256)] for channel in (color.red, color.green, color.blue)]


def _turned_hues(degrees: int) -> tuple[float, ...]:
    """The matrix of feColorMatrix, type hueRotate (W3C, Filter Effects)."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    parts = zip(_LUMINANCE, _ALONG_COSINE, _ALONG_SINE, strict=True)
    return tuple(weight + cosine * near + sine * far for weight, near, far in parts)


def _each_channel(picture: Picture, changed: Callable[[int], int]) -> Picture:
    """The picture with every value of a colour changed; alpha stays as it is."""
    table = [changed(value) for value in range(256)]
    shades = len(picture.getbands()) - has_alpha(picture)
    return picture.point(table * shades + list(range(256)) * has_alpha(picture))


def _brightened(value: int, change: float) -> int:
    return _byte(value * (1 + change / 100))


def _contrasted(value: int, change: float) -> int:
    return _byte(_MID_GREY + (value - _MID_GREY) * (1 + change / 100))


def _byte(value: float) -> int:
    return min(255, max(0, int(value + 0.5)))


def _with_alpha_of(picture: Picture, colors: Picture) -> Picture:
    if has_alpha(picture):
        colors.putalpha(picture.getchannel("A"))
    return colors
