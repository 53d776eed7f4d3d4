"""Steps that change colours, each pixel by itself."""

from PIL import Image

from imgsvc.adapters.imaging.pillow.picture import Picture, able_to_show, apply, filled, has_alpha, in_mode, size_of
from imgsvc.domain.color import Color
from imgsvc.domain.operations import Adjust, Background, Grayscale, Sepia

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
    holds) by 1 + c/100. Saturation multiplies the distance from the pixel's own luminance by 1 + s/100.

    Each is rounded and cut to 0-255 before the next, so one adjustment is the same as its parts one after another.
    """
    if operation.brightness or operation.contrast:
        table = [_contrasted(_brightened(value, operation.brightness), operation.contrast) for value in range(256)]
        shades = len(picture.getbands()) - has_alpha(picture)
        picture = picture.point(table * shades + list(range(256)) * has_alpha(picture))
    if operation.saturation and not picture.mode.startswith("L"):
        colors = in_mode(picture, "RGB")
        grey = colors.convert("L").convert("RGB")
        picture = _with_alpha_of(picture, Image.blend(grey, colors, 1 + operation.saturation / 100))
    return picture


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
