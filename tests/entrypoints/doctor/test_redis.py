"""What ``imgsvc doctor`` says of a Redis: each thing that can be wrong, with the words that tell how to mend it."""

from contextlib import contextmanager

import pytest

from tests.entrypoints.doctor.conftest import SECRET
from tests.real_servers.redis import client_of


@contextmanager
def configured(server, **values):
    """The server's configuration, as long as the context lasts."""
    names = [name.replace("_", "-") for name in values]
    with client_of(server.url) as client:
        before = {name: client.config_get(name)[name] for name in names}
        for name, value in zip(names, values.values(), strict=True):
            client.config_set(name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)


@pytest.fixture
def bounded(own_redis):
    with configured(own_redis, maxmemory="100mb", maxmemory_policy="allkeys-lru"):
        yield own_redis


def test_a_redis_that_forgets_what_is_old_is_well_and_nothing_stays_in_it(examine, bounded):
    examined = examine(CACHE_URL=bounded.url)

    lets_in, rights, version, memory = examined.of("cache", "ok")
    assert examined.exit_code == 0
    assert lets_in.startswith("Redis at 127.0.0.1:")
    assert "write, read and delete" in rights
    assert "it is version " in version
    assert "of 100.0 MiB, with policy allkeys-lru" in memory
    with client_of(bounded.url) as client:
        assert client.keys("imgsvc:*") == []


def test_a_redis_that_forgets_nothing_is_a_warning(examine, own_redis):
    with configured(own_redis, maxmemory="100mb", maxmemory_policy="noeviction"):
        examined = examine(CACHE_URL=own_redis.url)

    assert "set maxmemory-policy allkeys-lru" in examined.told("cache", "warning")
    assert examined.exit_code == 0


def test_a_redis_that_may_take_all_memory_is_a_warning(examine, own_redis):
    with configured(own_redis, maxmemory="0"):
        told = examine(CACHE_URL=own_redis.url).told("cache", "warning")

    assert "set maxmemory, and maxmemory-policy allkeys-lru" in told


def test_a_redis_that_is_full_is_told(examine, own_redis):
    with configured(own_redis, maxmemory="1", maxmemory_policy="noeviction"):
        told = examine(CACHE_URL=own_redis.url).told("cache", "error")

    assert "set maxmemory-policy allkeys-lru" in told


def test_a_wrong_password_is_told_and_not_shown(examine, own_redis):
    with configured(own_redis, requirepass=f"not-{SECRET}"):
        told = examine(CACHE_URL=own_redis.url.replace("://", f"://:{SECRET}@")).told("cache", "error")

    assert "correct both in IMGSVC_CACHE_URL" in told


def test_a_user_who_may_too_little_is_told_what_he_should(examine, bounded):
    with client_of(bounded.url) as client:
        client.acl_setuser("visitor", enabled=True, passwords=[f"+{SECRET}"], keys=["*"], commands=["+ping", "+get"])
        told = examine(CACHE_URL=bounded.url.replace("://", f"://visitor:{SECRET}@")).told("cache", "error")
        client.acl_deluser("visitor")

    assert "let our user read, write and run scripts on keys imgsvc:*" in told


@pytest.mark.parametrize(
    ("host", "words"),
    [("no.such.host.invalid", "or the DNS"), ("127.0.0.1:1", "start it, or correct host and port")],
)
def test_a_url_that_leads_nowhere_is_told(examine, host, words):
    assert words in examine(CACHE_URL=f"redis://:{SECRET}@{host}/0").told("cache", "error")


def test_a_database_that_is_not_there_is_told(examine, own_redis):
    told = examine(CACHE_URL=own_redis.url.removesuffix("/0") + "/999").told("cache", "error")

    assert "correct the database's number" in told


def test_a_server_that_hangs_is_waited_for_briefly(examine, own_redis):
    with own_redis.frozen():
        told = examine(CACHE_URL=own_redis.url).told("cache", "error")

    assert "see whether it hangs" in told
