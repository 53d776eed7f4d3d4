"""The best quality that fits into so many bytes, whichever library encodes."""

from collections.abc import Callable, Iterable
from functools import partial

from attrs import evolve

from imgsvc.domain.errors import TooManyBytes
from imgsvc.domain.output import Format, Output

_MOST_EFFORT = 9  # of PNG's levels


def is_searched(output: Output) -> bool:
    """Whether encoding once may not be enough."""
    return output.max_bytes is not None or output.never_larger


def fitted(encode: Callable[[Output], bytes], output: Output, source_bytes: int) -> bytes:
    """The result within the bytes that the output allows, by the best quality at which it is.

    Formats without quality are tried once; PNG once more, with all effort. Raises TooManyBytes.
    """
    limits = [(output.max_bytes, "max_bytes"), (source_bytes if output.never_larger else None, "never_larger")]
    set_limits = [(most, name) for most, name in limits if most is not None]
    if not set_limits:
        return encode(output)
    most, name = min(set_limits)
    assert isinstance(output.format, Format)
    quality = output.quality or output.format.default_quality
    try:
        if output.lossless or quality is None:
            return first_fit([partial(encode, attempt) for attempt in _attempts(output)], most)
        return best_fit(lambda tried: encode(evolve(output, quality=tried)), most, quality)
    except TooManyBytes as error:
        raise error.under("output", name) from None


def _attempts(output: Output) -> list[Output]:
    if output.format is Format.PNG and output.png_level != _MOST_EFFORT:
        return [output, evolve(output, png_level=_MOST_EFFORT)]
    return [output]


def best_fit(encode: Callable[[int], bytes], most: int, quality: int) -> bytes:
    """What is encoded at the best quality found, at most ``quality``, that has at most ``most`` bytes.

    Eight encodings at most, and one where that fits. Raises TooManyBytes where none does.
    """
    content = encode(quality)
    if len(content) <= most:
        return content
    best, smallest = None, len(content)
    low, high = 1, quality - 1
    while low <= high:
        middle = (low + high) // 2
        content = encode(middle)
        smallest = min(smallest, len(content))
        if len(content) <= most:
            best, low = content, middle + 1
        else:
            high = middle - 1
    if best is None:
        raise _too_many(smallest, most)
    return best


def first_fit(attempts: Iterable[Callable[[], bytes]], most: int) -> bytes:
    """The same where nothing but effort is left to try. Raises TooManyBytes."""
    smallest: int | None = None
    for encode in attempts:
        content = encode()
        if len(content) <= most:
            return content
        smallest = len(content) if smallest is None else min(smallest, len(content))
    raise _too_many(smallest or 0, most)


def _too_many(smallest: int, most: int) -> TooManyBytes:
    return TooManyBytes(
        f"the result has {smallest} bytes at least, and was to have {most} at most",
        value=smallest,
        allowed=f"at most {most} bytes",
    )
