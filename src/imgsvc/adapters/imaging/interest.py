"""Where a picture is most interesting: the place that a crop keeps when its gravity is an Interest.

Both engines ask this module, with a small copy of the picture as it is at that step, so they agree on the place.

`smart` takes up the idea of smartcrop.js (J. Wagner) and of libvips' `attention`: detail, strong colours and skin draw
the eye. To these it adds colours that are unlike those around, which finds a subject without any texture; and each
counts by how far it rises above its surroundings (Itti, Koch and Niebur, "A model of saliency-based visual attention",
1998), so no large area of skin's colour or of grass does. Where the others look for one best point, or try a few crops,
here each window's sum is taken, its inner part counted twice: a subject comes to lie in the middle.

`entropy` means what it does in other services: the window whose grey values are the least predictable.

What is transparent draws nobody. Where several windows are as good, the one in the middle of them is taken; so a
picture without any interest is cut about its middle.
"""

from collections.abc import Callable, Iterable
from functools import cache

from PIL import Image, ImageChops, ImageFilter, ImageStat

from imgsvc.domain.geometry import FocalPoint, Interest, Size

SIDE = 96  # pixels of the longer side that suffice

_MIDDLE = FocalPoint(0.5, 0.5)
_SEEN_FROM = 16  # of alpha; less is the haze that resampling leaves around a shape
_STEPS = 12  # windows tried along a side before the neighbours of the best are

# What counts how much, of 255 at most each.
_DETAIL, _UNUSUAL, _STRONG, _SKIN = 1.0, 1.0, 0.4, 0.6
_AT_CORNERS = 0.7  # of the weight in the middle: photographers aim
_NOISE = 12  # of 255: less is the grain of a camera or a JPEG


def most_interesting(picture: Image.Image, window: tuple[float, float], by: Interest) -> FocalPoint:
    """The middle of the best window, which has these parts of the picture's width and height.

    ``picture`` is RGB, L, RGBA or LA, at most ``SIDE`` pixels a side; a larger one takes long.
    """
    size = Size(*picture.size)
    kept = Size(_kept(window[0], size.width), _kept(window[1], size.height))
    if kept == size:
        return _MIDDLE
    colors, seen = picture.convert("RGB"), _seen(picture)
    if seen.getbbox() is None:
        return _MIDDLE
    score = _by_entropy(colors, seen, kept) if by is Interest.ENTROPY else _by_eye(colors, seen, kept)
    left, top = _best(score, Size(size.width - kept.width, size.height - kept.height))
    return FocalPoint((left + kept.width / 2) / size.width, (top + kept.height / 2) / size.height)


def _kept(part: float, side: int) -> int:
    return max(1, min(side, round(part * side)))


def _seen(picture: Image.Image) -> Image.Image:
    """255 where something can be seen, else 0."""
    if not picture.mode.endswith("A"):
        return Image.new("L", picture.size, 255)
    return picture.getchannel("A").point([255 * (alpha >= _SEEN_FROM) for alpha in range(256)])


Score = Callable[[int, int], float]  # of the window whose top-left corner is there


def _best(score: Score, room: Size) -> tuple[float, float]:
    """The corner of the best window; ``room`` is how far it can go."""
    scored = cache(score)
    across, down = _spread(room.width), _spread(room.height)
    best = _best_of(scored, across, down)
    if len(best) == len(across) * len(down):
        return room.width / 2, room.height / 2
    left, top = _middle_one(best)
    return _middle_one(_best_of(scored, _near(left, room.width), _near(top, room.height)))


def _spread(room: int) -> list[int]:
    """From end to end, and evenly: else the middle of a plateau would not be its middle."""
    return sorted({room * step // _STEPS for step in range(_STEPS + 1)})


def _near(place: int, room: int) -> range:
    step = room // _STEPS
    return range(max(0, place - step), min(room, place + step) + 1)


def _best_of(score: Score, across: Iterable[int], down: Iterable[int]) -> list[tuple[int, int]]:
    """The corners of all windows that are as good as the best."""
    scores = {(left, top): score(left, top) for top in down for left in across}
    highest = max(scores.values())
    return [corner for corner, value in scores.items() if value >= highest - 1e-9 * abs(highest)]


def _middle_one(corners: list[tuple[int, int]]) -> tuple[int, int]:
    x, y = (sum(corner[axis] for corner in corners) / len(corners) for axis in (0, 1))
    return min(corners, key=lambda corner: ((corner[0] - x) ** 2 + (corner[1] - y) ** 2, corner))


def _by_entropy(colors: Image.Image, seen: Image.Image, kept: Size) -> Score:
    """Bits of what can be seen; the hundredth of a bit is for what is visible at all."""
    grey = colors.convert("L")

    def score(left: int, top: int) -> float:
        box = (left, top, left + kept.width, top + kept.height)
        mask = seen.crop(box)
        visible = mask.histogram()[255]
        return visible * (grey.crop(box).entropy(mask) + 0.01) if visible else 0.0

    return score


def _by_eye(colors: Image.Image, seen: Image.Image, kept: Size) -> Score:
    size = Size(*colors.size)
    total = _running_total(_weighted(_saliency(colors, seen), seen), size)
    inset_x, inset_y = kept.width // 4, kept.height // 4

    def within(left: int, top: int, right: int, bottom: int) -> float:
        return total[bottom][right] - total[top][right] - total[bottom][left] + total[top][left]

    def score(left: int, top: int) -> float:
        right, bottom = left + kept.width, top + kept.height
        whole = within(left, top, right, bottom)
        return whole + within(left + inset_x, top + inset_y, right - inset_x, bottom - inset_y)

    return score


def _saliency(colors: Image.Image, seen: Image.Image) -> Image.Image:
    """How much each pixel draws the eye, 0 to 255."""
    # What is transparent becomes the mean, so that the outline of a shape is no more than it would be on paper.
    mean = tuple(round(channel) for channel in ImageStat.Stat(colors, seen).mean)
    colors = Image.composite(colors, Image.new("RGB", colors.size, mean), seen)
    luminance, blue, red = colors.convert("YCbCr").split()
    parts = (
        (_detail(luminance), _DETAIL),
        (_unusual(colors), _UNUSUAL),
        (_strong(colors), _STRONG),
        (_skin(luminance, blue, red), _SKIN),
    )
    together = Image.new("L", colors.size)
    for part, weight in parts:
        table = [round(min(255.0, value * weight)) for value in range(256)]
        together = ImageChops.add(together, ImageChops.subtract(part, _surroundings(part)).point(table))
    # A little of much draws less than much of a little.
    return ImageChops.multiply(together, together)


def _surroundings(picture: Image.Image) -> Image.Image:
    """What each pixel lies in the midst of."""
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 5))


def _detail(luminance: Image.Image) -> Image.Image:
    """What a slight blur takes away."""
    difference = ImageChops.difference(luminance, luminance.filter(ImageFilter.GaussianBlur(1.5)))
    return difference.point([min(255, 4 * max(0, value - _NOISE // 3)) for value in range(256)])


def _unusual(colors: Image.Image) -> Image.Image:
    """How far a colour is from those around it, without what is fine enough for ``_detail``."""
    soft = colors.filter(ImageFilter.GaussianBlur(1.0))
    luminance, blue, red = ImageChops.difference(soft.convert("YCbCr"), _surroundings(soft).convert("YCbCr")).split()
    return ImageChops.add(luminance.point(lambda value: value // 2), ImageChops.add(blue, red)).point(
        [max(0, value - _NOISE) for value in range(256)]
    )


def _strong(colors: Image.Image) -> Image.Image:
    """Saturation where it is light enough to be seen."""
    _, saturation, lightness = colors.convert("HSV").split()
    visible = lightness.point([min(255, max(0, value - 32) * 2) for value in range(256)])
    return ImageChops.multiply(saturation, visible).point([max(0, value - 96) * 255 // 159 for value in range(256)])


def _skin(luminance: Image.Image, blue: Image.Image, red: Image.Image) -> Image.Image:
    """The range of chrominance that skin of every shade has (Chai and Ngan, 1999), where it is light enough."""
    return ImageChops.multiply(
        luminance.point(_bump(60, 90, 215, 245)),
        ImageChops.multiply(blue.point(_bump(77, 90, 117, 127)), red.point(_bump(133, 140, 163, 173))),
    )


def _bump(begin: int, full: int, falling: int, end: int) -> list[int]:
    """A table that rises from 0 at ``begin`` to 255 at ``full``, and falls from ``falling`` to ``end``."""
    rise, fall = full - begin, end - falling
    return [round(255 * max(0.0, min(1.0, (value - begin) / rise, (end - value) / fall))) for value in range(256)]


def _weighted(saliency: Image.Image, seen: Image.Image) -> Image.Image:
    """Less towards the corners, and nothing where nothing can be seen; anything that can be seen is a little."""
    # From 0 in the middle to 255 in the corners.
    distance = Image.radial_gradient("L").resize(saliency.size)
    bias = distance.point([round(255 - value * (1 - _AT_CORNERS)) for value in range(256)])
    little = [1 + value * 254 // 255 for value in range(256)]
    return ImageChops.multiply(ImageChops.multiply(saliency, bias).point(little), seen)


def _running_total(values: Image.Image, size: Size) -> list[list[int]]:
    """The sum of all values above and left of each corner between pixels."""
    rows = values.tobytes()
    total = [[0] * (size.width + 1)]
    for y in range(size.height):
        above, row, sums = total[-1], 0, [0]
        for x, value in enumerate(rows[y * size.width : (y + 1) * size.width], 1):
            row += value
            sums.append(above[x] + row)
        total.append(sums)
    return total
