"""What nobody needs any more goes, and nothing else does."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from attrs import evolve, frozen

from imgsvc.application.use_cases import Policy, assemble
from imgsvc.domain.notation import parse
from imgsvc.ports.repositories import UserRepository

SPEC = parse("w:10,gray,f:webp")
AT_ONCE = timedelta(0)
SOMETHING = "0b7c0c5e-7a53-4a2e-9d3f-2f1f0e9a6b1d"  # an id like those of images


def keys(ports):
    return sorted(blob.key for blob in ports.blobs.list())


def put(ports, *keys):
    for key in keys:
        ports.blobs.put(key, b"content", "image/png")


def test_blobs_whose_image_never_came_to_be_or_is_gone_are_removed(use_cases, ports, image):
    opened = use_cases.open_rendering(image.owner, image.id, SPEC)
    never, gone = uuid4(), uuid4()
    put(ports, f"originals/{never}", f"originals/{gone}", f"variants/{gone}/{SPEC.id}/engine-1")

    removed = use_cases.sweep_orphans(AT_ONCE)

    assert removed == 3
    assert keys(ports) == sorted([image.blob_key, opened.planned.blob_key])


def test_blobs_that_are_older_than_the_database_are_not_its_own(ports, ada):
    put(ports, f"originals/{uuid4()}")
    other = assemble(evolve(ports, users=_LaterUsers(ports.users)), Policy())

    assert other.sweep_orphans(AT_ONCE) == 0


def test_a_new_database_removes_nothing(ports):
    put(ports, f"originals/{uuid4()}", f"variants/{uuid4()}/x")

    assert assemble(ports, Policy()).sweep_orphans(AT_ONCE) == 0


def test_more_lost_originals_than_crashes_leave_are_the_sign_of_a_wrong_database(use_cases, ports, ada, caplog):
    put(ports, *(f"originals/{uuid4()}" for _ in range(101)))

    assert use_cases.sweep_orphans(AT_ONCE) == 0
    assert "101 originals have no row" in caplog.text


@frozen
class _LaterUsers:
    """The users of a database that was made an hour later."""

    users: UserRepository

    def first_created_at(self):
        return datetime.now(UTC) + timedelta(hours=1)


def test_a_variant_that_waits_for_its_row_is_kept_with_its_image(use_cases, ports, image):
    put(ports, f"variants/{image.id}/{SPEC.id}/engine-1")

    assert use_cases.sweep_orphans(AT_ONCE) == 0


def test_a_young_blob_is_kept_because_its_upload_may_go_on(ports, ada):
    put(ports, f"originals/{uuid4()}")
    hour = timedelta(hours=1)

    sweep_now = assemble(ports, Policy()).sweep_orphans
    sweep_later = assemble(evolve(ports, clock=lambda: ports.clock() + hour), Policy()).sweep_orphans

    assert [sweep_now(hour), sweep_later(hour)] == [0, 1]


@pytest.mark.parametrize(
    "key",
    [
        f"health/{SOMETHING}",
        f"backup/originals/{SOMETHING}",
        f"original/{SOMETHING}",
        SOMETHING,
        "originals",
        "originals/readme.txt",
        f"originals/{SOMETHING.replace('-', '')}",
        f"originals/{SOMETHING.upper()}",
        f"variants/{SOMETHING}.tmp/x",
    ],
)
def test_a_key_that_is_not_ours_is_never_touched(use_cases, ports, key):
    put(ports, key)

    assert use_cases.sweep_orphans(AT_ONCE) == 0
    assert keys(ports) == [key]


def test_any_number_of_orphans_is_removed_among_any_number_of_others(use_cases, ports, image):
    put(ports, *(f"variants/{uuid4()}/x" for _ in range(1100)))
    put(ports, *(f"variants/{image.id}/{number}/engine-1" for number in range(600)))
    put(ports, *(f"others/{number}" for number in range(600)))

    assert use_cases.sweep_orphans(AT_ONCE) == 1100
    assert len(keys(ports)) == 1201
