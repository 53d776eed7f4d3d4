"""The pictures that the examples are made of, drawn so that every operation shows; the same on every machine.

The scene has the size and the subject that ``imgsvc.domain.examples`` speaks of.
"""

import math
from io import BytesIO
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

SIZE = (480, 320)
BALLOON = (336, 118)  # its middle, which is the subject

_FINE = 3  # drawn so many times larger, so that edges are smooth
_HORIZON = 196
_ORIENTATION = 0x0112  # the EXIF tag
_TURNED_LEFT = 6  # stored turned a quarter to the left; to be shown turned to the right

Point = tuple[float, float]
Rgb = tuple[int, int, int]


def scene() -> Image.Image:
    """An evening at a lake: a sun on the left, a balloon on the right, a boat between."""
    picture = _stacked(_sky(), _lake())
    picture = _with_sun(picture)
    for height, roughness, colour in ((58, 3, (126, 122, 164)), (36, 7, (84, 92, 138)), (18, 13, (48, 66, 94))):
        _ridge(picture, height, roughness, colour)
    picture = _with_reflection(picture)
    _glitter(picture)
    _boat(picture, 158, 246)
    _balloon(ImageDraw.Draw(picture), BALLOON, 62)
    _reeds(picture)
    return picture.resize(SIZE, Image.Resampling.LANCZOS)


def framed() -> Image.Image:
    """The scene with a wide border of one colour, as scanners leave it."""
    return ImageOps.expand(scene(), (60, 30, 30, 60), (250, 250, 247))


def cut_out() -> Image.Image:
    """The balloon alone, transparent around."""
    picture = Image.new("RGBA", (240 * _FINE, 240 * _FINE), (255, 255, 255, 0))
    _balloon(ImageDraw.Draw(picture), (120, 90), 74)
    return picture.resize((240, 240), Image.Resampling.LANCZOS)


def stamp() -> Image.Image:
    """A logo: a white ring with a sail in it, transparent around."""
    side = 160 * _FINE
    picture = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((0, 0, side - 1, side - 1), fill=(27, 42, 73, 255), outline=(255, 255, 255, 255), width=side // 14)
    white = (255, 255, 255, 255)
    pen.polygon([(side * 0.47, side * 0.18), (side * 0.47, side * 0.66), (side * 0.2, side * 0.66)], fill=white)
    pen.polygon(
        [(side * 0.54, side * 0.26), (side * 0.54, side * 0.66), (side * 0.78, side * 0.66)], fill=(255, 138, 76)
    )
    pen.rounded_rectangle((side * 0.2, side * 0.71, side * 0.8, side * 0.79), side * 0.04, fill=white)
    return picture.resize((160, 160), Image.Resampling.LANCZOS)


def encoded(picture: Image.Image) -> bytes:
    stream = BytesIO()
    picture.save(stream, "png")
    return stream.getvalue()


def sideways() -> bytes:
    """The scene as a camera stores it that was held upright, with the EXIF orientation that says so."""
    stored = scene().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[_ORIENTATION] = _TURNED_LEFT
    stream = BytesIO()
    stored.save(stream, "png", exif=exif)
    return stream.getvalue()


def _gradient(stops: list[tuple[float, Rgb]], height: int) -> Image.Image:
    """From top to bottom, through colours at parts of the height."""
    column = Image.new("RGB", (1, height))
    for y in range(height):
        part = y / (height - 1)
        (before, start), (after, end) = next(pair for pair in pairwise(stops) if part <= pair[1][0])
        share = (part - before) / (after - before)
        column.putpixel((0, y), tuple(round(a + (b - a) * share) for a, b in zip(start, end, strict=True)))
    return column.resize((SIZE[0] * _FINE, height))


def _sky() -> Image.Image:
    stops = [(0.0, (38, 84, 152)), (0.5, (118, 162, 208)), (0.8, (250, 206, 160)), (1.0, (255, 176, 112))]
    return _gradient(stops, _HORIZON * _FINE)


def _lake() -> Image.Image:
    stops = [(0.0, (232, 160, 118)), (0.35, (110, 130, 168)), (1.0, (20, 46, 84))]
    return _gradient(stops, (SIZE[1] - _HORIZON) * _FINE)


def _stacked(above: Image.Image, below: Image.Image) -> Image.Image:
    picture = Image.new("RGB", (SIZE[0] * _FINE, SIZE[1] * _FINE))
    picture.paste(above, (0, 0))
    picture.paste(below, (0, above.height))
    return picture


def _scaled(*values: float) -> tuple[float, ...]:
    return tuple(value * _FINE for value in values)


def _around(middle: Point, across: float, down: float | None = None) -> tuple[float, ...]:
    x, y = middle
    down = across if down is None else down
    return _scaled(x - across, y - down, x + across, y + down)


def _with_sun(picture: Image.Image) -> Image.Image:
    """A disc, and light around it that is added to what is there."""
    light = Image.new("RGB", picture.size)
    pen = ImageDraw.Draw(light)
    for radius, colour in ((90, (46, 26, 10)), (52, (60, 44, 22)), (30, (70, 60, 40))):
        pen.ellipse(_around((104, 150), radius), fill=colour)
    light = ImageChops.add(picture, light.filter(ImageFilter.GaussianBlur(22 * _FINE)))
    ImageDraw.Draw(light).ellipse(_around((104, 150), 19), fill=(255, 244, 206))
    clouds = Image.new("L", picture.size)
    pen = ImageDraw.Draw(clouds)
    for x, y, across, down in ((60, 58, 46, 5), (96, 66, 60, 4), (210, 40, 54, 5), (180, 49, 40, 4), (440, 70, 44, 5)):
        pen.ellipse(_around((x, y), across, down), fill=170)
    clouds = clouds.filter(ImageFilter.GaussianBlur(3 * _FINE))
    light.paste((255, 240, 228), (0, 0), clouds)
    return light


def _ridge(picture: Image.Image, height: float, roughness: int, colour: Rgb) -> None:
    """Mountains from one side to the other; ``roughness`` also makes each another."""
    random = Random(roughness)
    phases = [random.uniform(0, 6.3) for _ in range(5)]
    tops: list[Point] = []
    for x in range(SIZE[0] + 1):
        rise = sum(math.sin(x / SIZE[0] * roughness * 2**level + phases[level]) / 1.9**level for level in range(5))
        tops.append((x, _HORIZON - height * (0.62 + 0.22 * rise)))
    outline = [(0, _HORIZON), *tops, (SIZE[0], _HORIZON)]
    ImageDraw.Draw(picture).polygon([_scaled(*point) for point in outline], fill=colour)


def _with_reflection(picture: Image.Image) -> Image.Image:
    """The lake mirrors what stands above it, darker and blurred."""
    depth = (SIZE[1] - _HORIZON) * _FINE
    shore = _HORIZON * _FINE
    above = picture.crop((0, shore - depth, picture.width, shore))
    mirrored = ImageOps.flip(above).filter(ImageFilter.GaussianBlur(2 * _FINE))
    water = picture.crop((0, shore, picture.width, shore + depth))
    picture.paste(Image.blend(water, mirrored, 0.5), (0, shore))
    return picture


def _glitter(picture: Image.Image) -> None:
    random = Random(7)
    pen = ImageDraw.Draw(picture)
    for _ in range(330):
        depth = random.random() ** 0.7
        y = _HORIZON + 3 + depth * (SIZE[1] - _HORIZON - 6)
        near_the_sun = random.random() < 0.35
        x = random.gauss(104, 10 + 26 * depth) if near_the_sun else random.uniform(0, SIZE[0])
        length = 3 + 13 * depth * random.random()
        colour = (255, 224, 170) if near_the_sun else random.choice([(150, 172, 204), (66, 92, 134), (40, 66, 108)])
        pen.line(_scaled(x - length, y, x + length, y), fill=colour, width=max(2, round(_FINE * (0.5 + depth))))


def _boat(picture: Image.Image, x: float, y: float) -> None:
    pen = ImageDraw.Draw(picture)
    pen.polygon([_scaled(x - 2, y - 52), _scaled(x - 2, y - 6), _scaled(x - 26, y - 6)], fill=(255, 250, 240))
    pen.polygon([_scaled(x + 2, y - 46), _scaled(x + 2, y - 6), _scaled(x + 22, y - 6)], fill=(242, 106, 74))
    pen.line(_scaled(x, y - 55, x, y - 2), fill=(70, 48, 36), width=_FINE)
    hull = [(x - 28, y - 4), (x + 28, y - 4), (x + 18, y + 6), (x - 20, y + 6)]
    pen.polygon([_scaled(*point) for point in hull], fill=(110, 52, 36))
    pen.line(_scaled(x - 28, y - 3, x + 28, y - 3), fill=(250, 214, 160), width=_FINE)


def _balloon(pen: ImageDraw.ImageDraw, middle: Point, radius: float) -> None:
    """Striped along its meridians, lit from the left, with ropes and a basket."""
    x, y = middle
    colours: list[Rgb] = [(176, 32, 44), (246, 190, 60), (222, 54, 52), (255, 226, 128), (236, 78, 58)]
    foot = y + radius * 1.28
    for index, colour in enumerate(colours):
        across = radius * math.cos(index / len(colours) * math.pi / 2)
        pen.ellipse(_around((x, y), across, radius), fill=colour)
        neck = [(x - across * 0.86, y + radius * 0.5), (x + across * 0.86, y + radius * 0.5)]
        end = [(x + across * 0.22, foot), (x - across * 0.22, foot)]
        pen.polygon([_scaled(*point) for point in (*neck, *end)], fill=colour)
    pen.rectangle(_scaled(x - radius * 0.22, foot, x + radius * 0.22, foot + radius * 0.05), fill=(96, 40, 32))
    basket = foot + radius * 0.3
    for side in (-1, 1):
        pen.line(
            _scaled(x + side * radius * 0.2, foot, x + side * radius * 0.14, basket), fill=(70, 48, 36), width=_FINE
        )
    pen.rounded_rectangle(
        _scaled(x - radius * 0.17, basket, x + radius * 0.17, basket + radius * 0.24), 2 * _FINE, fill=(122, 76, 40)
    )
    for row in range(1, 3):
        height = basket + radius * 0.08 * row
        pen.line(_scaled(x - radius * 0.16, height, x + radius * 0.16, height), fill=(168, 116, 66), width=_FINE // 2)


def _reeds(picture: Image.Image) -> None:
    """Thin lines in front, where sharpness shows."""
    random = Random(3)
    pen = ImageDraw.Draw(picture)
    for _ in range(70):
        x = SIZE[0] - random.random() ** 1.6 * 190
        height = random.uniform(18, 58) * (0.55 + 0.45 * (x - 290) / 190)
        lean = random.uniform(-7, 7)
        colour = random.choice([(28, 52, 40), (44, 78, 48), (84, 104, 54), (20, 38, 34)])
        pen.line(_scaled(x, SIZE[1], x + lean / 2, SIZE[1] - height / 2, x + lean, SIZE[1] - height), colour, 4)
        if random.random() < 0.3:
            pen.ellipse(_around((x + lean, SIZE[1] - height), 1.6, 5), fill=(112, 68, 38))
