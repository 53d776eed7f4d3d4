"""Pictures made smaller, which libvips does three times as fast as Pillow."""

from functools import lru_cache

from PIL import Image

from imgsvc.adapters.imaging.vips.library import PIXELS_AT_ONCE, Picture, cropped, to_pillow
from imgsvc.domain.geometry import Box, Size
from imgsvc.domain.operations import Kernel

# Without `nearest`, of which there is nothing to speed up.
_KERNELS = {Kernel.BILINEAR: "linear", Kernel.BICUBIC: "cubic", Kernel.LANCZOS: "lanczos3"}
_GAP = 3.0  # the mean of whole pixels, which is made first, leaves so many times the size at least
_LEAST_LINES = 16
_PIXELS_READ_AT_ONCE = 2**18
_MOST_MISSING, _UNSEEN = 128, 0.02  # pixels


def shrinks(whole: tuple[float, float], scaled: Size, kernel: Kernel) -> bool:
    """Whether a side becomes shorter, and none longer, by mixing pixels."""
    sides = (scaled.width, scaled.height)
    return kernel in _KERNELS and whole != sides and whole[0] >= scaled.width and whole[1] >= scaled.height


def reduced(
    picture: Picture,
    mode: str,
    scaled: Size,
    window: Box,
    kernel: Kernel,
    whole: tuple[float, float] | None = None,
) -> Image.Image:
    """The window of the picture as it is when scaled. ``mode`` says what the bands are; alpha must be multiplied in.

    ``whole`` is the picture's size where that is not whole pixels: less than a pixel smaller than it is.
    """
    width, height = whole or (picture.width, picture.height)
    across, down = width / scaled.width, height / scaled.height
    boxes_across, boxes_down = max(1, int(across / _GAP)), max(1, int(down / _GAP))
    # By rows first, so that most of what is read is passed on in smaller pieces.
    flat = picture.shrinkv(boxes_down, ceil=True) if boxes_down > 1 else picture
    tall = _longer(flat, 0, _missing(flat.height, down / boxes_down))
    short = tall.reducev(down / boxes_down, kernel=_KERNELS[kernel])
    slim = short.shrinkh(boxes_across, ceil=True) if boxes_across > 1 else short
    wide = _longer(slim, _missing(slim.width, across / boxes_across), 0)
    smaller = wide.reduceh(across / boxes_across, kernel=_KERNELS[kernel])
    # Only the window's pixels are ever asked for.
    seen = cropped(smaller, window.left, window.top, window.width, window.height)
    return to_pillow(seen, mode, _lines(window, picture.width * down))


def _lines(window: Box, pixels: float) -> int:
    """How many rows to make at once where each is made of so many pixels."""
    most, fitting = PIXELS_AT_ONCE // window.width, int(_PIXELS_READ_AT_ONCE / pixels)
    # Rows that lie between those made at once are read twice.
    return max(_LEAST_LINES, min(most, fitting))


@lru_cache(maxsize=1024)
def _missing(length: int, factor: float) -> int:
    """How many pixels make a side a multiple of the factor, or nearly one.

    libvips puts what is left over half before the first pixel and half behind the last, which moves the picture by as
    much: a quarter of a pixel is three times the difference that is seen otherwise.
    """

    def left_over(more: int) -> float:
        pixels = (length + more) / factor
        return abs(int(pixels + 0.5) - pixels)

    candidates = range(_MOST_MISSING)
    return next((more for more in candidates if left_over(more) < _UNSEEN), min(candidates, key=left_over))


def _longer(picture: Picture, right: int, bottom: int) -> Picture:
    """With more columns and rows like the last."""
    if right == bottom == 0:
        return picture
    return picture.embed(0, 0, picture.width + right, picture.height + bottom, extend="copy")
