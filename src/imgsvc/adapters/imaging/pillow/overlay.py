"""Steps that lay something over the picture."""

from PIL import Image

from imgsvc.adapters.imaging.pillow.picture import Picture, able_to_show, apply, channels, has_alpha, size_of
from imgsvc.adapters.imaging.text import drawn
from imgsvc.domain.color import Color
from imgsvc.domain.geometry import Box, Size, distance, pixels
from imgsvc.domain.operations import Watermark


@apply.register
def watermark(operation: Watermark, picture: Picture) -> Picture:
    """The ink's box is what the margins count from."""
    if operation.text is None:
        raise NotImplementedError("watermarks that are images")
    size = size_of(picture)
    margins = distance(operation.x, size.width), distance(operation.y, size.height)
    ink = drawn(operation.text, pixels(operation.size, size.width), _room(operation, size, *margins))
    if ink is None:
        return picture
    place = operation.gravity.place(size_of(ink), size, *margins)
    strength = operation.opacity * operation.color.alpha / 255
    mask = ink.point([int(value * strength + 0.5) for value in range(256)])
    return _stained(picture, operation.color, mask, place)


def _room(operation: Watermark, size: Size, margin_x: int, margin_y: int) -> Size:
    """What the margins leave for the text; at least a pixel."""
    taken_x = 0 if operation.gravity.horizontal == 0.5 else margin_x
    taken_y = 0 if operation.gravity.vertical == 0.5 else margin_y
    return Size(max(1, size.width - taken_x), max(1, size.height - taken_y))


def _stained(picture: Picture, color: Color, mask: Image.Image, place: Box) -> Picture:
    """The colour over the picture, as strong as the mask says; nothing changes outside of ``place``."""
    seen = place.clipped_to(size_of(picture))
    if seen.width < 1 or seen.height < 1:
        return picture
    opaque = Color(color.red, color.green, color.blue)
    picture = able_to_show(picture, opaque).copy()
    left, top = seen.left - place.left, seen.top - place.top
    mask = mask.crop((left, top, left + seen.width, top + seen.height))
    stain = Image.new(picture.mode, mask.size, channels(opaque, picture.mode))
    if has_alpha(picture):
        stain.putalpha(mask)
        picture.alpha_composite(stain, (seen.left, seen.top))
    else:
        picture.paste(stain, (seen.left, seen.top), mask)
    return picture
