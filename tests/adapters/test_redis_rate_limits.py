"""Rates that processes count together, and what becomes of them without their Redis."""

from datetime import timedelta

import pytest

from imgsvc.adapters.cache import open_cache
from imgsvc.ports.rate_limits import Rate
from tests.real_servers.redis import client_of, forget_ours
from tests.waiting import wait_for

THREE = Rate(3, timedelta(hours=1))


@pytest.fixture
def limiters(own_redis):
    """Of two processes."""
    forget_ours(own_redis.url)
    with open_cache(own_redis.url) as one, open_cache(own_redis.url) as other:
        for opened in (one, other):
            opened.rate_limiter.server.rest = 0.1
        yield one.rate_limiter, other.rate_limiter
    forget_ours(own_redis.url)


def test_all_processes_count_together(limiters):
    one, other = limiters

    assert [limiter.take("key", THREE).is_granted for limiter in (one, other, one, other)] == [True] * 3 + [False]


def test_without_their_redis_each_counts_for_itself_and_then_together_again(limiters, own_redis):
    one, other = limiters
    one.take("key", THREE, cost=3)
    own_redis.stop()
    try:
        alone = [[limiter.take("key", THREE).is_granted for _ in range(4)] for limiter in limiters]
    finally:
        own_redis.start()
    wait_for(lambda: one.take("key", THREE).is_granted and one.server.client.dbsize())
    one.take("other", THREE, cost=3)

    assert alone == [[True] * 3 + [False]] * 2
    assert not other.take("other", THREE).is_granted


def test_what_is_counted_is_forgotten_by_itself(limiters, own_redis):
    limiters[0].take("key", THREE)

    with client_of(own_redis.url) as client:
        lifetimes = [client.ttl(key) for key in client.scan_iter("imgsvc:limit*")]
    assert lifetimes
    assert all(0 < lifetime <= 2 * 3600 for lifetime in lifetimes)
