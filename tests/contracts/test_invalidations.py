"""Repositories note what ends, and Invalidations tell of it."""

from datetime import timedelta

import pytest

from imgsvc.domain.image import ImageChanges
from imgsvc.ports.pages import PageRequest
from tests.entities import a_user, a_variant, an_image

MINUTE = timedelta(minutes=1)


@pytest.fixture
def image(repositories):
    user = a_user()
    repositories.users.add(user)
    image = an_image(user)
    repositories.images.add(image)
    return image


def test_an_image_that_was_deleted_is_told_of(repositories, image):
    before = repositories.invalidations.within(MINUTE)

    repositories.images.delete(image.id)

    assert image.id not in before
    assert image.id in repositories.invalidations.within(MINUTE)


def test_an_image_is_told_of_whose_variant_was_deleted(repositories, image):
    variant, _ = repositories.variants.add_if_absent(a_variant(image))
    before = repositories.invalidations.within(MINUTE)
    heard = []

    with repositories.invalidations.subscribed(lambda subjects: heard.append(set(subjects))):
        repositories.variants.delete(variant.id)
        repositories.variants.delete(variant.id)

    assert heard == [{image.id}]
    assert image.id not in before
    assert image.id in repositories.invalidations.within(MINUTE)


def test_what_was_not_there_is_no_news(repositories, image):
    repositories.images.delete(image.id)
    repositories.invalidations.prune(-MINUTE, 1000)

    repositories.images.delete(image.id)

    assert repositories.invalidations.within(MINUTE) == {}


def test_what_is_noted_again_is_told_with_a_later_time_however_soon_it_is(repositories, image):
    moments = []

    for name in "abc":
        repositories.images.change(image.id, ImageChanges(name=name))
        moments.append(repositories.invalidations.within(MINUTE)[image.id])

    assert moments[0] < moments[1] < moments[2]


def test_who_is_in_the_same_process_is_told_before_the_call_returns(repositories, image):
    heard = []

    with repositories.invalidations.subscribed(lambda subjects: heard.append(set(subjects))):
        repositories.images.change(image.id, ImageChanges(name="other"))
        during = list(heard)
        repositories.images.change(image.id, ImageChanges(description="is in no answer that is kept"))
        repositories.images.list_of(image.owner, PageRequest())
        repositories.images.delete(image.id)
    repositories.presets.delete(image.owner, "card")

    assert during == [{image.id}]
    assert heard == [{image.id}, {image.id}]


def test_what_is_heard_of_can_be_seen_by_then(repositories, image):
    seen = []

    with repositories.invalidations.subscribed(lambda _: seen.append(repositories.images.count_of(image.owner))):
        repositories.images.delete(image.id)

    assert seen == [0]


def test_only_what_is_new_enough_is_told(repositories, image):
    repositories.images.delete(image.id)

    assert image.id not in repositories.invalidations.within(timedelta(seconds=-1))


def test_what_is_old_is_forgotten_and_the_rest_stays(repositories, image):
    repositories.images.delete(image.id)

    assert repositories.invalidations.prune(MINUTE, 1000) == 0
    assert image.id in repositories.invalidations.within(MINUTE)
    assert repositories.invalidations.prune(-MINUTE, 1000) >= 1
    assert image.id not in repositories.invalidations.within(MINUTE)


def test_what_is_old_is_forgotten_part_by_part(repositories, image):
    other = an_image(a_user(id=image.owner))
    repositories.images.add(other)
    repositories.invalidations.prune(-MINUTE, 1000)
    for one in (image, other):
        repositories.images.delete(one.id)

    assert [repositories.invalidations.prune(-MINUTE, 1) for _ in range(3)] == [1, 1, 0]
