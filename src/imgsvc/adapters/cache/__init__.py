"""Caches, picked by URL: ``memory:``, optionally ``memory:?max_bytes=67108864``."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, parse_qsl, urlsplit

from imgsvc.ports.cache import Cache


@contextmanager
def open_cache(url: str) -> Iterator[Cache]:
    """Raises ValueError for a URL that means nothing here."""
    parts = urlsplit(url)
    match parts.scheme:
        case "memory":
            from imgsvc.adapters.cache.in_memory import DEFAULT_MAX_BYTES, InMemoryCache

            if parts.netloc or parts.path or parts.fragment:
                raise ValueError("a cache in memory is memory: or memory:?max_bytes=...")
            options = _options(parts, known=("max_bytes",))
            yield InMemoryCache(_whole_number("max_bytes", options.get("max_bytes", str(DEFAULT_MAX_BYTES))))
        case scheme:
            raise ValueError(f"unknown cache scheme {scheme!r}; known is memory:")


def _options(parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise ValueError(f"unknown cache option {name!r}; {parts.scheme}: knows {', '.join(known)}")
        if name in options:
            raise ValueError(f"cache option {name!r} is given twice")
        options[name] = value
    return options


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(f"cache option {name!r} is a whole number of at most 18 digits")
    return int(text)
