"""How the cache in memory stays within its bound."""

import tracemalloc

import pytest

from imgsvc.adapters.cache import open_cache
from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.ports.cache import Cached


def test_the_least_recently_used_goes_first():
    cache = InMemoryCache(max_bytes=21_000)
    for key in ("a", "b", "c", "d"):
        cache.put(key, bytes(2000))

    cache.get("a")
    cache.put("b", bytes(2000))
    for number in range(7):
        cache.put(f"new{number}", bytes(2000))

    assert cache.get("c") is None
    assert cache.get("d") is None
    assert cache.get("a") is not None
    assert cache.get("b") is not None


@pytest.mark.parametrize("content_bytes", [0, 10, 1000, 100_000])
def test_memory_stays_within_the_bound(content_bytes):
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        cache = InMemoryCache(max_bytes=1_000_000)
        for number in range(10_000):
            cache.put(f"key/{number}", b"x" * content_bytes)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert 700_000 < used < 1_050_000


def test_keys_count():
    cache = InMemoryCache(max_bytes=100_000)
    for number in range(1000):
        cache.put(f"{number}" + "x" * 5000, b"")

    kept = sum(cache.get(f"{number}" + "x" * 5000) is not None for number in range(1000))

    assert 10 < kept < 20


def test_an_entry_larger_than_an_eighth_is_not_kept():
    cache = InMemoryCache(max_bytes=80_000)
    cache.put("others", b"stay")

    cache.put("small enough", bytes(9_500))
    cache.put("too large", bytes(10_001))

    assert cache.get("small enough") is not None
    assert cache.get("too large") is None
    assert cache.get("others") == Cached(b"stay")


def test_what_does_not_fit_replaces_the_old_content_by_nothing():
    cache = InMemoryCache(max_bytes=80_000)
    cache.put("key", b"old")

    cache.put("key", bytes(10_001))

    assert cache.get("key") is None


def test_deleting_and_replacing_make_room():
    cache = InMemoryCache(max_bytes=20_000)
    for number in range(100):
        cache.put("replaced", bytes(2000))
        cache.put(f"deleted{number}", bytes(2000))
        cache.delete(f"deleted{number}")
    for number in range(7):
        cache.put(f"new{number}", bytes(2000))

    assert all(cache.get(f"new{number}") is not None for number in range(7))


def test_what_is_too_old_is_forgotten_and_makes_room():
    cache = InMemoryCache(max_bytes=20_000, max_age=30, now=lambda: seconds)
    seconds = 100
    cache.put("key", bytes(2000))

    seconds = 130
    young = cache.get("key")
    seconds = 130.1
    old = cache.get("key")

    assert young is not None
    assert old is None
    assert cache._held_bytes == 0


def test_a_bound_of_nothing_keeps_nothing():
    with open_cache("memory:?max_bytes=0") as opened:
        opened.cache.put("", b"")

        assert opened.cache.get("") is None


def test_the_url_sets_the_bound():
    with open_cache("memory:?max_bytes=8000") as small, open_cache("memory:") as default:
        for opened in (small, default):
            opened.cache.put("key", bytes(7 * 1024 * 1024))

    assert small.cache.max_bytes == 8000
    assert small.cache.get("key") is None
    assert default.cache.get("key") is not None


@pytest.mark.parametrize(
    ("url", "culprit"),
    [
        ("redys://name:password@host", "'redys'.*memory:.*redis:"),
        ("", "''.*memory:"),
        ("memory:?bytes=1", "'bytes'.*max_bytes"),
        ("memory:?bytes", "'bytes'.*max_bytes"),
        ("memory:?max_bytes=1&max_bytes=2", "'max_bytes' is given twice"),
        ("memory:?max_bytes=", "'max_bytes' is a whole number"),
        ("memory:?max_bytes=-1", "'max_bytes' is a whole number"),
        ("memory:?max_bytes=1e6", "'max_bytes' is a whole number"),
        ("memory:?max_bytes=\N{SUPERSCRIPT TWO}", "'max_bytes' is a whole number"),
        ("memory:?max_bytes=" + "9" * 5000, "'max_bytes' is a whole number"),
        ("memory:here", "a cache in memory is"),
        ("memory://here", "a cache in memory is"),
    ],
)
def test_a_url_that_means_nothing_is_refused(url, culprit):
    with pytest.raises(ValueError, match=culprit) as refused, open_cache(url):
        pass

    assert "password" not in str(refused.value)
