"""What rates promise (ports/rate_limits.py)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from imgsvc.ports.rate_limits import Rate
from tests.waiting import wait_for

HOUR = timedelta(hours=1)
THREE = Rate(3, HOUR)
NO_TIME = timedelta(0)


def test_so_much_is_granted_and_no_more(limiter):
    taken = [limiter.take("key", THREE) for _ in range(5)]

    assert [one.is_granted for one in taken] == [True, True, True, False, False]
    assert [one.remaining for one in taken] == [2, 1, 0, 0, 0]


def test_who_is_refused_knows_how_long_to_wait_at_least(limiter):
    for _ in range(3):
        limiter.take("key", THREE)

    assert NO_TIME < limiter.take("key", THREE).wait <= HOUR


def test_what_is_refused_costs_nothing(limiter):
    limiter.take("key", THREE, cost=2)

    assert not limiter.take("key", THREE, cost=2).is_granted
    assert limiter.take("key", THREE, cost=1).is_granted


def test_more_than_the_rate_is_never_granted(limiter):
    assert not limiter.take("key", THREE, cost=4).is_granted
    assert limiter.take("key", THREE, cost=3).is_granted


def test_each_key_and_each_rate_is_counted_for_itself(limiter):
    limiter.take("key", THREE, cost=3)

    assert limiter.take("other", THREE).is_granted
    assert limiter.take("key", Rate(4, HOUR)).is_granted


def test_what_was_taken_comes_back_with_time(limiter):
    second = Rate(2, timedelta(seconds=1))
    limiter.take("key", second, cost=2)
    refused = limiter.take("key", second)

    wait_for(lambda: limiter.take("key", second).is_granted, seconds=5)
    assert not refused.is_granted


def test_threads_that_take_at_once_do_not_get_more(limiter):
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: limiter.take("key", Rate(10, HOUR)).is_granted, range(40)))

    assert sum(taken) == 10


@pytest.mark.parametrize(
    "key", ["", "a\0b", "a/b:{c}", "é\N{GRINNING FACE}", "\ud800", "x" * 100_000], ids=lambda key: ascii(key)[:9]
)
def test_a_key_is_any_text(limiter, key):
    assert limiter.take(key, THREE).remaining == 2
    assert limiter.take(key, THREE).remaining == 1
