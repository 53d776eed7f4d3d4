"""How many images somebody has is kept, not counted: whatever happens, it is what a count would say."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsvc.domain.errors import UserNotFound
from imgsvc.ports.pages import PageRequest
from tests.entities import a_user, an_image

EVERYTHING = PageRequest(limit=100)


@pytest.fixture
def images(repositories):
    return repositories.images


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner


def together(call, items):
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(call, items))


def test_images_that_many_add_at_once_are_all_counted(images, owner):
    together(images.add, [an_image(owner) for _ in range(40)])

    assert images.count_of(owner.id) == len(images.list_of(owner.id, EVERYTHING).items) == 40


def test_an_image_that_many_delete_at_once_is_subtracted_once(images, owner):
    kept, image = an_image(owner), an_image(owner)
    images.add(kept)
    images.add(image)

    deleted = together(images.delete, [image.id] * 8)

    assert sum(one is not None for one in deleted) == 1
    assert images.count_of(owner.id) == 1


def test_images_that_come_and_go_at_once_are_counted(images, owner):
    old, new = [an_image(owner) for _ in range(20)], [an_image(owner) for _ in range(30)]
    for image in old:
        images.add(image)

    with ThreadPoolExecutor(8) as threads:
        changes = [threads.submit(images.delete, image.id) for image in old]
        changes += [threads.submit(images.add, image) for image in new]
        for change in changes:
            change.result()

    assert images.count_of(owner.id) == len(images.list_of(owner.id, EVERYTHING).items) == 30


def test_an_image_of_nobody_is_not_counted(images):
    nobody = a_user()

    with pytest.raises(UserNotFound):
        images.add(an_image(nobody))
    assert images.count_of(nobody.id) == 0
