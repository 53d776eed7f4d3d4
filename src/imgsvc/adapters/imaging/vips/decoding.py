"""Files as pictures, by the fastest way there is: JPEG by libjpeg-turbo, PNG by libvips, all others by Pillow.

What a file is, how large and how turned, Pillow tells for both engines; and it reads the files that the fast ways
cannot. So whatever one engine takes in, the other renders.
"""

from typing import Any

import simplejpeg
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from imgsvc.adapters.imaging.kept import KeptPictures
from imgsvc.adapters.imaging.pillow import decoding as pillow
from imgsvc.adapters.imaging.pillow import geometry
from imgsvc.adapters.imaging.pillow.decoding import Opened
from imgsvc.adapters.imaging.pillow.picture import premultiplied, straight
from imgsvc.adapters.imaging.pillow.profiles import in_srgb
from imgsvc.adapters.imaging.vips.library import (
    Failure,
    Picture,
    cropped,
    from_bytes,
    from_memory,
    pixels_of,
    read_png,
    weighted,
)
from imgsvc.adapters.imaging.vips.resampling import reduced, shrinks
from imgsvc.domain.reach import Placement, Reach, jpeg_scale, shrunk

_TURBO_COLORS = {"L": "GRAY", "RGB": "RGB"}
# How much larger than wanted a JPEG is decoded at least. Beside a full decode and one exact reduction the structural
# similarity (SSIM) of photographs is 0.990 or more; it would be 0.996 at 1.8, and covers take a fifth longer.
_SPARE = 1.35
_MOST_HELD = 2**24  # pixels with alpha, of which all are in memory at once


def decode(file: Opened, reach: Reach, kept: KeptPictures, *, upright: bool) -> Image.Image:
    """What ``reach`` keeps of the first frame, resampled but not yet on its canvas. Raises CorruptImage.

    Only what becomes smaller is libvips' to do: where no pixel is resampled there is nothing to gain, and larger ones
    are made alike by both engines.
    """
    placement = pillow.placed(file, reach, upright=upright)
    if not shrinks((placement.kept.width, placement.kept.height), placement.scaled, placement.kernel):
        return pillow.decode(file, reach, upright=upright)
    with pillow.blaming_the_file():
        picture = _read_fast(file, placement, kept)
        profile = file.image.info.get("icc_profile")
        if picture is None:
            picture, profile = _read_by_pillow(file, placement, kept)
        picture = pillow.turned(in_srgb(straight(picture), profile), placement.turn)
    picture.info = {}
    return picture


def _read_fast(file: Opened, placement: Placement, kept: KeptPictures) -> Image.Image | None:
    """None for what takes the slow way: other formats, and files that are odd or damaged, which that way tells."""
    try:
        if isinstance(file.image, JpegImageFile) and file.image.mode in _TURBO_COLORS:
            return _read_jpeg(file, placement, kept)
        if isinstance(file.image, PngImageFile) and _is_plain(file):
            return _read_png(file, placement)
    except (Failure, ValueError):
        return None
    return None


def _read_jpeg(file: Opened, placement: Placement, kept: KeptPictures) -> Image.Image:
    scale, mode = jpeg_scale(file.facts.stored_size, placement, _SPARE), file.image.mode
    pixels = kept.pixels(file.content, ("turbo", scale))
    if pixels is None:
        pixels = _jpeg_pixels(file, scale)
        if kept.has_room(file.content, pixels.nbytes):
            kept.keep_pixels(file.content, ("turbo", scale), pixels, pixels.nbytes)
    height, width, bands = pixels.shape
    part, seen = placement.kept, shrunk(placement.kept, scale)
    picture = cropped(from_memory(pixels, width, height, bands), seen.left, seen.top, seen.width, seen.height)
    exactly = part.width / scale, part.height / scale
    return reduced(picture, mode, placement.scaled, placement.window, placement.kernel, exactly)


def _jpeg_pixels(file: Opened, scale: int) -> Any:
    """At 1/8, 1/4, 1/2 or 1; libjpeg-turbo's other scales take longer than the next of these."""
    return simplejpeg.decode_jpeg(
        file.content,
        _TURBO_COLORS[file.image.mode],
        fastdct=False,  # nor the other that is poorer; together they would save a hundredth
        fastupsample=False,
        min_width=-(-file.image.width // scale),
        min_height=-(-file.image.height // scale),
        min_factor=1,
        strict=True,
    )


def _is_plain(file: Opened) -> bool:
    """Of 8 bits a channel without a palette, in one frame and one pass; no colour stands for transparency."""
    depth, color_type, _, _, interlace = file.content[24:29]
    is_indexed = color_type == 3
    is_alone = file.facts.frames == 1 and interlace == 0
    return depth == 8 and not is_indexed and is_alone and "transparency" not in file.image.info


def _read_png(file: Opened, placement: Placement) -> Image.Image:
    kept, mode = placement.kept, file.image.mode
    picture = cropped(read_png(file.content), kept.left, kept.top, kept.width, kept.height)
    if mode.endswith("A"):
        picture, mode = _weighted(picture, mode), mode[:-1] + "a"
    return reduced(picture, mode, placement.scaled, placement.window, placement.kernel)


def _weighted(picture: Picture, mode: str) -> Picture:
    """With its colours multiplied by alpha."""
    width, height = picture.width, picture.height
    if width * height > _MOST_HELD:
        return picture.premultiply().rint().cast("uchar")
    # libvips does so in floating-point numbers, in twice the time; but row by row, without holding the picture.
    pixels = pixels_of(picture, lambda rows: premultiplied(from_bytes(rows, width, mode)).tobytes())
    return from_memory(pixels, width, height, len(mode))


def _read_by_pillow(file: Opened, placement: Placement, kept: KeptPictures) -> tuple[Image.Image, bytes | None]:
    """With its profile, which may stand behind the pixels."""
    scale = pillow.begin(file, placement)
    whole, profile = kept.pixels(file.content, ("pillow", scale)) or _loaded(file, scale, kept)
    part = placement.kept
    picture, mode = weighted(geometry.cropped(whole, shrunk(part, scale)))
    exactly = part.width / scale, part.height / scale
    return reduced(picture, mode, placement.scaled, placement.window, placement.kernel, exactly), profile


def _loaded(file: Opened, scale: int, kept: KeptPictures) -> tuple[Image.Image, bytes | None]:
    whole = pillow.loaded(file.image)
    profile = file.image.info.get("icc_profile")
    byte_count = whole.width * whole.height * (1 if len(whole.getbands()) == 1 else 4)  # as Pillow holds them
    # Of several frames the file is about to show the next.
    if file.facts.frames == 1 and kept.has_room(file.content, byte_count):
        # Not the file itself, whose decoder holds several times as much.
        picture = whole.copy() if whole is file.image else whole
        kept.keep_pixels(file.content, ("pillow", scale), (picture, profile), byte_count)
    return whole, profile
