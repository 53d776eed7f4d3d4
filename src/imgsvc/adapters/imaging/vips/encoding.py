"""Pictures as files: PNG by libvips, which is twice as fast, all others by Pillow, which is as fast."""

from PIL import Image

from imgsvc.adapters.imaging.pillow import encoding as pillow
from imgsvc.adapters.imaging.vips.library import Picture, from_memory, from_pillow, pixels_of
from imgsvc.domain.transform import Format

_LEVEL = 4
_FILTERS = ("none", "avg", "paeth")  # what a row is told as: itself, or how it differs from those around it
_BANDS, _BAND_HEIGHT = 4, 12  # rows of the picture that the filter is chosen by
_SMALL = 64 * 64  # pixels, which take less than the threads that libvips starts for a file


def encoded(picture: Image.Image, format: Format, quality: int | None) -> bytes:
    """The whole file; ``quality`` is 1-100, or the format's own. Raises OutputTooLarge where the format ends."""
    if format is Format.PNG and picture.width * picture.height > _SMALL:
        return _png(from_pillow(picture))
    return pillow.encoded(picture, format, quality)


def _png(picture: Picture) -> bytes:
    sample = _sample(picture)
    best = min(_FILTERS, key=lambda name: len(_written(sample, name)))
    return _written(picture, best)


def _written(picture: Picture, filter: str) -> bytes:
    content: bytes = picture.pngsave_buffer(compression=_LEVEL, filter=filter, keep="none")
    return content


def _sample(picture: Picture) -> Picture:
    """Some rows of all parts of the picture: drawings are smallest without a filter, photographs with."""
    if picture.height <= _BANDS * _BAND_HEIGHT:
        return picture
    step = (picture.height - _BAND_HEIGHT) // (_BANDS - 1)
    parts = [pixels_of(picture.crop(0, band * step, picture.width, _BAND_HEIGHT)) for band in range(_BANDS)]
    return from_memory(b"".join(parts), picture.width, _BANDS * _BAND_HEIGHT, picture.bands)
