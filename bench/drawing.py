"""A picture that is as hard on a decoder as a photograph, for those who have none at hand."""

from io import BytesIO
from random import Random

from PIL import Image

SIZE = (2725, 2225)
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


def _clouds(random: Random, octaves: int, size: tuple[int, int]) -> Image.Image:
    picture = _noise(random, 2, size)
    for octave in range(2, octaves + 1):
        weight = max(_FINEST, 0.7**octave)
        picture = Image.blend(picture, _noise(random, 2**octave, size), weight)
    return picture


def _noise(random: Random, side: int, size: tuple[int, int]) -> Image.Image:
    grains = Image.frombytes("L", (side, side), random.randbytes(side * side))
    return grains.resize(size, Image.Resampling.BICUBIC)
