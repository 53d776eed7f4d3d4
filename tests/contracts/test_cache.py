"""What every cache promises (ports/cache.py)."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def content_of(cache, key):
    cached = cache.get(key)
    return None if cached is None else cached.content


def test_get_returns_what_was_put(cache):
    cache.put("key", b"content")

    assert content_of(cache, "key") == b"content"


def test_a_key_that_was_never_put_is_a_miss(cache):
    cache.put("key", b"content")

    assert cache.get("other") is None


def test_put_replaces_what_the_key_held(cache):
    cache.put("key", b"old")
    cache.put("key", b"new")

    assert content_of(cache, "key") == b"new"


def test_delete_forgets_the_key_and_no_other(cache):
    cache.put("key", b"content")
    cache.put("other", b"stays")

    cache.delete("key")
    cache.delete("never put")

    assert cache.get("key") is None
    assert content_of(cache, "other") == b"stays"


def test_nothing_at_all_can_be_kept(cache):
    cache.put("key", b"")

    assert content_of(cache, "key") == b""


@pytest.mark.parametrize(
    "key", ["", " ", "a\0b", "a\r\nb", "é\N{GRINNING FACE}", "\ud800", "x" * 100_000], ids=lambda key: ascii(key)[:30]
)
def test_a_key_is_any_text(cache, key):
    cache.put(key, b"content")
    cache.put(key + "2", b"another")

    assert content_of(cache, key) == b"content"


def test_content_that_does_not_fit_is_a_miss_and_never_the_old_content(cache):
    huge = bytes(200 * 1024 * 1024)
    cache.put("key", b"old")

    cache.put("key", huge)

    assert content_of(cache, "key") in (None, huge)


def test_threads_share_a_cache(cache):
    def use(name):
        for number in range(300):
            key, content = f"{name}{number % 7}", f"{name}{number}".encode()
            cache.put(key, content)
            assert content_of(cache, key) == content
            cache.delete(key)
            cache.put("shared", content)
            assert cache.get("shared") is not None

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, "abcdefgh"))

    assert cache.get("a0") is None


def test_a_cache_that_works_says_so(cache):
    cache.check()
