"""A trouble is told when it begins and when it has ended, however many calls meet it, in whatever order they end."""

import logging

import pytest

from imgsvc.adapters.common.outages import Outages


@pytest.fixture
def outages():
    return Outages("the storage", meanwhile="nothing is kept")


@pytest.fixture
def told(caplog):
    """The lines so far: their level and message."""
    caplog.set_level(logging.DEBUG, "imgsvc")
    return lambda: [(record.levelname, record.message) for record in caplog.records]


BEGUN = ("ERROR", "the storage is in trouble: it cannot be reached (refused); nothing is kept")
ENDED = ("INFO", "the storage works again")


def test_what_works_is_not_worth_a_line(outages, told):
    outages.attempt("reading").succeeds()

    assert told() == []


def test_a_trouble_is_told_once_and_its_end_once(outages, told):
    for _ in range(3):
        for part in ("reading", "writing"):
            outages.attempt(part).finds_nobody("it cannot be reached", "refused")
    for _ in range(3):
        outages.attempt("reading").succeeds()

    assert told() == [BEGUN, ENDED]


def test_it_is_told_anew_when_it_begins_anew(outages, told):
    for _ in range(2):
        outages.attempt().finds_nobody("it cannot be reached", "refused")
        outages.attempt().succeeds()

    assert told() == [BEGUN, ENDED] * 2


def test_who_is_there_and_refuses_one_kind_of_work_is_told_once_while_the_others_go_on(outages, told):
    for _ in range(3):
        outages.attempt("writing").fails("it is full")
        outages.attempt("reading").succeeds()
    outages.attempt("writing").succeeds()

    assert told() == [("ERROR", "the storage is in trouble: it is full; nothing is kept"), ENDED]


def test_the_same_trouble_of_two_parts_is_one_and_ends_when_neither_has_it(outages, told):
    outages.attempt("publisher").fails("it cannot be reached", "refused")
    outages.attempt("consumer").fails("it cannot be reached", "reset")
    outages.attempt("publisher").succeeds()
    before = told()
    outages.attempt("consumer").succeeds()

    assert (before, told()) == ([BEGUN], [BEGUN, ENDED])


def test_whoever_answers_at_all_is_there(outages, told):
    outages.attempt().finds_nobody("it cannot be reached", "refused")
    outages.attempt("writing").fails("it is full")

    assert [message for _, message in told()][1:] == [
        "the storage is in trouble: it is full; nothing is kept",
        "the storage works again",
    ]


def test_a_call_that_began_before_the_trouble_and_ends_well_is_no_end_of_it(outages, told):
    slow = outages.attempt("reading")
    outages.attempt("reading").finds_nobody("it cannot be reached", "refused")
    slow.succeeds()

    assert told() == [BEGUN]


def test_a_call_that_began_before_the_end_and_fails_late_is_no_new_trouble(outages, told):
    outages.attempt("reading").finds_nobody("it cannot be reached", "refused")
    slow = outages.attempt("reading")
    outages.attempt("reading").succeeds()
    slow.finds_nobody("it cannot be reached", "timed out")

    assert told() == [BEGUN, ENDED]


def test_programs_are_told_which_dependency_it_is_and_how_long_it_took(outages, caplog):
    caplog.set_level(logging.INFO, "imgsvc")
    outages.attempt().finds_nobody("it cannot be reached")
    outages.attempt().succeeds()

    begun, ended = caplog.records
    assert begun.dependency == ended.dependency == "the storage"
    assert (ended.trouble, ended.seconds) == ("it cannot be reached", 0.0)
