"""Caches, picked by URL: ``memory:``, or ``redis://user:password@host:6379/0`` (``rediss:`` with TLS).

Options: ``max_bytes`` of memory in this process (67108864), which comes before Redis, and may be 0; for Redis also
``max_value``, the largest content in bytes (1048576), and ``ttl`` in seconds (86400).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, parse_qsl, urlsplit

from attrs import frozen

from imgsvc.ports.cache import Cache
from imgsvc.ports.diagnosis import Finding, Subject
from imgsvc.ports.locks import Locks
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics
from imgsvc.ports.rate_limits import RateLimiter

# Seconds that the memory of a process is trusted beside a cache that others write to, and delete from.
_NEAR_AGE = 30.0
_LONGEST = 366 * 24 * 60 * 60  # seconds that something may be kept in Redis


@frozen
class OpenedCache:
    """A cache, and turns and rates among those who share it."""

    cache: Cache
    locks: Locks
    rate_limiter: RateLimiter


@contextmanager
def open_cache(url: str, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS) -> Iterator[OpenedCache]:
    """``metrics`` hear how its server fares.

    Raises ValueError for a URL that means nothing here, and AccessRefused for a password that is wrong.
    """
    parts = _split(url)
    match parts.scheme:
        case "memory":
            yield _in_memory(parts)
        case "redis" | "rediss":
            with _in_redis(parts, metrics) as opened:
                yield opened
        case scheme:
            raise ValueError(f"unknown cache scheme {scheme!r}; known are memory:, redis: and rediss:")


def diagnose_cache(url: str) -> Iterator[Finding]:
    """What is right and wrong with it, also where it cannot be opened. Raises ValueError like ``open_cache``."""
    parts = _split(url)
    if parts.scheme in ("redis", "rediss"):
        from imgsvc.adapters.cache.redis_address import RedisAddress
        from imgsvc.adapters.cache.redis_diagnosis import diagnose_redis

        _redis_options(parts)
        yield from diagnose_redis(RedisAddress.of(parts))
        return
    with open_cache(url):
        yield Subject("cache").ok("renderings are cached in the memory of each process")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("the cache's URL is not understood") from None


def _in_memory(parts: SplitResult) -> OpenedCache:
    from imgsvc.adapters.cache.in_memory import DEFAULT_MAX_BYTES, InMemoryCache
    from imgsvc.adapters.cache.in_memory_locks import InMemoryLocks
    from imgsvc.adapters.cache.in_memory_rate_limits import InMemoryRateLimits

    if parts.netloc or parts.path or parts.fragment:
        raise ValueError("a cache in memory is memory: or memory:?max_bytes=...")
    options = _options(parts, max_bytes=DEFAULT_MAX_BYTES)
    return OpenedCache(InMemoryCache(options["max_bytes"]), InMemoryLocks(), InMemoryRateLimits())


@contextmanager
def _in_redis(parts: SplitResult, metrics: DependencyMetrics) -> Iterator[OpenedCache]:
    from imgsvc.adapters.cache.in_memory import InMemoryCache
    from imgsvc.adapters.cache.layered import LayeredCache
    from imgsvc.adapters.cache.redis_address import RedisAddress
    from imgsvc.adapters.cache.redis_cache import RedisCache
    from imgsvc.adapters.cache.redis_locks import RedisLocks
    from imgsvc.adapters.cache.redis_rate_limits import RedisRateLimits
    from imgsvc.adapters.cache.redis_server import RedisServer

    options = _redis_options(parts)
    with RedisServer.opened(RedisAddress.of(parts), metrics) as server:
        shared = RedisCache(server, options["max_value"], options["ttl"])
        memory = InMemoryCache(options["max_bytes"], max_age=_NEAR_AGE)
        cache = LayeredCache(memory, shared) if memory.max_bytes else shared
        yield OpenedCache(cache, RedisLocks(server), RedisRateLimits(server))


def _redis_options(parts: SplitResult) -> dict[str, int]:
    from imgsvc.adapters.cache.in_memory import DEFAULT_MAX_BYTES
    from imgsvc.adapters.cache.redis_cache import DEFAULT_MAX_VALUE, DEFAULT_TTL

    options = _options(parts, max_bytes=DEFAULT_MAX_BYTES, max_value=DEFAULT_MAX_VALUE, ttl=DEFAULT_TTL)
    if not 1 <= options["ttl"] <= _LONGEST:
        raise ValueError(f"cache option 'ttl' is from 1 to {_LONGEST}")
    return options


def _options(parts: SplitResult, **defaults: int) -> dict[str, int]:
    """The options of a URL, over what they are where they are not given."""
    given: dict[str, int] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in defaults:
            raise ValueError(f"unknown cache option {name!r}; {parts.scheme}: knows {', '.join(defaults)}")
        if name in given:
            raise ValueError(f"cache option {name!r} is given twice")
        given[name] = _whole_number(name, value)
    return {**defaults, **given}


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(f"cache option {name!r} is a whole number of at most 18 digits")
    return int(text)
