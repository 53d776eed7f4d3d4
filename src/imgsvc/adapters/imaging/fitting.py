"""The best quality that fits into so many bytes, whichever library encodes."""

from collections.abc import Callable, Iterable

from imgsvc.domain.errors import TooManyBytes


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
