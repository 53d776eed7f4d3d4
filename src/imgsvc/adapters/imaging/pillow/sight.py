"""What there is to see in a picture: it in small, and what it holds besides a border of one colour."""

from functools import partial

from PIL import Image

from imgsvc.adapters.imaging.pillow.decisions import Sight
from imgsvc.adapters.imaging.pillow.geometry import resampled
from imgsvc.adapters.imaging.pillow.picture import Picture, has_alpha, premultiplied, size_of
from imgsvc.domain.color import Color
from imgsvc.domain.geometry import Box, Size
from imgsvc.domain.operations import Trim


def sight_of(picture: Picture) -> Sight:
    return Sight(size_of(picture), partial(_small, picture), partial(_content, picture))


def _small(picture: Picture, size: Size) -> Image.Image:
    return resampled(picture, size, Box(0, 0, size.width, size.height))


def _content(picture: Picture, trim: Trim) -> Box | None:
    """The box of all pixels that are no border; None where there are none."""
    weighted = premultiplied(picture)
    border = _of_color(trim.color, weighted) if trim.color else _of_corner(weighted)
    if not has_alpha(picture) and trim.color is not None and 255 - trim.color.alpha > trim.tolerance:
        return Box(0, 0, *picture.size)
    return _differing(weighted, border, trim.tolerance)


Border = list[tuple[int, ...]]  # for each band of the picture, the values that all of it must be near to


def _of_corner(picture: Picture) -> Border:
    return [(value,) for value in picture.crop((0, 0, 1, 1)).tobytes()]


def _of_color(color: Color, picture: Picture) -> Border:
    pixel = Image.new("RGBA", (1, 1), (color.red, color.green, color.blue, color.alpha))
    *shades, alpha = pixel.convert("RGBa").tobytes()
    # The one band of a grey picture stands for three.
    border: Border = [tuple(shades)] if picture.mode.startswith("L") else [(shade,) for shade in shades]
    return [*border, (alpha,)] if picture.mode.endswith("a") else border


def _differing(picture: Picture, border: Border, tolerance: int) -> Box | None:
    """The box of all pixels of which a band is further from the border's than the tolerance."""
    edges = []
    for index, near in enumerate(border):
        table = [255 * any(abs(value - one) > tolerance for one in near) for value in range(256)]
        # A band at a time, since each takes as many bytes as the picture has pixels.
        edges.append(picture.getchannel(index).point(table).getbbox())
    found = [one for one in edges if one is not None]
    if not found:
        return None
    left, top = min(one[0] for one in found), min(one[1] for one in found)
    return Box(left, top, max(one[2] for one in found) - left, max(one[3] for one in found) - top)
