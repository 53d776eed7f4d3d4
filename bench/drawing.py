"""Pictures that are as hard on a decoder as photographs, for those who have none at hand."""

from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image

SIZE = (2725, 2225)
_TRANSPARENT_SIZE = (2048, 1536)
_LARGE_SIZE = (8165, 6123)  # 50 megapixels
_OCTAVES = 11
_FINEST = 0.1  # how much of each of the finer octaves is seen; gives 1 MB


def photo_like() -> bytes:
    """A JPEG, the same at every call: clouds of ever finer noise, light that falls off to the sides."""
    random = Random(2)
    light = _clouds(random, _OCTAVES, SIZE)
    light = Image.blend(
        light, Image.radial_gradient("L").resize(SIZE).point([255 - value for value in range(256)]), 0.3
    )
    colors = [_clouds(random, _OCTAVES - 4, SIZE) for _ in range(2)]
    stream = BytesIO()
    Image.merge("YCbCr", (light, *colors)).save(stream, "JPEG", quality=80, subsampling="4:2:0")
    return stream.getvalue()


def transparent() -> bytes:
    """A PNG with alpha, the same at every call: soft shapes, and clear around them."""
    random = Random(3)
    shapes = [_clouds(random, _OCTAVES - 5, _TRANSPARENT_SIZE) for _ in range(4)]
    seen = shapes[3].point([min(255, max(0, 6 * (value - 120))) for value in range(256)])
    stream = BytesIO()
    Image.merge("RGBA", (*shapes[:3], seen)).save(stream, "PNG")
    return stream.getvalue()


def large(picture: Path, format: str) -> bytes:
    """The picture with 50 million pixels."""
    stream = BytesIO()
    with Image.open(picture) as image:
        image.convert("RGB").resize(_LARGE_SIZE, Image.Resampling.BICUBIC).save(stream, format, compress_level=1)
    return stream.getvalue()


def _clouds(random: Random, octaves: int, size: tuple[int, int]) -> Image.Image:
    picture = _noise(random, 2, size)
    for octave in range(2, octaves + 1):
        weight = max(_FINEST, 0.7**octave)
        picture = Image.blend(picture, _noise(random, 2**octave, size), weight)
    return picture


def _noise(random: Random, side: int, size: tuple[int, int]) -> Image.Image:
    grains = Image.frombytes("L", (side, side), random.randbytes(side * side))
    return grains.resize(size, Image.Resampling.BICUBIC)
