"""What every ErasureRepository does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from imgsvc.domain.api_key import ApiKey, Scope
from imgsvc.domain.errors import ImageNotFound, TokenRevoked, UserNotFound, VariantNotFound
from imgsvc.domain.session import Session
from imgsvc.ports.erasure import ErasedImage
from tests.entities import a_job, a_user, an_image, later

HOUR = timedelta(hours=1)


@pytest.fixture
def erasure(repositories):
    found = repositories.erasure.images(1000)
    repositories.erasure.forget_images([one.id for one in found])  # of earlier tests
    return repositories.erasure


@pytest.fixture
def ada(repositories):
    user = a_user(username="ada", password_hash="hash")
    repositories.users.add(user)
    return user


def test_an_account_that_is_given_up_is_nobodys(repositories, erasure, ada):
    session = Session(owner=ada.id, family_hash=uuid4().hex, token_hash="1")
    repositories.sessions.add(session, "hash", HOUR)
    key = ApiKey(owner=ada.id, name="x", scopes=(Scope.READ,), key_hash=uuid4().hex, hint="", created_at=later())
    repositories.api_keys.add(key, 10)

    assert erasure.mark(ada.id, "hash")
    assert erasure.marked(10) == [ada.id]
    with pytest.raises(UserNotFound):
        repositories.users.get(ada.id)
    with pytest.raises(TokenRevoked):
        repositories.sessions.user_of(session.id)
    assert repositories.api_keys.find(key.key_hash) is None
    assert repositories.users.find_by_username("ada") is None
    assert repositories.users.find_by_username(f"erased/{ada.id}") is None
    assert ada.id in repositories.invalidations.within(HOUR)


def test_nothing_is_added_to_an_account_that_is_given_up(repositories, erasure, ada):
    erasure.mark(ada.id, "hash")
    key = ApiKey(owner=ada.id, name="x", scopes=(Scope.READ,), key_hash=uuid4().hex, hint="", created_at=later())
    session = Session(owner=ada.id, family_hash=uuid4().hex, token_hash="1")

    with pytest.raises(UserNotFound):
        repositories.images.add(an_image(ada))
    with pytest.raises(UserNotFound):
        repositories.api_keys.add(key, 10)
    assert not repositories.sessions.add(session, "hash", HOUR)
    assert not repositories.sessions.add(session, "", HOUR)
    assert erasure.remove_images(ada.id, 10) == 0


def test_an_account_is_given_up_with_its_latest_password_and_once(repositories, erasure, ada):
    assert not erasure.mark(ada.id, "older")
    assert repositories.users.get(ada.id) == ada
    assert erasure.mark(ada.id, "hash")
    assert not erasure.mark(ada.id, "hash")


def test_images_go_with_their_jobs_so_many_at_a_time_and_their_bytes_are_kept_in_mind(repositories, erasure, ada):
    stranger = a_user()
    repositories.users.add(stranger)
    own, theirs = [an_image(ada) for _ in range(3)], an_image(stranger)
    shared = an_image(ada, bytes_of=own[0].id)
    for image in (*own, shared, theirs):
        repositories.images.add(image)
    job, _ = repositories.variants.add_if_absent(a_job(own[1]))
    erasure.mark(ada.id, "hash")

    assert [erasure.remove_images(ada.id, 3) for _ in range(3)] == [3, 1, 0]
    left = {*(ErasedImage(image.id, image.id) for image in own), ErasedImage(shared.id, own[0].id)}
    assert set(erasure.images(10)) == left
    assert len(erasure.images(2)) == 2
    with pytest.raises(ImageNotFound):
        repositories.images.get(own[0].id)
    with pytest.raises(VariantNotFound):
        repositories.variants.get(job.id)
    assert repositories.images.get(theirs.id) == theirs
    assert {image.id for image in own} <= set(repositories.invalidations.within(HOUR))


def test_what_was_seen_to_is_forgotten(repositories, erasure, ada):
    images = [an_image(ada) for _ in range(2)]
    for image in images:
        repositories.images.add(image)
    erasure.mark(ada.id, "hash")
    erasure.remove_images(ada.id, 10)
    erasure.forget_images([images[0].id])

    assert erasure.images(10) == [ErasedImage(images[1].id, images[1].id)]


def test_only_an_account_that_is_given_up_goes_and_its_name_is_free_before(repositories, erasure, ada):
    erasure.remove_account(ada.id)
    before = repositories.users.get(ada.id)
    erasure.mark(ada.id, "hash")
    repositories.users.add(a_user(username="ada"))
    erasure.remove_account(ada.id)
    erasure.remove_account(ada.id)

    assert before == ada
    assert erasure.marked(10) == []
    assert repositories.users.find_by_username("ada").id != ada.id


def test_the_oldest_account_says_how_old_the_repository_is_also_when_it_is_gone(repositories, erasure):
    old, new = (a_user(password_hash="hash", created_at=later(seconds)) for seconds in (-(10**6), 5))
    for user in (old, new):
        repositories.users.add(user)
        erasure.mark(user.id, "hash")
        erasure.remove_account(user.id)

    assert repositories.users.first_created_at() == old.created_at


def test_no_image_that_is_added_meanwhile_outlasts_its_account(repositories, erasure, ada):
    def add(_):
        try:
            repositories.images.add(an_image(ada))
        except UserNotFound:
            return False
        return True

    with ThreadPoolExecutor(5) as threads:
        begun = [threads.submit(add, number) for number in range(6)]
        marked = threads.submit(erasure.mark, ada.id, "hash")
        begun += [threads.submit(add, number) for number in range(6)]

    assert marked.result()
    added = sum(one.result() for one in begun)
    assert erasure.remove_images(ada.id, 100) == added
    erasure.remove_account(ada.id)
    assert erasure.marked(10) == []
