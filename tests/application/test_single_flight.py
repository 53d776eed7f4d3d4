"""Work that several callers want at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from imgsvc.application.single_flight import SingleFlight
from tests.waiting import wait_for

CALLERS = 20


@pytest.fixture
def flights():
    return SingleFlight()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(CALLERS) as threads:
        yield threads


class Work:
    """Counts its calls; each goes on when told to, and returns its number."""

    def __init__(self, outcome=lambda number: number):
        self.calls = 0
        self.go_on = Event()
        self.outcome = outcome

    def __call__(self):
        self.calls += 1
        number = self.calls
        assert self.go_on.wait(30)
        return self.outcome(number)


def all_waiting_for(flights, key, threads, work):
    """Futures of as many callers as there are threads, all of whom wait by now."""
    callers = [threads.submit(flights.run, key, work) for _ in range(CALLERS)]
    # The first has the work, the others wait in the condition of its future: nothing else can tell that they do.
    wait_for(lambda: key in flights._running)
    wait_for(lambda: len(flights._running[key]._condition._waiters) == CALLERS - 1)
    return callers


def test_callers_at_once_share_one_result(flights, threads):
    work = Work()
    callers = all_waiting_for(flights, "key", threads, work)
    work.go_on.set()

    assert [caller.result(30) for caller in callers] == [1] * CALLERS
    assert work.calls == 1


@pytest.mark.parametrize("error", [LookupError, SystemExit])
def test_callers_at_once_share_one_failure(flights, threads, error):
    def fails(number):
        raise error(number)

    work = Work(fails)
    callers = all_waiting_for(flights, "key", threads, work)
    work.go_on.set()

    assert [str(caller.exception(30)) for caller in callers] == ["1"] * CALLERS
    assert work.calls == 1


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_who_asks_after_a_failure_tries_again(flights, error):
    def failing():
        raise error

    with pytest.raises(error):
        flights.run("key", failing)

    assert flights.run("key", lambda: "made") == "made"


def test_who_asks_later_has_it_done_again(flights):
    results = iter([1, 2])

    assert [flights.run("key", lambda: next(results)) for _ in range(2)] == [1, 2]


def test_another_key_does_not_wait(flights, threads):
    work = Work()
    slow = threads.submit(flights.run, "slow", work)
    wait_for(lambda: work.calls)

    assert flights.run("quick", lambda: "made") == "made"
    assert not slow.done()
    work.go_on.set()


def test_nothing_is_kept_of_what_is_done(flights):
    for number in range(100):
        flights.run(str(number), lambda: b"x")

    assert flights._running == {}
