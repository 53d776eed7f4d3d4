"""Images with equal bytes share them, and no deletion takes bytes that somebody still needs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO

import pytest

from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.adapters.imaging import open_engine
from imgsvc.application.images import DeleteImage, UploadImage
from imgsvc.application.orphans import SweepOrphans
from imgsvc.application.retention import EraseRendering
from imgsvc.application.storage_mark import ClaimStorage, FindBelonging
from imgsvc.domain.errors import ImageNotFound
from imgsvc.domain.limits import Limits
from imgsvc.entrypoints.composition import utc_now
from tests.entities import a_user, an_image
from tests.pictures import encoded, quadrants

PICTURE = encoded(quadrants())


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner


@pytest.fixture
def upload(repositories, blobs, owner):
    use_case = UploadImage(repositories.images, blobs, open_engine("pillow", Limits()), utc_now, Limits(), False)
    return lambda content=PICTURE, caller=owner: use_case(caller.id, BytesIO(content))


@pytest.fixture
def delete(repositories, blobs):
    use_case = DeleteImage(repositories.images, blobs, InMemoryCache())
    return lambda image: use_case(image.owner, image.id)


@pytest.fixture
def sweep(repositories, blobs):
    erase = EraseRendering(repositories.retention, blobs)
    find = FindBelonging(repositories.installation, repositories.images, blobs)
    claim = ClaimStorage(repositories.installation, blobs, find)
    return SweepOrphans(
        repositories.users, repositories.images, repositories.retention, blobs, erase, utc_now, find, claim
    )


def keys(blobs):
    return [one.key for one in blobs.list("originals/")]


def test_equal_bytes_of_one_owner_are_stored_once(upload, blobs):
    first, second, third = (upload() for _ in range(3))

    assert (first.bytes_of, second.bytes_of, third.bytes_of) == (None, first.id, first.id)
    assert keys(blobs) == [first.blob_key]


def test_equal_bytes_of_two_owners_are_not(repositories, upload, blobs):
    stranger = a_user()
    repositories.users.add(stranger)

    assert upload().bytes_of is upload(caller=stranger).bytes_of is None
    assert len(keys(blobs)) == 2


def test_the_bytes_go_with_the_last_image_that_shares_them(upload, delete, blobs):
    first, second = upload(), upload()

    assert not delete(first).frees_bytes
    third = upload()
    assert third.bytes_of == first.id
    assert not delete(third).frees_bytes
    assert blobs.get(second.blob_key) == PICTURE
    assert delete(second).frees_bytes
    assert keys(blobs) == []
    assert upload().bytes_of is None


def test_the_sweep_leaves_bytes_whose_first_image_is_gone(upload, delete, sweep, blobs):
    first, second = upload(), upload()
    delete(first)

    swept = sweep(timedelta(seconds=-60))

    assert (swept.blobs.count, swept.originals.count) == (0, 0)
    assert blobs.get(second.blob_key) == PICTURE


def test_the_sweep_finds_the_lost_bytes_of_all_who_share_them(upload, sweep, blobs):
    images = [upload(), upload()]
    blobs.delete(images[0].blob_key)

    assert sweep(timedelta(seconds=-60)).originals.count == 2


def test_bytes_that_storage_lost_or_changed_are_mended_by_another_upload(upload, blobs):
    first = upload()
    blobs.put(first.blob_key, b"something else", "image/png")

    upload()

    assert blobs.get(first.blob_key) == PICTURE


def test_an_image_cannot_share_bytes_that_nobody_has_any_more(repositories, owner):
    gone = an_image(owner)
    repositories.images.add(gone)
    repositories.images.delete(gone.id)
    late = an_image(owner, bytes_of=gone.id)

    assert not repositories.images.add(late)
    assert repositories.images.count_of(owner.id) == 0
    with pytest.raises(ImageNotFound):
        repositories.images.get(late.id)


def test_uploads_and_deletions_at_once_never_cost_an_image_its_bytes(repositories, upload, delete, blobs):
    def upload_and_perhaps_delete(number):
        image = upload()
        if number % 3:
            delete(image)
            return None
        return image

    with ThreadPoolExecutor(8) as pool:
        kept = [one for one in pool.map(upload_and_perhaps_delete, range(48)) if one is not None]

    assert len(kept) == 16
    for image in kept:
        assert blobs.get(image.blob_key) == PICTURE
    assert {image.blob_key for image in kept} == set(keys(blobs))
    for image in kept:
        delete(image)
    assert keys(blobs) == []


def test_of_two_who_delete_the_last_two_at_once_one_frees_the_bytes(upload, delete, blobs):
    for _ in range(10):
        pair = [upload(), upload()]
        with ThreadPoolExecutor(2) as pool:
            assert sorted(one.frees_bytes for one in pool.map(delete, pair)) == [False, True]
        assert keys(blobs) == []
