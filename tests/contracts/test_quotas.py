"""What every ImageRepository does about how much one may keep."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsvc.domain.errors import ImageNotFound, QuotaExceeded
from imgsvc.domain.quota import Quota, Usage
from tests.entities import a_user, an_image


@pytest.fixture
def images(repositories):
    return repositories.images


@pytest.fixture
def ada(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


def test_who_has_nothing_uses_nothing(images, ada):
    assert images.usage_of(ada.id) == Usage()


def test_what_is_added_and_deleted_is_counted_and_equal_bytes_once(images, ada):
    first, other = an_image(ada, byte_count=100), an_image(ada, byte_count=7)
    shared = an_image(ada, byte_count=100, bytes_of=first.id)
    told = []
    for image in (first, shared, other):
        images.add(image)
        told.append(images.usage_of(ada.id))
    for image in (first, shared, other):
        images.delete(image.id)
        told.append(images.usage_of(ada.id))

    counts = [(1, 100), (2, 100), (3, 107), (2, 107), (1, 7), (0, 0)]
    assert told == [Usage(images=count, bytes=byte_count) for count, byte_count in counts]


def test_what_was_to_share_bytes_that_are_gone_counts_for_nothing(images, ada):
    assert not images.add(an_image(ada, bytes_of=an_image(ada).id))
    assert images.usage_of(ada.id) == Usage()


@pytest.mark.parametrize("quota", [Quota(images=2), Quota(bytes=25), Quota(images=2, bytes=10**12)])
def test_what_would_be_too_much_is_not_kept(images, ada, quota):
    for _ in range(2):
        images.add(an_image(ada, byte_count=10), quota)
    one_more = an_image(ada, byte_count=10)

    with pytest.raises(QuotaExceeded):
        images.add(one_more, quota)
    assert images.usage_of(ada.id) == Usage(images=2, bytes=20)
    with pytest.raises(ImageNotFound):
        images.get(one_more.id)


def test_who_deletes_something_has_room_again(images, ada):
    first, second = an_image(ada), an_image(ada)
    images.add(first, Quota(images=1))
    images.delete(first.id)

    assert images.add(second, Quota(images=1))


def test_of_many_that_are_added_at_once_no_more_are_kept_than_may_be(images, ada):
    def add(_):
        try:
            return images.add(an_image(ada, byte_count=10), Quota(bytes=35))
        except QuotaExceeded:
            return False

    with ThreadPoolExecutor(6) as threads:
        added = list(threads.map(add, range(10)))

    assert added.count(True) == 3
    assert images.usage_of(ada.id) == Usage(images=3, bytes=30)
