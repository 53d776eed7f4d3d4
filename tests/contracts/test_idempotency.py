"""What every IdempotencyRepository does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from imgsvc.domain.errors import IdempotencyMismatch, RequestInProgress
from imgsvc.ports.idempotency import Begun, KeptAnswer
from tests.entities import a_user

DAY, MINUTE, NO_TIME = timedelta(days=1), timedelta(minutes=1), timedelta(0)
ANSWER = KeptAnswer(201, {"location": "/v1/images/1"}, '{"é": "\\u0000"}\n')


@pytest.fixture
def keys(repositories):
    return repositories.idempotency


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner.id


def begin(keys, owner, key="a", fingerprint="f", lease=MINUTE, life=DAY):
    return keys.begin(owner, key, fingerprint, lease=lease, life=life)


def test_what_was_answered_is_answered_again(keys, owner):
    begun = begin(keys, owner)
    keys.keep(owner, "a", begun, ANSWER)

    assert begin(keys, owner) == begin(keys, owner, lease=NO_TIME) == ANSWER


def test_what_is_being_done_is_not_begun_again(keys, owner):
    begin(keys, owner)

    with pytest.raises(RequestInProgress):
        begin(keys, owner)


def test_who_takes_over_makes_what_has_the_same_id(keys, owner):
    assert begin(keys, owner) == begin(keys, owner, lease=NO_TIME)


def test_a_key_is_of_one_request(keys, owner):
    begin(keys, owner)

    with pytest.raises(IdempotencyMismatch):
        begin(keys, owner, fingerprint="g", lease=NO_TIME)


def test_a_key_is_of_one_user(repositories, keys, owner):
    stranger = a_user()
    repositories.users.add(stranger)

    assert begin(keys, owner) != begin(keys, stranger.id, fingerprint="g")


def test_what_came_to_nothing_may_be_begun_anew(keys, owner):
    first = begin(keys, owner)
    keys.forget(owner, "a", first)

    assert begin(keys, owner, fingerprint="g") != first


def test_an_answer_is_not_forgotten_by_who_gave_up(keys, owner):
    begun = begin(keys, owner)
    keys.keep(owner, "a", begun, ANSWER)
    keys.forget(owner, "a", begun)

    assert begin(keys, owner) == ANSWER


def test_an_old_key_is_as_good_as_new(keys, owner):
    begun = begin(keys, owner)
    keys.keep(owner, "a", begun, ANSWER)

    assert isinstance(begin(keys, owner, fingerprint="g", life=NO_TIME), Begun)


def test_old_keys_are_removed_part_by_part(keys, owner):
    for key in "abc":
        begin(keys, owner, key)

    assert [keys.prune(*one) for one in ((DAY, 2), (NO_TIME, 2), (NO_TIME, 2), (NO_TIME, 2))] == [0, 2, 1, 0]


def test_of_many_who_send_the_same_at_once_one_begins(keys, owner):
    def attempt(_):
        try:
            return begin(keys, owner)
        except RequestInProgress:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert sum(one is not None for one in pool.map(attempt, range(8))) == 1
