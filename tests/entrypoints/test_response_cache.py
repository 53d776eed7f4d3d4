"""What is remembered of answers, for how long, and what makes it forgotten."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from imgsvc.domain.errors import Unavailable
from imgsvc.entrypoints.http.invalidated_cache import InvalidatedCache
from imgsvc.entrypoints.http.invalidation_listener import InvalidationListener
from imgsvc.entrypoints.http.response_cache import ResponseCache, asked

IMAGE, OTHER = uuid4(), uuid4()
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class News:
    """Of what others have ended, or why nobody tells."""

    def __init__(self):
        self.subjects = {}
        self.error = None

    def within(self, age):
        if self.error:
            raise self.error
        return self.subjects


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    return InvalidatedCache(100_000, clock)


@pytest.fixture
def answers(cache):
    return ResponseCache(cache)


@pytest.fixture
def news():
    return News()


@pytest.fixture
def listener(cache, news):
    listener = InvalidationListener(cache, news)
    listener.hear()
    return listener


def key(number=0):
    return (b"/path", b"%d" % number, b"Bearer token", b"")


def keep(answers, number=0, subject=IMAGE, size=10, mark=None):
    headers = [(b"etag", b'"tag"')]
    answers.keep(key(number), "/path", headers, b"." * size, (subject,), answers.mark() if mark is None else mark)


def test_what_was_kept_is_found_by_the_same_request_alone(answers, listener):
    keep(answers)

    assert answers.find(key()).body == b"." * 10
    assert answers.find(key(1)) is None
    assert answers.find((b"/path", b"0", b"Bearer other", b"")) is None


def test_after_five_seconds_everything_is_asked_anew(answers, listener, clock):
    keep(answers)
    clock.now += 4.9
    listener.hear()
    before = answers.find(key())
    clock.now += 0.2
    listener.hear()

    assert before is not None
    assert answers.find(key()) is None


def test_what_ends_takes_its_answers_along_and_no_others(answers, listener):
    keep(answers, 0)
    keep(answers, 1, OTHER)

    answers.entries.forget([IMAGE])

    assert answers.find(key(0)) is None
    assert answers.find(key(1)) is not None


def test_what_others_end_is_forgotten_when_it_is_heard(answers, listener, news):
    keep(answers)
    news.subjects = {IMAGE: MOMENT}

    listener.hear()

    assert answers.find(key()) is None


def test_what_others_end_once_more_is_heard_once_more(answers, listener, news):
    news.subjects = {IMAGE: MOMENT}
    listener.hear()
    keep(answers)
    news.subjects = {IMAGE: MOMENT + timedelta(milliseconds=1)}

    listener.hear()

    assert answers.find(key()) is None


def test_what_was_heard_before_does_not_make_newer_answers_forgotten(answers, listener, news):
    news.subjects = {IMAGE: MOMENT}
    listener.hear()
    keep(answers)

    listener.hear()

    assert answers.find(key()) is not None


def test_while_nothing_can_be_heard_nothing_is_answered(answers, listener, news, clock):
    keep(answers)
    news.error = Unavailable("the database does not answer")
    clock.now += 0.9
    listener.hear()
    still = answers.find(key())
    clock.now += 0.2
    listener.hear()

    assert still is not None
    assert answers.find(key()) is None


def test_when_there_is_something_to_hear_again_answers_are_given_again(answers, listener, news, clock):
    keep(answers)
    clock.now += 2
    listener.hear()

    assert answers.find(key()) is not None


def test_an_answer_that_was_begun_before_something_ended_is_not_kept(answers, listener):
    mark = answers.mark()
    answers.entries.forget([IMAGE])

    keep(answers, mark=mark)

    assert answers.find(key()) is None


def test_the_least_recently_used_goes_when_there_is_no_room(answers, listener):
    for number in range(3):
        keep(answers, number, size=30_000)
    answers.find(key(0))

    keep(answers, 3, size=30_000)

    assert [answers.find(key(number)) is not None for number in range(4)] == [True, False, True, True]


def test_what_is_larger_than_all_the_room_is_not_kept(answers, listener):
    keep(answers, size=100_001)

    assert answers.find(key()) is None


def test_what_is_kept_twice_takes_its_room_once(answers, listener):
    for _ in range(10):
        keep(answers, size=30_000)
    keep(answers, 1, size=30_000)

    assert answers.find(key(0)) is not None
    assert answers.find(key(1)) is not None


def scope(*headers):
    return {"raw_path": b"/path", "query_string": b"t=w:5", "headers": list(headers)}


@pytest.mark.parametrize("name", [b"range", b"if-range", b"if-match", b"if-unmodified-since"])
def test_who_asks_for_a_part_or_on_a_condition_is_not_answered_from_memory(name):
    assert asked(scope((name, b"bytes=0-1"))) is None


@pytest.mark.parametrize("first", [b"Bearer a", b""])
def test_who_says_twice_who_he_is_is_not_answered_from_memory(first):
    assert asked(scope((b"authorization", first), (b"authorization", b"Bearer b"))) is None


def test_a_request_depends_on_its_address_the_caller_and_what_he_shows():
    wanted = asked(scope((b"accept", b"image/webp"), (b"authorization", b"Bearer a"), (b"accept", b"image/avif")))

    assert wanted.key == (b"/path", b"t=w:5", b"Bearer a", b"image/webp,image/avif")
