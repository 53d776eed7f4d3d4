"""Who asks, as he was known a moment ago: for no longer than his token is good."""

from datetime import timedelta

import pytest
from attrs import evolve
from starlette.requests import Request

from imgsvc.domain.session import Identity, SessionId
from imgsvc.entrypoints.composition import utc_now
from imgsvc.entrypoints.http.caller_cache import CallerCache
from imgsvc.entrypoints.http.invalidated_cache import InvalidatedCache
from tests.entities import a_user

USER = a_user()
ADA = Identity(user=USER, session=SessionId(USER.id))
ASKING = Request({"type": "http", "headers": [(b"authorization", b"Bearer token")]})


class Clock:
    seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def callers(clock):
    return CallerCache(InvalidatedCache(100_000, clock))


def found_after(callers, clock, seconds):
    clock.seconds += seconds
    callers.entries.note_heard(clock.seconds)
    return callers.find(ASKING)


def test_somebody_is_known_for_five_seconds(callers, clock):
    callers.keep(ASKING, ADA, callers.mark())

    assert found_after(callers, clock, 4.9) == ADA
    assert found_after(callers, clock, 0.2) is None


def test_nobody_is_known_longer_than_his_token_is_good(callers, clock):
    soon = evolve(ADA, expires_at=utc_now() + timedelta(seconds=2))
    callers.keep(ASKING, soon, callers.mark())

    assert found_after(callers, clock, 0.5) == soon
    assert found_after(callers, clock, 1.6) is None


def test_nobody_is_known_by_a_token_that_has_expired(callers, clock):
    callers.keep(ASKING, evolve(ADA, expires_at=utc_now()), callers.mark())

    assert found_after(callers, clock, 0.0) is None


def test_nobody_is_known_whose_account_ended_since_he_was_asked_for(callers, clock):
    mark = callers.mark()
    callers.entries.forget([USER.id])
    callers.keep(ASKING, ADA, mark)

    assert found_after(callers, clock, 0.0) is None
