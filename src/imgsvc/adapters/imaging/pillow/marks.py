"""Watermarks as small pictures: a text or an image, turned, and as strong as it is to be."""

from fractions import Fraction
from typing import Protocol

from PIL import Image, ImageChops

from imgsvc.adapters.imaging.pillow.geometry import rotate
from imgsvc.adapters.imaging.pillow.picture import filled
from imgsvc.adapters.imaging.stamps import Stamps, laid, room_for
from imgsvc.adapters.imaging.text import Ink, Lettering, drawn
from imgsvc.domain.color import TRANSPARENT, Color
from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.geometry import Size, pixels, rounded
from imgsvc.domain.operations import Rotate, Watermark


class Overlay(Protocol):
    """The image that a watermark shows."""

    @property
    def size(self) -> Size: ...

    def scaled(self, size: Size) -> Image.Image:
        """In a working mode. Raises CorruptImage."""


def stamped(watermark: Watermark, size: Size, overlay: Overlay | None = None) -> Stamps:
    """The watermark on a picture of ``size``; ``overlay`` is its image, where it is one."""
    if watermark.text is not None:
        stamp = _of_text(watermark, watermark.text, size)
    else:
        assert overlay is not None
        stamp = _of_image(watermark, overlay, size)
    if stamp is None:
        return Stamps(())
    stamp.putalpha(_times(stamp.getchannel("A"), watermark.opacity))
    return laid(rotate(Rotate(watermark.rotate, TRANSPARENT), stamp), watermark, size)


def _of_text(watermark: Watermark, text: str, size: Size) -> Image.Image | None:
    lettering = Lettering(pixels(watermark.size, size.width), watermark.font, watermark.stroke)
    ink = drawn(text, lettering, room_for(watermark, size), watermark.rotate)
    return _inked(ink, watermark.color, watermark.stroke_color) if ink else None


def _inked(ink: Ink, color: Color, stroke_color: Color) -> Image.Image:
    """The outline shows around the letters only, and not through them. Grey where all of it is."""
    stamp = _in_color(ink.letters, color)
    if ink.outlined is not None:
        around = ImageChops.multiply(ink.outlined, ImageChops.invert(ink.letters))
        # Weighted by alpha, two pictures that share out the pixels between them can be added.
        outline = _in_color(around, stroke_color)
        mode = stamp.mode if stamp.mode == outline.mode else "RGBA"
        both = ImageChops.add(_weighted(stamp), _weighted(outline))
        stamp = both.convert("RGBA").convert(mode)
    return stamp


def _weighted(stamp: Image.Image) -> Image.Image:
    return stamp.convert("RGBA").convert("RGBa")


def _in_color(mask: Image.Image, color: Color) -> Image.Image:
    is_grey = color.red == color.green == color.blue
    opaque = Color(color.red, color.green, color.blue)
    stamp = filled("L" if is_grey else "RGB", Size(*mask.size), opaque)
    stamp.putalpha(_times(mask, color.alpha / 255))
    return stamp


def _of_image(watermark: Watermark, overlay: Overlay, size: Size) -> Image.Image:
    try:
        picture = overlay.scaled(_image_size(watermark, overlay.size, size))
    except InvalidInput as error:
        raise error.under("image") from error.__cause__
    return picture.convert("LA" if picture.mode.startswith("L") else "RGBA")


def _image_size(watermark: Watermark, own: Size, size: Size) -> Size:
    """Its part of the picture's width, or what fits into the room once it is turned."""
    part = Fraction(round(watermark.scale * 10**6) * size.width, 10**6 * own.width)
    wanted = Size(max(1, rounded(own.width * part)), max(1, rounded(own.height * part)))
    turned, room = Rotate(watermark.rotate).size_after(wanted), room_for(watermark, size)
    part = min(Fraction(room.width, turned.width), Fraction(room.height, turned.height))
    if part >= 1:
        return wanted
    return Size(max(1, int(wanted.width * part)), max(1, int(wanted.height * part)))


def _times(mask: Image.Image, factor: float) -> Image.Image:
    return mask.point([int(value * factor + 0.5) for value in range(256)])
