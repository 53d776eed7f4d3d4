"""What every ApiKeyRepository does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.api_key import ApiKey, ApiKeyId, Scope
from imgsvc.domain.errors import TooManyApiKeys, UserNotFound
from tests.ages import ago
from tests.entities import NOW, a_user, later


@pytest.fixture
def keys(repositories):
    return repositories.api_keys


@pytest.fixture
def ada(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


def a_key(owner, **changes):
    defaults = {"name": "uploader", "scopes": (Scope.READ,), "key_hash": uuid4().hex, "hint": "imgsvc_abcd"}
    return ApiKey(**{**defaults, "owner": owner.id, "created_at": NOW, **changes})


def test_a_key_is_found_by_its_hash_with_its_owner(keys, ada):
    key = a_key(ada, scopes=(Scope.WRITE, Scope.READ), name="Zoë's \\0 key")
    keys.add(key, 10)

    assert keys.find(key.key_hash) == (key, ada)


def test_a_key_of_an_id_that_its_owner_has_already_is_the_one_that_he_has(keys, ada):
    first = keys.add(a_key(ada), 1)

    assert keys.add(a_key(ada, id=first.id), 1) == first
    assert keys.list_of(ada.id) == [first]


@pytest.mark.parametrize("key_hash", ["", "x", "%"])
def test_no_other_hash_finds_it(keys, ada, key_hash):
    keys.add(a_key(ada), 10)

    assert keys.find(key_hash) is None


def test_keys_are_listed_for_their_owner_the_newest_first(repositories, keys, ada):
    stranger = a_user()
    repositories.users.add(stranger)
    old, new, theirs = a_key(ada), a_key(ada, created_at=later()), a_key(stranger)
    for key in (old, new, theirs):
        keys.add(key, 10)

    assert keys.list_of(ada.id) == [new, old]


def test_a_key_is_deleted_by_its_owner_alone(repositories, keys, ada):
    key = a_key(ada)
    keys.add(key, 10)

    assert not keys.delete(a_user().id, key.id)
    assert not keys.delete(ada.id, ApiKeyId(uuid4()))
    assert keys.find(key.key_hash)
    assert keys.delete(ada.id, key.id)
    assert keys.find(key.key_hash) is None
    assert not keys.delete(ada.id, key.id)
    assert ada.id in repositories.invalidations.within(timedelta(hours=1))


def test_of_many_keys_those_are_told_that_are_there(keys, ada):
    there, deleted = a_key(ada), a_key(ada)
    for key in (there, deleted):
        keys.add(key, 10)
    keys.delete(ada.id, deleted.id)

    asked = {there.id, deleted.id, *(ApiKeyId(uuid4()) for _ in range(600))}
    assert keys.existing(asked) == {there.id}
    assert keys.existing(set()) == set()


def test_a_use_is_noted_as_just_now(keys, ada):
    used, unused = a_key(ada), a_key(ada)
    for key in (used, unused):
        keys.add(key, 10)
    keys.note_use(used.id)

    found = keys.find(used.key_hash)[0]
    assert ago(minutes=1) < found.last_used_at < ago(minutes=-1)
    assert evolve(found, last_used_at=None) == used
    assert keys.find(unused.key_hash)[0].last_used_at is None


def test_nobody_has_a_key_who_has_no_account(keys):
    with pytest.raises(UserNotFound):
        keys.add(a_key(a_user()), 10)


def test_of_many_who_add_keys_at_once_no_more_do_than_may(keys, ada):
    def add(key):
        try:
            keys.add(key, 3)
        except TooManyApiKeys:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        added = list(threads.map(add, [a_key(ada) for _ in range(8)]))

    assert added.count(True) == 3
    assert len(keys.list_of(ada.id)) == 3
