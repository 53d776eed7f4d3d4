"""What a rendering costs: megapixels to work through."""

from collections.abc import Collection, Sequence

from attrs import frozen

from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.operations import Operation
from imgsvc.domain.output import Format, Output

# What a pixel costs to encode, where one of a JPEG costs 1; measured at the qualities that are the default.
_ENCODING = {Format.JPEG: 1, Format.PNG: 6, Format.WEBP: 6, Format.AVIF: 24, Format.GIF: 6, Format.TIFF: 3}
_ENCODING_LOSSLESS = {Format.WEBP: 90, Format.AVIF: 40}
_ENCODING_PNG = {7: 20, 8: 50, 9: 80}  # by its level; up to 6 as above
_NEGOTIABLE_COST = 48.0  # megapixels; `auto` takes no format that costs more, two megapixels of AVIF
_TRIES = 8  # encodings until the quality is found with which a result has at most so many bytes


@frozen(kw_only=True)
class Work:
    """What is to be done to a picture."""

    steps: Sequence[Operation]
    facts: Facts
    is_upright: bool  # whether the picture is turned first as its file says
    sizes: Sequence[Size]  # before the first step and after each
    output: Output
    format: Format  # that of the output, once it is decided
    frames: int
    overlays: Collection[Facts]

    @property
    def megapixels(self) -> float:
        """Decoded, written by every step, and encoded in formats that take their time."""
        first, written, result = self.facts.stored_size, self.sizes[1:], self.sizes[-1]
        encoded = result.pixels * (_encoding(self.format, self.output) - 1)
        pixels = first.pixels + sum(size.pixels for size in written) + encoded
        return (pixels * self.frames + sum(one.stored_size.pixels for one in self.overlays)) / 1e6


def is_affordable(media_type: str, output: Output, size: Size) -> bool:
    """Whether a format that a client shows would not cost so much that its picture could not be had at once."""
    format = next((one for one in Format if one.media_type == media_type), None)
    return format is None or size.pixels / 1e6 * _encoding(format, output) <= _NEGOTIABLE_COST


def _encoding(format: Format, output: Output) -> int:
    """What a pixel costs to encode, where one of a JPEG costs 1."""
    if output.lossless and format in _ENCODING_LOSSLESS:
        return _ENCODING_LOSSLESS[format]
    if format is Format.PNG and output.png_level is not None:
        return _ENCODING_PNG.get(output.png_level, _ENCODING[format])
    is_searching = output.max_bytes is not None or output.never_larger
    return _ENCODING[format] * (_TRIES if is_searching and format.default_quality is not None else 1)
