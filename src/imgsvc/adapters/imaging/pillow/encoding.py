"""Pictures as files, without any metadata."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image

from imgsvc.adapters.imaging.pillow.color import flattened
from imgsvc.adapters.imaging.pillow.picture import Picture, has_alpha, in_mode
from imgsvc.domain.color import WHITE
from imgsvc.domain.errors import OutputTooLarge
from imgsvc.domain.transform import Format

_PNG_LEVEL = 4  # a photo takes 1 % more bytes than at level 6, and less than half of the time
_WEBP_METHOD = 4
_OPAQUE_FROM = 128  # where a format knows only seen and unseen
_LONGEST_SIDE = {
    Format.JPEG: 65500,
    Format.PNG: 2**31 - 1,
    Format.WEBP: 16383,
    Format.GIF: 65535,
    Format.AVIF: 65536,
    Format.TIFF: 2**31 - 1,
}
_SAMPLE = 512  # pixels a side; as much as a palette is chosen from


def encoded(picture: Picture, format: Format, quality: int | None) -> bytes:
    """The whole file; ``quality`` is 1-100, or the format's own. Raises OutputTooLarge where the format ends."""
    if max(picture.size) > _LONGEST_SIDE[format]:
        size, allowed = f"{picture.width}x{picture.height}", f"at most {_LONGEST_SIDE[format]} pixels a side"
        raise OutputTooLarge(f"{format} cannot hold a picture of {size} pixels", value=size, allowed=allowed)
    stream = BytesIO()
    _WRITERS[format](picture, stream, quality or format.default_quality)
    return stream.getvalue()


def _jpeg(picture: Picture, stream: BytesIO, quality: int | None) -> None:
    flattened(picture, WHITE).save(stream, "JPEG", quality=quality, subsampling="4:2:0")


def _png(picture: Picture, stream: BytesIO, quality: int | None) -> None:
    picture.save(stream, "PNG", compress_level=_PNG_LEVEL)


def _webp(picture: Picture, stream: BytesIO, quality: int | None) -> None:
    in_mode(picture, "RGBA" if has_alpha(picture) else "RGB").save(stream, "WEBP", quality=quality, method=_WEBP_METHOD)


def _gif(picture: Picture, stream: BytesIO, quality: int | None) -> None:
    if picture.mode == "L":
        picture.save(stream, "GIF", optimize=False)
    elif not has_alpha(picture):
        _with_palette(in_mode(picture, "RGB"), 256).save(stream, "GIF", optimize=False)
    else:
        _transparent_gif(picture, stream)


def _transparent_gif(picture: Picture, stream: BytesIO) -> None:
    indexed = _with_palette(in_mode(picture, "RGB"), 255)
    shades = (indexed.getpalette() or [])[: 255 * 3]
    unseen = len(shades) // 3
    indexed.putpalette([*shades, 0, 0, 0])
    alpha = picture.getchannel("A")
    indexed.paste(unseen, mask=alpha.point([255 * (value < _OPAQUE_FROM) for value in range(256)]))
    indexed.save(stream, "GIF", optimize=False, transparency=unseen)


def _with_palette(picture: Picture, colors: int) -> Image.Image:
    """Exactly the picture's colours where they are few enough, else the nearest, dithered."""
    if picture.getcolors(colors) is not None:
        return picture.quantize(colors, Image.Quantize.MEDIANCUT)
    sample = picture
    if picture.width > _SAMPLE or picture.height > _SAMPLE:
        size = min(picture.width, _SAMPLE), min(picture.height, _SAMPLE)
        sample = picture.resize(size, Image.Resampling.NEAREST)
    palette = sample.quantize(colors, Image.Quantize.MEDIANCUT)
    return picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _avif(picture: Picture, stream: BytesIO, quality: int | None) -> None:
    in_mode(picture, "RGBA" if has_alpha(picture) else "RGB").save(stream, "AVIF", quality=quality)


def _tiff(picture: Picture, stream: BytesIO, quality: int | None) -> None:
    picture.save(stream, "TIFF", compression="tiff_adobe_deflate")


_WRITERS: dict[Format, Callable[[Picture, BytesIO, int | None], None]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.GIF: _gif,
    Format.AVIF: _avif,
    Format.TIFF: _tiff,
}
