"""What only the cache in Redis does: its URL, its values, and how little it costs while its server is in trouble."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from urllib.parse import urlsplit

import pytest

from imgsvc.adapters.cache import open_cache
from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.adapters.cache.layered import LayeredCache
from imgsvc.adapters.cache.redis_cache import name_of
from imgsvc.domain.errors import AccessRefused
from imgsvc.ports.cache import Cached
from tests.real_servers.redis import client_of, forget_ours, redis_server
from tests.waiting import wait_for

NEAR, SHARED = Cached(b"content"), Cached(b"content", is_shared=True)
NAME = name_of(b"cache", "key")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def url(own_redis):
    yield own_redis.url
    forget_ours(own_redis.url)


@pytest.fixture
def redis(url):
    """Another client."""
    with client_of(url) as redis:
        yield redis


@pytest.fixture
def cache(url):
    with opened(f"{url}?max_bytes=0") as cache:
        yield cache


@contextmanager
def opened(url, rest=0.2):
    """A cache that leaves a server in trouble alone for no longer than ``rest`` seconds."""
    with open_cache(url) as both:
        shared = both.cache.far if isinstance(both.cache, LayeredCache) else both.cache
        shared.server.rest = rest
        yield both.cache


def seconds_of(call):
    begun = monotonic()
    call()
    return monotonic() - begun


def written(error):
    """All that a log would show."""
    return "".join(traceback.format_exception(error))


# the URL, and the start


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("redis://ada:hunter2@host/0?max_byte=1", "'max_byte'.*max_bytes, max_value, ttl"),
        ("redis://ada:hunter2@host/0?ttl=1&ttl=2", "'ttl' is given twice"),
        ("redis://ada:hunter2@host/0?ttl=0", "'ttl' is from 1"),
        ("redis://ada:hunter2@host/0?ttl=99999999999", "'ttl' is from 1"),
        ("redis://ada:hunter2@host/0?max_value=-1", "'max_value' is a whole number"),
        ("redis://ada:hunter2@host/zero", "redis://user:password@"),
        ("redis://ada:hunter2@host/0/1", "redis://user:password@"),
        ("redis://ada:hunter2@host/0#1", "redis://user:password@"),
        ("redis://ada:hunter2@host:port/0", "redis://user:password@"),
        ("redis://ada:hun/ter2@host/0", "redis://user:password@"),
        ("redis:hunter2", "redis://user:password@"),
        ("redis://[hunter2", "is not understood"),
    ],
)
def test_a_url_of_more_or_less_than_is_known_is_refused_by_the_name_of_what_is_wrong(url, named):
    with pytest.raises(ValueError, match=named) as refused, open_cache(url):
        pass

    assert "hun" not in written(refused.value)


def test_a_server_that_is_not_there_is_no_reason_not_to_start(caplog):
    with open_cache("redis://ada:hunter2@127.0.0.1:1/0?max_bytes=0") as both:
        both.cache.put("key", b"content")

        assert both.cache.get("key") is None
    assert "it cannot be used (nobody listens there)" in caplog.text
    assert "hunter2" not in caplog.text + repr(both)


@pytest.mark.parametrize("login", ["", ":hunter3@", "default:hunter3@", "stranger:hunter%2F2@"], ids=range(4))
def test_a_wrong_password_ends_the_start_and_says_why(login):
    with redis_server("--requirepass", "hunter/2") as server:
        place = urlsplit(server.url).netloc

        with pytest.raises(AccessRefused, match="refuses our user or password") as caught:
            open_cache(f"redis://{login}{place}/0").__enter__()
        with open_cache(f"redis://:hunter%2F2@{place}/0?max_bytes=0") as both:
            both.cache.put("key", b"content")
            assert both.cache.get("key") == SHARED

    assert "hunter3" not in written(caught.value)


def test_a_number_that_no_database_has_ends_the_start(url):
    with pytest.raises(AccessRefused, match="no database of that number"):
        open_cache(url.replace("/0", "/99")).__enter__()


# values


def test_processes_share_what_was_put(url, cache):
    cache.put("key", b"content")

    with opened(url) as other:
        assert other.get("key") == SHARED


def test_a_value_ends_by_itself(url, redis):
    with opened(f"{url}?max_bytes=0&ttl=100") as cache:
        cache.put("key", b"content")

    assert 95 <= redis.ttl(NAME) <= 100


def test_a_content_over_the_bound_is_not_kept_nor_what_it_replaces(url):
    with opened(f"{url}?max_bytes=0&max_value=10") as cache:
        cache.put("key", b"x" * 10)
        fitting = cache.get("key")
        cache.put("key", b"x" * 11)

        assert fitting is not None
        assert cache.get("key") is None


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda value: value[:-1],
        lambda value: value + b"x",
        lambda value: value[:-1] + b"X",
        lambda value: value[:12] + bytes([value[12] ^ 1]) + value[13:],
        lambda value: value.replace(b":1:", b":0:"),
        lambda value: b"content",
        lambda value: b"",
    ],
)
def test_a_value_that_is_not_as_it_was_written_is_a_miss(cache, redis, spoilt):
    cache.put("key", b"content")
    redis.set(NAME, spoilt(redis.get(NAME)))

    assert cache.get("key") is None


def test_a_value_that_was_put_under_another_key_is_a_miss(cache, redis):
    cache.put("other", b"content")
    redis.rename(name_of(b"cache", "other"), NAME)

    assert cache.get("key") is None


def test_a_value_of_another_kind_is_a_miss_and_can_be_replaced(cache, redis):
    redis.lpush(NAME, "content")

    assert cache.get("key") is None
    cache.put("key", b"content")
    assert cache.get("key") == SHARED


# memory before Redis


def test_what_redis_had_is_kept_near(url):
    with opened(url) as first, opened(url) as second:
        first.put("key", b"content")

        assert [second.get("key"), second.get("key")] == [SHARED, NEAR]


def test_a_deletion_reaches_both(url):
    with opened(url) as first, opened(url) as second:
        first.put("key", b"content")
        first.delete("key")

        assert first.get("key") is None
        assert second.get("key") is None


def test_the_memory_of_others_forgets_what_was_deleted_in_half_a_minute(url):
    with opened(url) as first, opened(url) as second:
        first.put("key", b"content")
        second.get("key")
        first.delete("key")
        second.near.now = lambda: monotonic() + 30.1

        assert second.get("key") is None


def test_the_url_bounds_the_memory(url):
    with opened(f"{url}?max_bytes=8000") as cache:
        assert isinstance(cache.near, InMemoryCache)
        assert cache.near.max_bytes == 8000


# a server in trouble


def test_a_server_that_is_stopped_is_a_miss_and_found_again_by_itself(own_redis, cache, caplog):
    caplog.set_level("INFO")
    cache.put("key", b"content")

    own_redis.kill()
    missed = cache.get("key")
    seconds = seconds_of(lambda: [cache.put("key", b"content") for _ in range(100)])
    own_redis.start()
    wait_for(lambda: cache.put("key", b"content") or cache.get("key") == SHARED)

    assert missed is None
    assert seconds < 0.5
    said = [record.message for record in caplog.records if "Redis" in record.message]
    assert [one.partition(",")[0].partition(":")[0] for one in said] == ["Redis is in trouble", "Redis works again"]


def test_one_outage_is_told_once_however_it_shows(own_redis, cache, caplog):
    with own_redis.frozen():
        cache.get("key")
    own_redis.stop()
    wait_for(lambda: monotonic() > cache.server._asks_again_at)
    cache.get("key")
    own_redis.start()

    assert cache.server.failures == 2
    assert caplog.text.count("Redis is in trouble") == 1


def test_a_server_that_was_restarted_meanwhile_costs_nothing(own_redis, cache):
    cache.put("key", b"content")
    own_redis.stop()
    own_redis.start()

    cache.put("key", b"content")

    assert cache.get("key") == SHARED
    assert cache.server.failures == 0


def test_a_server_that_hangs_is_waited_for_once_and_shortly(own_redis, url):
    with opened(f"{url}?max_bytes=0", rest=5.0) as cache:
        cache.put("key", b"content")

        with own_redis.frozen():
            first = seconds_of(lambda: cache.get("key"))
            others = seconds_of(lambda: [cache.get("key") for _ in range(100)])

        assert 0.2 < first < 1
        assert others < 0.2
        assert cache.server.failures == 1


def test_while_one_call_waits_for_a_server_that_hung_the_others_miss_at_once(own_redis, cache):
    with own_redis.frozen(), ThreadPoolExecutor(8) as threads:
        cache.get("key")
        cache.server.rest = 60
        cache.server._asks_again_at = monotonic()
        answers = list(threads.map(cache.get, ["key"] * 8))

    assert answers == [None] * 8
    assert cache.server.failures == 2


def test_a_server_that_forgets_everything_is_a_miss(cache, redis):
    cache.put("key", b"content")
    redis.flushall()

    assert cache.get("key") is None
    assert cache.server.failures == 0


def test_a_full_server_is_a_miss_never_the_old_content_and_said_once(cache, redis, caplog):
    cache.put("key", b"old")
    cache.put("other", b"content")
    redis.config_set("maxmemory", "100kb")  # less than it takes for itself
    try:
        for _ in range(3):
            cache.put("key", b"content")
        full = [cache.get("key"), cache.get("other")]
    finally:
        redis.config_set("maxmemory", "0")
    cache.put("key", b"content")

    assert full == [None, SHARED]
    assert cache.get("key") == SHARED
    assert cache.server.failures == 3
    assert caplog.text.count("in trouble") == 1
    assert "'maxmemory'" in caplog.text


def test_a_server_that_is_down_keeps_nobody_from_his_turn(own_redis, url):
    with open_cache(url) as first, open_cache(url) as second:
        own_redis.kill()
        try:
            with first.locks.turn("key", MINUTE) as waited, second.locks.turn("key", MINUTE) as waited_too:
                pass
        finally:
            own_redis.start()

    assert (waited, waited_too) == (False, False)


def test_a_turn_of_a_process_that_died_ends_by_itself(url, redis):
    with open_cache(url) as first, open_cache(url) as second:
        dead = first.locks.turn("key", timedelta(seconds=0.3))
        dead.__enter__()

        with second.locks.turn("key", MINUTE) as has_waited:
            assert has_waited
            assert 50_000 < redis.pttl(name_of(b"turn", "key")) <= 60_000
        dead.__exit__(None, None, None)
