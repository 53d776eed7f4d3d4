from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.errors import InvalidInput, VariantNotFound
from imgsvc.domain.image import Facts, Image, Labels
from imgsvc.domain.operations import Flip, Mirror
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantStatus, rendering_version

NOW = datetime(2025, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
IMAGE = Image(
    owner=UserId(uuid4()),
    labels=Labels(name="x.png"),
    facts=Facts(media_type="image/png", stored_width=4, stored_height=3),
    byte_count=9,
    sha256="0" * 64,
    created_at=NOW,
)
RENDITION = Rendition(media_type="image/png", width=4, height=3, byte_count=9)
FAILURE = Failure(code="corrupt_image", detail="the pixels cannot be read")


def requested(spec=TransformSpec([Flip()]), fingerprint="pillow-12", queued=True):  # noqa: B008  # immutable
    return Variant.requested(IMAGE, spec, fingerprint, NOW, queued=queued)


def test_a_requested_variant_belongs_to_the_owner_of_its_image():
    variant = requested()

    assert (variant.owner, variant.image_id) == (IMAGE.owner, IMAGE.id)
    assert (variant.status, variant.attempts, variant.finished_at) == (VariantStatus.PENDING, 0, None)


def test_only_a_queued_variant_is_a_job():
    assert requested(queued=True).queued_at == NOW
    assert requested(queued=False).queued_at is None


def test_a_ready_variant_has_its_rendition():
    variant = requested().ready(RENDITION, LATER)

    assert (variant.status, variant.rendition, variant.finished_at) == (VariantStatus.READY, RENDITION, LATER)


def test_a_failed_variant_can_still_become_ready():
    failed = evolve(requested(), status=VariantStatus.FAILED, failure=FAILURE, finished_at=NOW)

    assert failed.ready(RENDITION, LATER).failure is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": VariantStatus.READY},
        {"rendition": RENDITION},
        {"status": VariantStatus.PROCESSING, "rendition": RENDITION},
        {"status": VariantStatus.FAILED},
        {"failure": FAILURE},
        {"status": VariantStatus.READY, "rendition": RENDITION, "failure": FAILURE},
    ],
)
def test_a_variant_has_exactly_what_its_status_says(wrong):
    with pytest.raises(ValueError, match="a variant has a"):
        evolve(requested(), **wrong)


def test_the_blob_key_follows_from_what_determines_the_bytes():
    variant = requested()

    assert variant.blob_key == f"variants/{IMAGE.id}/{variant.spec_id}-pillow-12"
    assert requested().blob_key == variant.blob_key
    assert requested(spec=TransformSpec([Mirror()])).blob_key != variant.blob_key
    assert requested(fingerprint="pillow-13").blob_key != variant.blob_key


def test_the_version_of_a_rendering_changes_with_what_determines_the_bytes():
    spec_id = TransformSpec([Flip()]).id
    version = rendering_version("a" * 64, spec_id, "pillow-12")

    others = [
        rendering_version("b" * 64, spec_id, "pillow-12"),
        rendering_version("a" * 64, TransformSpec([Mirror()]).id, "pillow-12"),
        rendering_version("a" * 64, spec_id, "pillow-13"),
    ]

    assert len({version, *others}) == 4
    assert version.isascii()
    assert '"' not in version


@pytest.mark.parametrize("wrong", [{"width": 0}, {"height": 0}, {"byte_count": 0}])
def test_a_rendition_is_never_empty(wrong):
    with pytest.raises(InvalidInput, match=f"{next(iter(wrong))} must be 1 to"):
        evolve(RENDITION, **wrong)


def test_a_stranger_does_not_learn_that_the_variant_exists():
    variant = requested()

    variant.must_belong_to(IMAGE.owner)
    with pytest.raises(VariantNotFound, match=f"no variant {variant.id}"):
        variant.must_belong_to(UserId(uuid4()))
