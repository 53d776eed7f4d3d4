"""Pictures as files: PNG by libvips, which takes half the time, all others by Pillow, which takes no more."""

from PIL import Image

from imgsvc.adapters.imaging.pillow import encoding as pillow
from imgsvc.adapters.imaging.vips.library import Picture, from_memory, from_pillow, pixels_of, png_of
from imgsvc.domain.transform import Format

_LEVEL = 4
_FILTERS = ("none", "avg")
_BANDS, _BAND_HEIGHT = 4, 8  # rows of the picture that the filter is chosen by
_SMALL = 64 * 64  # pixels, which take less time than to start the threads that libvips writes a file with


def encoded(picture: Image.Image, format: Format, quality: int | None) -> bytes:
    """The whole file; ``quality`` is 1-100, or the format's own. Raises OutputTooLarge where the format ends."""
    if format is Format.PNG and picture.width * picture.height > _SMALL:
        return _png(from_pillow(picture))
    return pillow.encoded(picture, format, quality)


def _png(picture: Picture) -> bytes:
    sample = _sample(picture)
    # Drawings are smallest without a filter, photographs with one; libvips could choose for each row, but not well.
    best = min(_FILTERS, key=lambda name: len(png_of(sample, level=_LEVEL, filter=name)))
    return png_of(picture, level=_LEVEL, filter=best)


def _sample(picture: Picture) -> Picture:
    """Some rows of all parts of the picture."""
    if picture.height <= _BANDS * _BAND_HEIGHT:
        return picture
    step = (picture.height - _BAND_HEIGHT) // (_BANDS - 1)
    parts = [pixels_of(picture.crop(0, band * step, picture.width, _BAND_HEIGHT)) for band in range(_BANDS)]
    return from_memory(b"".join(parts), picture.width, _BANDS * _BAND_HEIGHT, picture.bands)
