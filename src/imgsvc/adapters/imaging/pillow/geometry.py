"""Steps that change sizes and places."""

import math

from PIL import Image

from imgsvc.adapters.imaging.pillow.picture import (
    Picture,
    able_to_show,
    apply,
    filled,
    has_alpha,
    premultiplied,
    size_of,
    straight,
)
from imgsvc.domain.color import TRANSPARENT, WHITE, Color
from imgsvc.domain.geometry import Box, Size
from imgsvc.domain.operations import AutoOrient, Crop, Flip, Kernel, Mirror, Pad, Resize, ResizeLayout, Rotate

_ROUND_TURNS = {
    0: None,
    90: Image.Transpose.ROTATE_270,  # Pillow turns counterclockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_KERNELS = {
    Kernel.NEAREST: Image.Resampling.NEAREST,
    Kernel.BILINEAR: Image.Resampling.BILINEAR,
    Kernel.BICUBIC: Image.Resampling.BICUBIC,
    Kernel.LANCZOS: Image.Resampling.LANCZOS,
}
_GAP = 3.0  # a first reduction, by whole factors, leaves so many times the size; that cannot be told from none
_BORDER = 2  # pixels; as far as the bicubic kernel reaches


def resampled(
    picture: Picture,
    scaled: Size,
    window: Box,
    kernel: Kernel = Kernel.LANCZOS,
    whole: tuple[float, float] | None = None,
) -> Picture:
    """The window of the picture as it is when scaled; only the window's pixels are ever made.

    ``whole`` is the picture's size where that is not whole pixels: less than a pixel smaller than it is.
    """
    width, height = whole or picture.size
    if (width, height) == (scaled.width, scaled.height):
        return cropped(picture, window)
    across, down = width / scaled.width, height / scaled.height
    right, bottom = min(window.right * across, width), min(window.bottom * down, height)
    box = (window.left * across, window.top * down, right, bottom)
    # Alpha is weighted by the library here.
    return picture.resize((window.width, window.height), _KERNELS[kernel], box, reducing_gap=_GAP)


def cropped(picture: Picture, box: Box) -> Picture:
    edges = (box.left, box.top, box.right, box.bottom)
    return picture if edges == (0, 0, *picture.size) else picture.crop(edges)


def laid_out(picture: Picture, layout: ResizeLayout, background: Color | None) -> Picture:
    """The window on its canvas."""
    return _on_canvas(picture, layout.canvas, layout.offset, background)


def _on_canvas(picture: Picture, canvas: Size, offset: tuple[int, int], background: Color | None) -> Picture:
    if canvas == size_of(picture):
        return picture
    color = background or TRANSPARENT
    picture = able_to_show(picture, color)
    around = filled(picture.mode, canvas, color)
    around.paste(picture, offset)
    return around


@apply.register
def auto_orient(operation: AutoOrient, picture: Picture) -> Picture:
    return picture  # done while decoding


@apply.register
def crop(operation: Crop, picture: Picture) -> Picture:
    return cropped(picture, operation.box_in(size_of(picture)))


@apply.register
def resize(operation: Resize, picture: Picture) -> Picture:
    layout = operation.layout_in(size_of(picture))
    return laid_out(resampled(picture, layout.scaled, layout.window, operation.kernel), layout, operation.background)


@apply.register
def flip(operation: Flip, picture: Picture) -> Picture:
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


@apply.register
def mirror(operation: Mirror, picture: Picture) -> Picture:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


@apply.register
def pad(operation: Pad, picture: Picture) -> Picture:
    size = operation.size_after(size_of(picture))
    return _on_canvas(picture, size, (operation.left, operation.top), operation.background)


@apply.register
def rotate(operation: Rotate, picture: Picture) -> Picture:
    if operation.degrees in _ROUND_TURNS:
        turn = _ROUND_TURNS[int(operation.degrees)]
        return picture if turn is None else picture.transpose(turn)
    color = operation.background or (TRANSPARENT if has_alpha(picture) else WHITE)
    bordered = _bordered(able_to_show(picture, color), color)
    size = operation.size_after(size_of(picture))
    corner = bordered.getpixel((0, 0))
    turned = bordered.transform(
        (size.width, size.height),
        Image.Transform.AFFINE,
        _backwards(operation.degrees, size, size_of(bordered)),
        Image.Resampling.BICUBIC,
        fillcolor=corner,
    )
    return straight(turned)


def _bordered(picture: Picture, color: Color) -> Picture:
    """Premultiplied, in a frame of the corners' colour: the slanted edges blend into it instead of showing steps."""
    size = Size(picture.width + 2 * _BORDER, picture.height + 2 * _BORDER)
    canvas = premultiplied(filled(picture.mode, size, color))
    canvas.paste(premultiplied(picture), (_BORDER, _BORDER))
    return canvas


def _backwards(degrees: float, turned: Size, before: Size) -> tuple[float, ...]:
    """Where a pixel of the turned picture comes from, as an affine matrix; both turn about their centres."""
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    x, y = turned.width / 2, turned.height / 2
    return (
        *(cosine, sine, before.width / 2 - cosine * x - sine * y),
        *(-sine, cosine, before.height / 2 + sine * x - cosine * y),
    )
