"""What every SessionRepository does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from imgsvc.domain.errors import TokenExpired, TokenReused, TokenRevoked
from imgsvc.domain.session import Session, SessionId
from tests.ages import ago, rotated_at, session_ends_at
from tests.entities import a_user

HOUR, GRACE = timedelta(hours=1), timedelta(seconds=10)


@pytest.fixture
def sessions(repositories):
    return repositories.sessions


@pytest.fixture
def ada(repositories):
    user = a_user(password_hash="old")
    repositories.users.add(user)
    return user


def a_session(user):
    """Its tokens are called 1, 2 and so on."""
    return Session(owner=user.id, family_hash=uuid4().hex, token_hash="1")


@pytest.fixture
def session(sessions, ada):
    session = a_session(ada)
    assert sessions.add(session, "old", HOUR)
    return session


def exchange(sessions, session, old, new):
    return sessions.rotate(session.family_hash, old, new, GRACE)


def has_ended(sessions, session):
    with pytest.raises(TokenRevoked):
        sessions.user_of(session.id)
    return True


def test_a_session_tells_its_user(sessions, session, ada):
    assert sessions.user_of(session.id) == ada


def test_a_session_that_never_was_has_ended(sessions, session):
    with pytest.raises(TokenRevoked):
        sessions.user_of(SessionId(uuid4()))


def test_of_many_sessions_those_are_told_that_last(sessions, session, ada):
    ended, over = a_session(ada), a_session(ada)
    assert sessions.add(ended, "old", HOUR)
    assert sessions.add(over, "old", -HOUR)
    sessions.end(ended.id)

    asked = {session.id, ended.id, over.id, *(SessionId(uuid4()) for _ in range(600))}
    assert sessions.lasting(asked) == {session.id}
    assert sessions.lasting(set()) == set()


def test_nobody_logs_in_with_a_password_that_was_changed_meanwhile(sessions, ada):
    session = a_session(ada)

    assert not sessions.add(session, "older", HOUR)
    assert has_ended(sessions, session)


def test_nobody_logs_in_to_an_account_that_is_gone(sessions):
    assert not sessions.add(a_session(a_user()), "not a real hash", HOUR)


def test_a_session_ends_by_itself(repositories, sessions, session):
    session_ends_at(repositories, ago(seconds=1), session.id)

    assert has_ended(sessions, session)
    with pytest.raises(TokenExpired):
        exchange(sessions, session, "1", "2")


def test_a_session_ends_when_it_is_told_to_and_the_others_do_not(sessions, session, ada):
    other = a_session(ada)
    sessions.add(other, "old", HOUR)
    sessions.end(session.id)
    sessions.end(session.id)

    assert has_ended(sessions, session)
    assert sessions.user_of(other.id) == ada


def test_a_token_is_exchanged_for_the_next(sessions, session, ada):
    first = exchange(sessions, session, "1", "2")
    second = exchange(sessions, session, "2", "3")

    assert first == second
    assert (first.id, first.owner) == (session.id, ada.id)
    assert ago(hours=-1, minutes=1) < first.expires_at < ago(hours=-1, minutes=-1)


def test_an_exchange_may_be_asked_for_again_at_once(sessions, session):
    assert exchange(sessions, session, "1", "2") == exchange(sessions, session, "1", "2")


def test_an_exchange_that_is_asked_for_again_too_late_ends_the_session(repositories, sessions, session):
    exchange(sessions, session, "1", "2")
    rotated_at(repositories, ago(seconds=15), session.id)

    with pytest.raises(TokenReused):
        exchange(sessions, session, "1", "2")
    assert has_ended(sessions, session)
    with pytest.raises(TokenRevoked):
        exchange(sessions, session, "2", "3")


def test_a_token_that_is_older_than_the_one_before_ends_the_session_however_soon(sessions, session):
    exchange(sessions, session, "1", "2")
    exchange(sessions, session, "2", "3")

    with pytest.raises(TokenReused):
        exchange(sessions, session, "1", "2")
    assert has_ended(sessions, session)


def test_a_token_of_no_session_is_told_so_and_ends_none(sessions, session, ada):
    with pytest.raises(TokenRevoked):
        sessions.rotate("another family", "1", "2", GRACE)
    assert sessions.user_of(session.id) == ada


def test_of_many_who_exchange_one_token_at_once_all_get_the_same(sessions, session):
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: exchange(sessions, session, "1", "2"), range(6)))

    assert len(set(found)) == 1
    assert exchange(sessions, session, "2", "3") == found[0]


def test_another_password_ends_all_sessions_but_the_new_one(repositories, sessions, session, ada):
    stranger = a_user(password_hash="old")
    repositories.users.add(stranger)
    theirs, new = a_session(stranger), a_session(ada)
    sessions.add(theirs, "old", HOUR)

    assert sessions.change_password(ada.id, "old", "new", new, HOUR)
    assert has_ended(sessions, session)
    assert sessions.user_of(new.id).password_hash == "new"
    assert sessions.user_of(theirs.id) == stranger


def test_a_password_that_is_not_the_latest_changes_nothing(repositories, sessions, session, ada):
    new = a_session(ada)

    assert not sessions.change_password(ada.id, "older", "new", new, HOUR)
    assert sessions.user_of(session.id) == ada
    assert has_ended(sessions, new)


def test_of_many_who_change_a_password_at_once_one_does(repositories, sessions, session, ada):
    news = [a_session(ada) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(lambda new: sessions.change_password(ada.id, "old", new.family_hash, new, HOUR), news))

    assert done.count(True) == 1
    winner = news[done.index(True)]
    assert repositories.users.get(ada.id).password_hash == winner.family_hash


def test_no_login_with_the_old_password_outlasts_its_change(repositories, sessions, ada):
    def log_in(session):
        return sessions.add(session, "old", HOUR)

    logins, new = [a_session(ada) for _ in range(8)], a_session(ada)
    with ThreadPoolExecutor(5) as threads:
        begun = [threads.submit(log_in, one) for one in logins[:4]]
        changed = threads.submit(sessions.change_password, ada.id, "old", "new", new, HOUR)
        begun += [threads.submit(log_in, one) for one in logins[4:]]

    assert changed.result()
    assert all(one.result() in (True, False) for one in begun)
    assert all(has_ended(sessions, one) for one in logins)


def test_expired_sessions_go_so_many_at_a_time(repositories, sessions, session, ada):
    old = [a_session(ada) for _ in range(3)]
    for one in old:
        sessions.add(one, "old", HOUR)
    session_ends_at(repositories, ago(seconds=1), *(one.id for one in old))

    assert [sessions.remove_expired(2) for _ in range(3)] == [2, 1, 0]
    assert sessions.user_of(session.id) == ada


def test_whatever_ends_a_session_is_news_of_its_user(repositories, sessions, session, ada):
    def news():
        return ada.id in repositories.invalidations.within(HOUR)

    before = news()
    sessions.end(session.id)

    assert (before, news()) == (False, True)


def test_a_reused_token_and_a_new_password_are_news_too(repositories, sessions):
    users = [a_user(password_hash="old") for _ in range(2)]
    for user in users:
        repositories.users.add(user)
    reused = a_session(users[0])
    sessions.add(reused, "old", HOUR)
    with pytest.raises(TokenReused):
        exchange(sessions, reused, "0", "9")
    sessions.change_password(users[1].id, "old", "new", a_session(users[1]), HOUR)

    assert {user.id for user in users} <= set(repositories.invalidations.within(HOUR))
