"""A number that has to be asked for: as seldom as may be, and without waiting for whoever knows it."""

from threading import Event

import pytest

from imgsvc.adapters.metrics.asked_number import AskedNumber


class Clock:
    seconds = 100.0

    def __call__(self):
        return self.seconds


class Source:
    """Tells 1, then 2, and so on; or fails."""

    def __init__(self):
        self.asked, self.fails = 0, False

    def __call__(self):
        self.asked += 1
        if self.fails:
            raise OSError("away")
        return self.asked


@pytest.fixture
def clock():
    return Clock()


def test_it_is_asked_for_again_after_ten_seconds_and_not_before(clock):
    source = Source()
    number = AskedNumber(source, clock)

    first = [number(), number()]
    clock.seconds += 9.9
    first.append(number())
    clock.seconds += 0.1

    assert (first, number(), source.asked) == ([1, 1, 1], 2, 2)


def test_nobody_asks_before_somebody_wants_it(clock):
    source = Source()
    AskedNumber(source, clock)

    assert source.asked == 0


def test_there_is_none_while_it_cannot_be_had(clock):
    source = Source()
    number = AskedNumber(source, clock)
    source.fails = True

    assert [number(), number()] == [None, None]
    assert source.asked == 1
    source.fails = False
    clock.seconds += 10
    assert number() == 2


def test_who_lets_wait_is_asked_once_and_waited_for_by_nobody(clock):
    goes_on, asked = Event(), []

    def slow():
        asked.append(1)
        goes_on.wait()
        return 7

    number = AskedNumber(slow, clock, patience=0.05)
    early = [number()]
    clock.seconds += 100
    early.append(number())
    goes_on.set()
    number.patience = 30

    assert (early, number(), len(asked)) == ([None, None], 7, 1)
