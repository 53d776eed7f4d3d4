"""Pictures as files; what they carry besides is added to the file, but for AVIF."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.pillow.color import flattened
from imgsvc.adapters.imaging.pillow.frames import Frames
from imgsvc.adapters.imaging.pillow.gif import gif
from imgsvc.adapters.imaging.pillow.interlacing import interlaced
from imgsvc.adapters.imaging.pillow.picture import Picture, has_alpha, in_mode
from imgsvc.adapters.imaging.pillow.webp import webp
from imgsvc.domain.color import WHITE
from imgsvc.domain.errors import OutputTooLarge
from imgsvc.domain.output import Format, Output

PNG_LEVEL = 4  # a photo takes 1 % more bytes than at level 6, and less than half of the time

# A photo of 2 megapixels takes 0.7 s, where speed 6 takes 2 s for as many bytes that look alike; 9 takes 4 % more.
_AVIF_SPEED = 8
# The one that all builds have; and with several threads it makes other bytes.
_AVIF_ENCODER: dict[str, Any] = {"codec": "aom", "max_threads": 1, "speed": _AVIF_SPEED}
_LACK_OF_MEMORY = re.compile(r"planes failed|encoding error [12]\b")
_HORIZONTAL = {317: 2}  # TIFF's predictor: each sample as its difference from the one to its left
_LONGEST_SIDE = {
    Format.JPEG: 65500,
    Format.PNG: 2**31 - 1,
    Format.WEBP: 16383,
    Format.AVIF: 65536,
    Format.GIF: 65535,
    Format.TIFF: 2**31 - 1,
}


def encoded(frames: Frames, output: Output, carried: Carried) -> bytes:
    """The whole file, with nothing of ``carried`` that ``metadata.writing`` adds.

    The output's format is decided, and its quality is 1-100 or the format's own. Formats that do not animate have the
    first frame. Raises OutputTooLarge where the format ends.
    """
    format, picture = output.format, frames.first
    assert isinstance(format, Format)
    if max(picture.size) > _LONGEST_SIDE[format]:
        size, allowed = f"{picture.width}x{picture.height}", f"at most {_LONGEST_SIDE[format]} pixels a side"
        raise OutputTooLarge(f"{format} cannot hold a picture of {size} pixels", value=size, allowed=allowed)
    return _WRITERS[format](frames, output, carried)


def _quality(output: Output) -> int:
    assert isinstance(output.format, Format)
    return output.quality or output.format.default_quality or 100


def _jpeg(frames: Frames, output: Output, carried: Carried) -> bytes:
    options = {"quality": _quality(output), "subsampling": "4:2:0", "progressive": output.progressive}
    return _saved(flattened(frames.first, WHITE), "JPEG", **options)


def _png(frames: Frames, output: Output, carried: Carried) -> bytes:
    level = PNG_LEVEL if output.png_level is None else output.png_level
    if output.progressive:
        return interlaced(frames.first, level)
    return _saved(frames.first, "PNG", compress_level=level)


def _avif(frames: Frames, output: Output, carried: Carried) -> bytes:
    """Lossless but for the rounding of the library's colour model, which is 3 of 255 at most."""
    picture = frames.first
    options = {"quality": _quality(output), "subsampling": "4:2:0"}
    if output.lossless:
        options = {"quality": 100, "subsampling": "4:4:4"}
    with _lack_of_memory_told():
        return _saved(
            in_mode(picture, "RGBA" if has_alpha(picture) else "RGB"),
            "AVIF",
            **options,
            **_AVIF_ENCODER,
            exif=carried.exif or b"",
            xmp=carried.xmp or b"",
            icc_profile=carried.icc or b"",
        )


@contextmanager
def _lack_of_memory_told() -> Iterator[None]:
    """The AVIF encoder has one sentence for all that ends it. Its pixels and options are ours, so memory is what is
    left. The one of WebP has numbers. Raises MemoryError.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if _LACK_OF_MEMORY.search(str(error)):
            raise MemoryError(str(error)) from error
        raise


def _tiff(frames: Frames, output: Output, carried: Carried) -> bytes:
    return _saved(frames.first, "TIFF", compression="tiff_adobe_deflate", tiffinfo=_HORIZONTAL)


def _saved(picture: Picture, name: str, **options: Any) -> bytes:
    stream = BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


def _webp(frames: Frames, output: Output, carried: Carried) -> bytes:
    with _lack_of_memory_told():
        return webp(frames, output, _quality(output), carried.plays)


def _gif(frames: Frames, output: Output, carried: Carried) -> bytes:
    return gif(frames, carried.plays)


_WRITERS: dict[Format, Callable[[Frames, Output, Carried], bytes]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.AVIF: _avif,
    Format.GIF: _gif,
    Format.TIFF: _tiff,
}
