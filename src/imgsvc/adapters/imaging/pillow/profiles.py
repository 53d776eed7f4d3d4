"""Colours of any kind as 8-bit sRGB: ICC profiles, CMYK, palettes, wide samples."""

import math
from collections.abc import Callable
from functools import cache, lru_cache
from io import BytesIO
from itertools import chain, product

from PIL import Image, ImageChops, ImageCms

from imgsvc.adapters.imaging.pillow.picture import has_alpha, in_mode

_WORKING_MODES = ("L", "LA", "RGB", "RGBA")
_WIDE = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_SIXTEEN_BITS = 65535
_SAMPLES = tuple(product(range(0, 256, 15), repeat=3))  # colours by which profiles are told apart
_ROUNDING = 1  # levels by which profiles of the same colours differ


def in_plain_mode(image: Image.Image) -> Image.Image:
    """In a working mode, or CMYK: 8 bits a channel, and pixels that can be mixed. Colours keep their meaning."""
    has_transparency = image.has_transparency_data
    if image.mode in _WIDE:
        return _narrowed(image)
    if image.mode in ("1", "L"):
        return image.convert("LA") if has_transparency else in_mode(image, "L")
    if image.mode == "LAB":
        return _from_lab().apply(image)
    if image.mode in ("LA", "RGBA", "CMYK"):
        return image
    return _with_8_bit_transparency(image).convert("RGBA") if has_transparency else in_mode(image, "RGB")


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In a working mode, by the profile that came with the picture; a profile that is broken or unfit is ignored."""
    convert = _conversion(profile, image.mode.removesuffix("A")) if profile else None
    if convert is not None:
        return convert(image)
    return image if image.mode in _WORKING_MODES else image.convert("RGB")


def taken_profile(image: Image.Image) -> bytes | None:
    """The profile of a picture whose colours may stay as they are; whoever decodes it then finds none to convert by.

    None for a profile that is broken or unfit, and for colours that no result is in: CMYK and Lab.
    """
    profile = image.info.get("icc_profile")
    if not profile or image.mode in ("CMYK", "LAB"):
        return None
    mode = "L" if image.mode in ("1", "L", "LA", *_WIDE) else "RGB"
    if _conversion(profile, mode) is None:
        return None
    del image.info["icc_profile"]
    return bytes(profile)


def in_colors_of(profile: bytes | None, picture: Image.Image) -> Image.Image:
    """The picture in colours where its profile is one of colours: no file may hold the one without the other."""
    if profile is None or is_grey(profile) or not picture.mode.startswith("L"):
        return picture
    return picture.convert("RGBA" if has_alpha(picture) else "RGB")


def is_grey(profile: bytes) -> bool:
    """Whether the profile is for shades of grey alone."""
    return profile[16:20] == b"GRAY"


Conversion = Callable[[Image.Image], Image.Image]


@lru_cache(maxsize=16)
def _conversion(profile: bytes, mode: str) -> Conversion | None:
    try:
        transform = _transform(profile, mode)
        if mode == "L":
            return _grey_conversion(transform)
        # A profile may be found broken only when it is used.
        if _changes_nothing(transform):
            return lambda image: image
    except Exception:
        # ImageCms has many ways to say that a profile is broken, all of them its own.
        return None
    return lambda image: _transformed(image, transform)


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether the profile is sRGB's own, whoever wrote it: by far the most are."""
    if transform.input_mode != "RGB":
        transform.apply(Image.new(transform.input_mode, (1, 1)))
        return False
    colors = Image.frombytes("RGB", (len(_SAMPLES), 1), bytes(chain.from_iterable(_SAMPLES)))
    difference = ImageChops.difference(colors, _transformed(colors, transform))
    return max(difference.tobytes()) <= _ROUNDING


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _transformed(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    colors = Image.new("RGB", image.size)
    transform.apply(in_mode(image, transform.input_mode), colors)
    if has_alpha(image):
        colors.putalpha(image.getchannel("A"))
    return colors


def _grey_conversion(transform: ImageCms.ImageCmsTransform) -> Conversion:
    """A table of 256 shades: what is grey stays so."""
    shades = Image.frombytes("L", (256, 1), bytes(range(256)))
    table = list(_transformed(shades, transform).getchannel("G").tobytes())
    return lambda image: image.point(table + list(range(256)) * has_alpha(image))


@cache
def _from_lab() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


def _narrowed(image: Image.Image) -> Image.Image:
    """Wide grey samples as bytes, by the smallest white of those in use that none of them exceeds."""
    if image.mode == "F":
        return _scaled(image, *_range(image, (1, 255, _SIXTEEN_BITS)))
    samples = in_mode(image, "I")
    if image.mode == "I":
        black, white = _range(samples, (255, _SIXTEEN_BITS))
        if (black, white) != (0, _SIXTEEN_BITS):
            return _scaled(samples.convert("F"), black, white)
    grey = samples.point([round(value / 257) for value in range(_SIXTEEN_BITS + 1)], "L")
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey.putalpha(samples.point([255 * (value != transparent) for value in range(_SIXTEEN_BITS + 1)], "L"))
    return grey


def _range(image: Image.Image, whites: tuple[int, ...]) -> tuple[float, float]:
    lowest, highest = image.getextrema()
    assert isinstance(lowest, int | float)
    assert isinstance(highest, int | float)
    if not math.isfinite(lowest) or not math.isfinite(highest):
        return 0, whites[0]
    return min(0, lowest), next((white for white in whites if white >= highest), highest)


def _scaled(image: Image.Image, black: float, white: float) -> Image.Image:
    factor = 255 / (white - black)
    return image.point(lambda value: value * factor + (0.5 - black * factor)).convert("L")


def _with_8_bit_transparency(image: Image.Image) -> Image.Image:
    """With the transparent colour of a 16-bit PNG in the 8 bits that its pixels were read as."""
    transparent = image.info.get("transparency")
    if isinstance(transparent, tuple) and max(transparent) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    return image


def inverted(image: Image.Image) -> Image.Image:
    return ImageChops.invert(image)
