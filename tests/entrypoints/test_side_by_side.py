"""Questions that are asked at once: one that hangs costs the others nothing, and never more than one thread."""

import threading
from threading import Event
from time import monotonic

import pytest

from imgsvc.entrypoints.side_by_side import SideBySide


@pytest.fixture
def end():
    """Of what hangs."""
    end = Event()
    yield end
    end.set()


def fails():
    raise ValueError("no")


def test_each_answer_stands_under_the_name_of_its_question_in_their_order():
    asked = SideBySide({"b": lambda: 1, "a": lambda: None, "c": fails}, 5)

    answers = asked.answers()

    assert list(answers) == ["b", "a", "c"]
    assert (answers["b"], answers["a"], type(answers["c"])) == (1, None, ValueError)


def test_what_hangs_is_waited_for_no_longer_than_it_may_take_all_together(end):
    asked = SideBySide({"one": end.wait, "two": end.wait, "three": lambda: 3}, 0.2)

    begun = monotonic()
    answers = asked.answers()

    assert monotonic() - begun < 1
    assert [type(answer) for answer in answers.values()] == [TimeoutError, TimeoutError, int]


def test_what_hangs_is_not_asked_again_before_it_has_answered(end):
    asked = SideBySide({"one": end.wait}, 0.01)
    asked.answers()
    before = threading.active_count()
    for _ in range(5):
        asked.answers()
    after = threading.active_count()
    end.set()

    assert (before, after) == (before, before)
    assert SideBySide({"one": end.wait}, 5).answers() == {"one": True}


def test_questions_are_asked_anew_each_time():
    answers = iter(range(10))
    asked = SideBySide({"one": lambda: next(answers)}, 5)

    assert [asked.answers()["one"] for _ in range(3)] == [0, 1, 2]
