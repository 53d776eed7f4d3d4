"""Pictures as files: PNG by libvips, which takes half the time, all others by Pillow, which takes no more."""

from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.pillow import encoding as pillow
from imgsvc.adapters.imaging.pillow.frames import Frames
from imgsvc.adapters.imaging.vips.library import (
    Picture,
    from_memory,
    from_pillow,
    lack_of_memory_told,
    pixels_of,
    png_of,
)
from imgsvc.domain.output import Format, Output

_FILTERS = ("none", "paeth")
_BANDS, _BAND_HEIGHT = 4, 8  # rows of the picture that the filter is chosen by
_SMALL = 64 * 64  # pixels, which take less time than to start the threads that libvips writes a file with


def encoded(frames: Frames, output: Output, carried: Carried) -> bytes:
    """As Pillow's."""
    picture = frames.first
    if output.format is Format.PNG and picture.width * picture.height > _SMALL:
        level = pillow.PNG_LEVEL if output.png_level is None else output.png_level
        with lack_of_memory_told():
            return _png(from_pillow(picture), level, interlaced=output.progressive)
    return pillow.encoded(frames, output, carried)


def _png(picture: Picture, level: int, *, interlaced: bool) -> bytes:
    sample = _sample(picture)
    # Some pictures are smallest without any, all others within 2 % of the smallest with this one.
    best = min(_FILTERS, key=lambda name: len(png_of(sample, level=level, filter=name)))
    return png_of(picture, level=level, filter=best, interlaced=interlaced)


def _sample(picture: Picture) -> Picture:
    """Some rows of all parts of the picture."""
    if picture.height <= _BANDS * _BAND_HEIGHT:
        return picture
    step = (picture.height - _BAND_HEIGHT) // (_BANDS - 1)
    parts = [pixels_of(picture.crop(0, band * step, picture.width, _BAND_HEIGHT)) for band in range(_BANDS)]
    return from_memory(b"".join(parts), picture.width, _BANDS * _BAND_HEIGHT, picture.bands)
