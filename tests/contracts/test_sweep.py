"""Rows and blobs compared, on every database and every storage."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from imgsvc.application.orphans import Orphans, SweepOrphans
from imgsvc.application.retention import EraseRendering, ExpireVariants, Tally
from imgsvc.application.storage_mark import MARK, AdoptStorage, Belonging, ClaimStorage, FindBelonging
from imgsvc.application.usage import REMEMBERED
from tests.entities import NOW, RENDITION, a_user, a_variant, an_image

AT_ONCE = timedelta(0)


@pytest.fixture
def image(repositories, blobs):
    """With a variant, the bytes of both, and somebody who has been there for longer."""
    owner = a_user(created_at=NOW - timedelta(days=9000))
    image = an_image(owner)
    repositories.users.add(owner)
    repositories.images.add(image)
    blobs.put(image.blob_key, b"original", "image/jpeg")
    return image


@pytest.fixture
def variant(repositories, blobs, image):
    variant = repositories.variants.record(a_variant(image).ready(RENDITION, NOW))
    blobs.put(variant.blob_key, b"variant", "image/webp")
    return variant


@pytest.fixture
def erase(repositories, blobs):
    return EraseRendering(repositories.retention, blobs)


@pytest.fixture
def find(repositories, blobs):
    """Of a storage that is marked already."""
    AdoptStorage(repositories.installation, blobs)()
    return FindBelonging(repositories.installation, repositories.images, blobs)


@pytest.fixture
def sweep(repositories, blobs, erase, find):
    # A storage's clock may show whole seconds only, or be ahead of ours.
    def soon():
        return datetime.now(UTC) + timedelta(minutes=1)

    claim = ClaimStorage(repositories.installation, blobs, find)
    return SweepOrphans(
        repositories.users, repositories.images, repositories.retention, blobs, erase, soon, find, claim
    )


def keys(blobs):
    return {blob.key for blob in blobs.list()} - {MARK}


def test_what_belongs_together_stays(sweep, blobs, image, variant):
    assert sweep(AT_ONCE) == Orphans()
    assert keys(blobs) == {image.blob_key, variant.blob_key}


def test_bytes_without_a_row_go(sweep, blobs, image, variant):
    expired = a_variant(image, fingerprint="engine-2").blob_key
    gone = f"variants/{uuid4()}/{variant.spec_id}-engine-1"
    for key in (expired, gone):
        blobs.put(key, b"content", "image/webp")

    assert sweep(AT_ONCE).blobs.count == 2
    assert keys(blobs) == {image.blob_key, variant.blob_key}


def test_of_the_storage_of_another_installation_nothing_goes(repositories, sweep, blobs):
    other = an_image(a_user())
    foreign = {other.blob_key, a_variant(other).blob_key}
    for key in foreign:
        blobs.put(key, b"content", "image/webp")
    repositories.users.add(a_user(created_at=NOW - timedelta(days=9000)))

    swept = sweep(AT_ONCE)

    assert (swept.blobs.count, swept.refusal.partition(":")[0]) == (
        0,
        "none of 1 original has a row, the storage seems to belong to another database",
    )
    assert keys(blobs) == foreign


def test_a_sweep_of_a_storage_that_another_installation_has_marked_removes_nothing(
    repositories, sweep, blobs, image, variant
):
    orphan = an_image(a_user()).blob_key
    blobs.put(orphan, b"content", "image/png")
    repositories.installation.renew_id()  # as if it were another database with the same image

    assert sweep(AT_ONCE) == Orphans(refusal=Belonging.ANOTHERS.refusal)
    assert keys(blobs) == {image.blob_key, variant.blob_key, orphan}


def test_a_variant_without_bytes_goes(sweep, blobs, image, variant):
    blobs.delete(variant.blob_key)

    assert sweep(AT_ONCE) == Orphans(variants=Tally(1, (str(variant.id),)))


def test_an_original_without_bytes_is_told(sweep, blobs, image, variant):
    blobs.delete(image.blob_key)

    assert sweep(AT_ONCE) == Orphans(originals=Tally(1, (str(image.id),)))


def test_what_expires_takes_its_bytes_along(repositories, blobs, erase, image, variant):
    expire = ExpireVariants(repositories.retention, blobs, erase, -REMEMBERED)

    assert expire() == Tally(1, (str(variant.id),))
    assert keys(blobs) == {image.blob_key}
