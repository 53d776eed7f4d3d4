"""Bytes without a row go, and so do rows without bytes, where only a crash can have left them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve, frozen

from imgsvc.application.orphans import Orphans
from imgsvc.application.retention import Tally
from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode, Origin
from imgsvc.domain.errors import VariantNotFound
from imgsvc.domain.notation import parse
from imgsvc.domain.user import User
from imgsvc.ports.users import UserRepository
from tests.application.adapters import FailingBlobs
from tests.application.policies import a_policy
from tests.entities import an_image

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
    put(ports, f"originals/{never}", f"originals/{gone}", f"variants/{gone}/{SPEC.id}-engine-1")

    removed = use_cases.sweep_orphans(AT_ONCE).blobs

    assert removed.count == 3
    assert keys(ports) == sorted([image.blob_key, opened.planned.blob_key])


def test_blobs_that_are_older_than_the_database_are_not_its_own(ports, ada):
    put(ports, f"originals/{uuid4()}")
    other = assemble(evolve(ports, users=_LaterUsers(ports.users)), a_policy())

    assert other.sweep_orphans(AT_ONCE).blobs.count == 0


def test_a_new_database_removes_nothing(ports):
    put(ports, f"originals/{uuid4()}", f"variants/{uuid4()}/x")

    assert assemble(ports, a_policy()).sweep_orphans(AT_ONCE).blobs.count == 0


def test_more_lost_originals_than_crashes_leave_are_the_sign_of_a_wrong_database(use_cases, ports, ada, caplog):
    put(ports, *(f"originals/{uuid4()}" for _ in range(101)))

    assert use_cases.sweep_orphans(AT_ONCE).blobs.count == 0
    assert "101 originals have no row" in caplog.text


@frozen
class _LaterUsers:
    """The users of a database that was made an hour later."""

    users: UserRepository

    def first_created_at(self):
        return datetime.now(UTC) + timedelta(hours=1)


def test_bytes_that_wait_for_their_row_are_kept_and_removed_when_none_came(use_cases, ports, image):
    key = f"variants/{image.id}/{SPEC.id}-engine-1"
    put(ports, key)

    assert use_cases.sweep_orphans(timedelta(hours=1)).blobs.count == 0
    assert use_cases.sweep_orphans(AT_ONCE).blobs.first == (key,)
    assert keys(ports) == [image.blob_key]


def test_a_young_blob_is_kept_because_its_upload_may_go_on(ports, ada):
    put(ports, f"originals/{uuid4()}")
    hour = timedelta(hours=1)

    sweep_now = assemble(ports, a_policy()).sweep_orphans
    sweep_later = assemble(evolve(ports, clock=lambda: ports.clock() + hour), a_policy()).sweep_orphans

    assert [sweep_now(hour).blobs.count, sweep_later(hour).blobs.count] == [0, 1]


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

    assert use_cases.sweep_orphans(AT_ONCE).blobs.count == 0
    assert keys(ports) == [key]


def test_any_number_of_orphans_is_removed_among_any_number_of_others(use_cases, ports, image):
    put(ports, *(f"variants/{uuid4()}/x" for _ in range(1100)))
    put(ports, *(f"variants/{image.id}/{number}-engine-1" for number in range(600)))
    put(ports, *(f"others/{number}" for number in range(600)))

    assert use_cases.sweep_orphans(AT_ONCE).blobs.count == 1100
    assert len(keys(ports)) == 1201


@pytest.fixture
def variant(use_cases, image):
    """Made on the spot."""
    variant, _ = use_cases.transform_image(image.owner, image.id, SPEC, Mode.SYNC)
    return variant


def test_a_variant_whose_bytes_are_missing_goes_unless_it_is_young(use_cases, ports, variant):
    ports.blobs.delete(variant.blob_key)

    assert use_cases.sweep_orphans(timedelta(hours=1)).variants.count == 0
    assert use_cases.sweep_orphans(AT_ONCE).variants == Tally(1, (str(variant.id),))
    with pytest.raises(VariantNotFound):
        use_cases.get_variant(variant.owner, variant.id)
    assert use_cases.open_rendering(variant.owner, variant.image_id, SPEC).origin is Origin.RENDERED


def test_a_job_whose_result_is_missing_stays_and_is_made_again_by_its_id(use_cases, ports, image):
    job = use_cases.request_variant(image.owner, image.id, SPEC)
    use_cases.make_variant(job.id)
    ports.blobs.delete(job.blob_key)

    assert use_cases.sweep_orphans(AT_ONCE).variants.count == 0
    use_cases.open_variant(image.owner, job.id).close()


def test_a_lost_original_is_told_by_its_id_and_its_row_stays_with_its_variants(
    use_cases, ports, image, variant, picture, caplog
):
    ports.blobs.delete(image.blob_key)
    ports.blobs.delete(variant.blob_key)

    told = use_cases.sweep_orphans(AT_ONCE)

    assert (told.originals, told.variants.count) == (Tally(1, (str(image.id),)), 0)
    assert [(record.levelname, record.image_id) for record in caplog.records] == [("ERROR", str(image.id))]
    ports.blobs.put(image.blob_key, picture, "image/png")  # it is restored
    assert use_cases.sweep_orphans(AT_ONCE).originals.count == 0
    assert use_cases.open_rendering(image.owner, image.id, SPEC).content


def test_of_a_storage_that_has_lost_everything_a_hundred_originals_are_told(use_cases, ports, ada, caplog):
    owner = User(id=ada, username="ada", password_hash="-", created_at=datetime.now(UTC))
    for _ in range(101):
        ports.images.add(an_image(owner))

    told = use_cases.sweep_orphans(AT_ONCE).originals

    assert told.count == 101
    assert "is this the right storage?" in caplog.text
    assert len(caplog.records) == 101


def test_what_is_uploaded_while_the_sweep_goes_on_is_not_taken_for_lost(ports, policy, image, ada, picture):
    class Late(type(ports.blobs)):
        def list(self, prefix=""):
            listed = list(super().list(prefix))
            sweeping.upload_image(ada, BytesIO(picture))
            sweeping.transform_image(ada, image.id, SPEC, Mode.SYNC)
            return iter(listed)

    blobs = Late()
    blobs.put(image.blob_key, picture, "image/png")
    sweeping = assemble(evolve(ports, blobs=blobs), policy)

    assert sweeping.sweep_orphans(AT_ONCE) == Orphans()


def test_bytes_whose_row_comes_after_the_look_are_kept(ports, policy, image, picture):
    class Late(FailingBlobs):
        def list(self, prefix=""):
            yield from list(super().list(prefix))
            sweeping.transform_image(image.owner, image.id, SPEC, Mode.SYNC)

    blobs = Late()
    key = f"variants/{image.id}/{SPEC.id}-{ports.engine.fingerprint}"
    for one in (key, image.blob_key):
        blobs.put(one, picture, "image/png")
    sweeping = assemble(evolve(ports, blobs=blobs), policy)

    assert sweeping.sweep_orphans(AT_ONCE).blobs.count == 0
    assert blobs.get(key)


def test_a_dry_run_tells_and_removes_nothing(use_cases, ports, image, variant):
    orphan = f"originals/{uuid4()}"
    put(ports, orphan)
    ports.blobs.delete(variant.blob_key)
    before = keys(ports)

    told = use_cases.sweep_orphans(AT_ONCE, dry_run=True)

    assert (told.blobs.first, told.variants.first) == ((orphan,), (str(variant.id),))
    assert keys(ports) == before
    assert use_cases.sweep_orphans(AT_ONCE) == told


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_it_stops_when_told_to_and_loses_nothing_that_it_has_not_judged(use_cases, ports, image, after):
    put(ports, f"originals/{uuid4()}")
    questions = iter([False] * after)

    use_cases.sweep_orphans(AT_ONCE, must_stop=lambda: next(questions, True))

    assert image.blob_key in keys(ports)
    use_cases.sweep_orphans(AT_ONCE)
    assert keys(ports) == [image.blob_key]


def test_several_may_sweep_at_once(use_cases, ports, image, variant):
    put(ports, *(f"variants/{uuid4()}/x" for _ in range(200)))

    with ThreadPoolExecutor(3) as threads:
        for sweeping in [threads.submit(use_cases.sweep_orphans, AT_ONCE) for _ in range(3)]:
            sweeping.result(30)

    assert keys(ports) == sorted([image.blob_key, variant.blob_key])
    assert use_cases.get_variant(image.owner, variant.id) == variant
