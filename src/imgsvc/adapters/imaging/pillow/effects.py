"""Steps that look at a pixel's neighbours, or its place."""

import math

from PIL import Image, ImageChops, ImageFilter

from imgsvc.adapters.imaging.pillow.picture import Picture, apply, has_alpha, premultiplied, size_of, straight
from imgsvc.domain.geometry import Size
from imgsvc.domain.operations import Blur, Pixelate, Round, Sharpen

_LINES = 16  # that a row of pixels is looked at along, to find how much of each pixel lies inside of a curve


@apply.register
def blur(operation: Blur, picture: Picture) -> Picture:
    return _blurred(picture, operation.sigma)


@apply.register
def sharpen(operation: Sharpen, picture: Picture) -> Picture:
    """Adds to each pixel ``amount`` of what sets it apart from its blurred neighbourhood; alpha stays as it is."""
    sharp = Image.blend(_blurred(picture, operation.sigma), picture, 1 + operation.amount / 100)
    if has_alpha(picture):
        sharp.putalpha(picture.getchannel("A"))
    return sharp


def _blurred(picture: Picture, sigma: float) -> Picture:
    return straight(premultiplied(picture).filter(ImageFilter.GaussianBlur(sigma)))


@apply.register
def pixelate(operation: Pixelate, picture: Picture) -> Picture:
    blocks = picture.reduce(operation.size)  # alpha is weighted by the library here
    seen = picture.width / operation.size, picture.height / operation.size
    return blocks.resize(picture.size, Image.Resampling.NEAREST, (0, 0, *seen))


@apply.register
def round_corners(operation: Round, picture: Picture) -> Picture:
    inside = _rounded(size_of(picture), *operation.radii_in(size_of(picture)))
    if has_alpha(picture):
        inside = ImageChops.multiply(picture.getchannel("A"), inside)
    picture = picture.convert(picture.mode.removesuffix("A") + "A")
    picture.putalpha(inside)
    return picture


def _rounded(size: Size, across: float, down: float) -> Image.Image:
    """How much of each pixel lies inside, 0 to 255."""
    inside = Image.new("L", (size.width, size.height), 255)
    corner = _corner(size, across, down)
    for is_right in (False, True):
        for is_lower in (False, True):
            place = is_right * (size.width - corner.width), is_lower * (size.height - corner.height)
            inside.paste(corner, place)
            corner = corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        corner = corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return inside


def _corner(size: Size, across: float, down: float) -> Image.Image:
    """The upper left one. Row by row, so that no larger picture has to be drawn and made smaller."""
    width, height = math.ceil(across), math.ceil(down)
    rows = []
    for row in range(height):
        heights = [1 - (row + (line + 0.5) / _LINES) / down for line in range(_LINES)]
        edges = [across * (1 - math.sqrt(1 - height * height)) for height in heights]
        first, last = math.floor(min(edges)), min(math.ceil(max(edges)), width)
        slanted = bytes(_covered(column, edges, size.width) for column in range(first, last))
        rows.append(bytes(first) + slanted + b"\xff" * (width - last))
    return Image.frombytes("L", (width, height), b"".join(rows))


def _covered(column: int, edges: list[float], width: int) -> int:
    """The part of a pixel that lies between the left edges and those opposite, which matter where they meet."""
    inside = sum(max(0.0, min(column + 1, width - edge) - max(column, edge)) for edge in edges)
    return int(255 * inside / _LINES + 0.5)
