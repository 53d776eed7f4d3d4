"""What every UserRepository does."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from imgsvc.domain.errors import UsernameTaken, UserNotFound
from imgsvc.domain.user import UserId
from tests.entities import NOW, a_user, later

FULL_WIDTH = "\uff41\uff4e\uff4e\uff41"  # "anna", to everybody who reads it


@pytest.fixture
def users(repositories):
    return repositories.users


def test_a_user_comes_back_as_it_was_added(users):
    user = a_user(username="Zoë.Müller@home", email="zoë@example.org")
    users.add(user)

    assert users.get(user.id) == user


def test_a_user_needs_no_email(users):
    user = a_user(email=None)
    users.add(user)

    assert users.get(user.id).email is None


def test_an_email_keeps_its_backslashes(users):
    user = a_user(email=r"a\0\\b@example.org")
    users.add(user)

    assert users.get(user.id).email == r"a\0\\b@example.org"


def test_times_come_back_in_utc_to_the_microsecond(users):
    user = a_user(created_at=datetime(2026, 7, 1, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2))))
    users.add(user)

    created_at = users.get(user.id).created_at
    assert created_at == datetime(2026, 6, 30, 23, 2, 3, 4, tzinfo=UTC)
    assert created_at.tzinfo is UTC


def test_an_unknown_id_is_no_user(users):
    users.add(a_user())

    with pytest.raises(UserNotFound):
        users.get(UserId(uuid4()))


@pytest.mark.parametrize("name", ["anna", "ANNA", "Anna", FULL_WIDTH])
def test_a_name_is_taken_in_every_spelling(users, name):
    anna = a_user(username="Anna")
    users.add(anna)

    with pytest.raises(UsernameTaken):
        users.add(a_user(username=name))
    assert users.find_by_username("anna") == anna


def test_a_user_who_was_refused_is_not_kept(users):
    users.add(a_user(username="anna"))
    refused = a_user(username="anna", created_at=NOW)
    with pytest.raises(UsernameTaken):
        users.add(refused)

    with pytest.raises(UserNotFound):
        users.get(refused.id)


@pytest.mark.parametrize("name", ["anna", "ANNA", FULL_WIDTH])
def test_a_user_is_found_in_every_spelling(users, name):
    anna = a_user(username="Anna")
    users.add(anna)

    assert users.find_by_username(name) == anna


@pytest.mark.parametrize("name", ["", "ann", "anna ", "anna\0", r"anna\0", "%", "' OR 1=1 --", "x" * 10_000])
def test_another_name_finds_nobody(users, name):
    users.add(a_user(username="anna"))

    assert users.find_by_username(name) is None


def test_the_first_account_says_how_old_the_repository_is(repositories):
    before = repositories.users.first_created_at()
    repositories.users.add(a_user(created_at=later(2)))
    repositories.users.add(a_user(created_at=later(1)))

    assert before is None
    assert repositories.users.first_created_at() == later(1)
