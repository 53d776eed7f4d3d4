"""What is said of an input in an error: short, fit for JSON, and with the name that was probably meant."""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_LONGEST = 200  # characters of what is echoed; who sent more knows what it was


def echoed(value: object) -> object:
    """A value as a problem document may show it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Python refuses to print numbers of many digits, and few readers of JSON know them.
        return value if abs(value) < 2**63 else "a number of more than 18 digits"
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else cut(str(value))


def echoed_path(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A path whose every part may be shown."""
    return tuple(part if isinstance(part, int) else cut(part) for part in path)


def cut(text: str) -> str:
    """The beginning of a text, and no half of a surrogate pair."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    # Half of a surrogate pair cannot be sent as UTF-8.
    return short.encode(errors="backslashreplace").decode()


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, if one is near enough."""
    # No name of ours is longer, and to compare a megabyte takes a while.
    found = get_close_matches(name[:60].lower(), list(names), n=1, cutoff=0.6)
    return found[0] if found else None


def shortened(text: str, limit: int = 60) -> str:
    """In quotes, for a sentence."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
