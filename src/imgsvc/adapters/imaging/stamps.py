"""Where the copies of a watermark go: one of them, or a pattern of them all over the picture."""

from collections.abc import Iterator

from attrs import frozen
from PIL import Image

from imgsvc.domain.geometry import Box, Size, distance
from imgsvc.domain.operations import Watermark

_BLOCK = 256  # pixels; a pattern of smaller stamps is laid in blocks of at least this size


@frozen
class Stamp:
    """A small picture that an engine composites over the other, all of it inside; LA where it is grey, else RGBA."""

    picture: Image.Image
    left: int
    top: int


@frozen
class Stamps:
    """What an engine does in place of a Watermark once the picture's size is known: lay these over the picture.

    Those away from the edges share one picture, however many they are; nothing as large as the whole is ever made.
    """

    all: tuple[Stamp, ...]


def room_for(watermark: Watermark, size: Size) -> Size:
    """What the margins leave of the picture; at least a pixel. A pattern has none: it may begin anywhere."""
    if watermark.tile:
        return size
    taken_x = 0 if watermark.gravity.horizontal == 0.5 else distance(watermark.x, size.width)
    taken_y = 0 if watermark.gravity.vertical == 0.5 else distance(watermark.y, size.height)
    return Size(max(1, size.width - taken_x), max(1, size.height - taken_y))


def laid(picture: Image.Image, watermark: Watermark, size: Size) -> Stamps:
    """The watermark's picture in all its places; what lies outside of the picture is cut off."""
    x, y = distance(watermark.x, size.width), distance(watermark.y, size.height)
    own = Size(*picture.size)
    if not watermark.tile:
        place = watermark.gravity.place(own, size, x, y)
        return Stamps(tuple(_visible(picture, [(place.left, place.top)], size)))
    period = Size(own.width + x, own.height + y)
    anchor = watermark.gravity.place(own, size)
    first = -(-anchor.left % period.width), -(-anchor.top % period.height)
    return Stamps(tuple(_pattern(picture, period, first, size)))


def _pattern(picture: Image.Image, period: Size, first: tuple[int, int], size: Size) -> Iterator[Stamp]:
    """Copies of the picture, one every ``period``, the ``first`` of which may begin outside."""
    across, down = _repeats(period.width, size.width), _repeats(period.height, size.height)
    if across * down > 1:
        block = Image.new(picture.mode, (across * period.width, down * period.height))
        for column in range(across):
            for row in range(down):
                block.paste(picture, (column * period.width, row * period.height))
        picture, period = block, Size(*block.size)
    lefts, tops = range(first[0], size.width, period.width), range(first[1], size.height, period.height)
    return _visible(picture, [(left, top) for top in tops for left in lefts], size)


def _repeats(period: int, side: int) -> int:
    """How many copies make a block: enough for its size, but no more than the picture shows."""
    return max(1, min(-(-_BLOCK // period), -(-side // period)))


def _visible(picture: Image.Image, corners: list[tuple[int, int]], size: Size) -> Iterator[Stamp]:
    for left, top in corners:
        seen = Box(left, top, *picture.size).clipped_to(size)
        if seen.width < 1 or seen.height < 1:
            continue
        if seen.size == Size(*picture.size):
            yield Stamp(picture, left, top)
        else:
            edges = (seen.left - left, seen.top - top, seen.right - left, seen.bottom - top)
            yield Stamp(picture.crop(edges), seen.left, seen.top)
