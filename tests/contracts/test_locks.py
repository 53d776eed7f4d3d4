"""What turns promise (ports/locks.py)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import monotonic

import pytest

from tests.waiting import wait_for

LONG = timedelta(seconds=20)
SHORT = timedelta(seconds=0.3)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as threads:
        yield threads


def turn(locks, key, lease=LONG):
    with locks.turn(key, lease) as has_waited:
        return has_waited


def test_who_comes_first_does_not_wait(locks):
    assert [turn(locks, "key"), turn(locks, "key")] == [False, False]


def test_who_comes_later_waits_until_the_first_is_done_and_knows_it(locks, threads):
    done = Event()
    with locks.turn("key", LONG):
        later = threads.submit(lambda: (turn(locks, "key"), done.is_set()))
        with pytest.raises(TimeoutError):
            later.result(0.2)
        done.set()

    assert later.result(5) == (True, True)


def test_a_turn_ends_also_where_it_fails(locks):
    with pytest.raises(LookupError), locks.turn("key", LONG):
        raise LookupError

    assert turn(locks, "key") is False


def test_turns_at_other_keys_are_independent(locks):
    with locks.turn("key", LONG), locks.turn("other", LONG) as has_waited:
        assert has_waited is False


@pytest.mark.parametrize(
    "key", ["", "a\0b", "é\N{GRINNING FACE}", "\ud800", "x" * 100_000], ids=lambda key: ascii(key)[:9]
)
def test_a_key_is_any_text(locks, key):
    assert turn(locks, key) is False


def test_nobody_has_a_turn_longer_than_its_lease(locks):
    with locks.turn("key", SHORT):
        begun = monotonic()
        has_waited = turn(locks, "key", LONG)

        assert has_waited
        assert 0.2 < monotonic() - begun < 2


def test_nobody_waits_longer_than_his_own_lease(locks):
    with locks.turn("key", LONG):
        begun = monotonic()
        has_waited = turn(locks, "key", SHORT)

        assert has_waited
        assert 0.2 < monotonic() - begun < 2


def test_who_has_lost_his_turn_does_not_end_that_of_another(locks, threads):
    with locks.turn("key", SHORT):
        second = locks.turn("key", LONG)
        second.__enter__()

    third = threads.submit(turn, locks, "key")
    with pytest.raises(TimeoutError):
        third.result(0.2)
    second.__exit__(None, None, None)
    assert third.result(5) is True


def test_of_many_at_once_each_has_its_turn_alone(locks, threads):
    inside, most = [], []

    def work(number):
        with locks.turn("key", LONG):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    wait_for(lambda: list(threads.map(work, range(20))))

    assert (max(most), len(most)) == (1, 20)
