"""Bytes without a row go, and so do rows without bytes, where only a crash can have left them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve, frozen

from imgsvc.adapters.blobs.in_memory import InMemoryBlobs
from imgsvc.application.orphans import Orphans
from imgsvc.application.retention import Tally
from imgsvc.application.storage_mark import MARK, mark_of
from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode, Origin
from imgsvc.domain.errors import VariantNotFound
from imgsvc.domain.notation import parse
from imgsvc.domain.user import User
from imgsvc.ports.users import UserRepository
from tests.application.adapters import FailingBlobs, picture_keys
from tests.application.policies import a_policy
from tests.entities import an_image

SPEC = parse("w:10,gray,f:webp")
AT_ONCE = timedelta(0)
SOMETHING = "0b7c0c5e-7a53-4a2e-9d3f-2f1f0e9a6b1d"  # an id like those of images


@pytest.fixture(autouse=True)
def _mark(ports):
    marked(ports.blobs, ports)


def marked(blobs, ports):
    """The same, as a start leaves it."""
    blobs.put(MARK, mark_of(ports.installation.id()), "text/plain")
    return blobs


def keys(ports):
    return picture_keys(ports.blobs)


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


def test_more_lost_originals_than_crashes_leave_are_the_sign_of_a_wrong_database(use_cases, ports, image, caplog):
    put(ports, *(f"originals/{uuid4()}" for _ in range(101)))

    assert use_cases.sweep_orphans(AT_ONCE).blobs.count == 0
    assert "101 originals have no row" in caplog.text


@pytest.mark.parametrize("dry_run", [False, True])
def test_where_no_original_has_a_row_nothing_goes(use_cases, ports, ada, caplog, dry_run):
    others = [uuid4() for _ in range(3)]
    put(ports, *(f"originals/{other}" for other in others), f"variants/{others[0]}/{SPEC.id}-engine-1")
    before = keys(ports)

    swept = use_cases.sweep_orphans(AT_ONCE, dry_run=dry_run)

    refusal = "none of 3 originals has a row, the storage seems to belong to another database: nothing is removed"
    assert swept == Orphans(refusal=refusal)
    assert [(record.levelname, record.message) for record in caplog.records] == [("ERROR", refusal)]
    assert keys(ports) == before


def test_a_lone_orphan_goes_as_soon_as_there_is_an_image_however_young(ports, policy, ada, picture):
    orphan = f"originals/{uuid4()}"
    hour = timedelta(hours=1)
    blobs = marked(_Aged({orphan: hour}), ports)
    blobs.put(orphan, b"content", "image/png")
    use_cases = assemble(evolve(ports, users=_EarlierUsers(ports.users), blobs=blobs), policy)

    lone = use_cases.sweep_orphans(hour)
    image = use_cases.upload_image(ada, BytesIO(picture))
    accompanied = use_cases.sweep_orphans(hour)

    assert (lone.blobs.count, bool(lone.refusal)) == (0, True)
    assert (accompanied.blobs.first, accompanied.refusal) == ((orphan,), "")
    assert {blob.key for blob in blobs.list()} == {MARK, image.blob_key}


def test_the_first_upload_that_goes_on_is_no_sign_of_a_wrong_database(ports, policy, ada, caplog):
    variant = f"variants/{uuid4()}/{SPEC.id}-engine-1"  # of an image that was deleted
    hour = timedelta(hours=1)
    blobs = marked(_Aged({variant: hour}), ports)
    for key in (variant, f"originals/{uuid4()}"):
        blobs.put(key, b"content", "image/png")
    use_cases = assemble(evolve(ports, users=_EarlierUsers(ports.users), blobs=blobs), policy)

    assert use_cases.sweep_orphans(hour) == Orphans(blobs=Tally(1, (variant,)))


def test_young_variants_beside_originals_that_are_older_than_the_database_are_not_its_own(ports, policy, ada):
    other = uuid4()
    original, variant = f"originals/{other}", f"variants/{other}/{SPEC.id}-engine-1"
    blobs = marked(_Aged({original: timedelta(days=9)}), ports)
    for key in (original, variant):
        blobs.put(key, b"content", "image/png")
    use_cases = assemble(evolve(ports, users=_EarlierUsers(ports.users), blobs=blobs), policy)

    swept = use_cases.sweep_orphans(AT_ONCE)

    assert (swept.blobs.count, bool(swept.refusal)) == (0, True)


@pytest.mark.parametrize("is_known_last", [False, True])
def test_one_original_with_a_row_speaks_for_the_whole_storage(ports, policy, image, is_known_last):
    orphan = f"originals/{uuid4()}"
    blobs = marked(_InOrder(is_known_last), ports)
    for key in (image.blob_key, *(f"others/{number}" for number in range(1100)), orphan):
        blobs.put(key, b"content", "image/png")

    assert assemble(evolve(ports, blobs=blobs), policy).sweep_orphans(AT_ONCE) == Orphans(blobs=Tally(1, (orphan,)))


def test_originals_without_a_row_are_not_removed_part_by_part(ports, policy, ada):
    blobs = marked(_InOrder(), ports)
    others = [f"originals/{uuid4()}" for _ in range(3)]
    for number, other in enumerate(others):
        blobs.put(other, b"content", "image/png")
        for rest in range(600):
            blobs.put(f"others/{number}/{rest}", b"content", "image/png")

    swept = assemble(evolve(ports, blobs=blobs), policy).sweep_orphans(AT_ONCE)

    assert swept.refusal.startswith("none of 3 originals")
    assert all(blobs.get(other) for other in others)


@frozen
class _LaterUsers:
    """The users of a database that was made an hour later."""

    users: UserRepository

    def first_created_at(self):
        return datetime.now(UTC) + timedelta(hours=1)


@frozen
class _EarlierUsers:
    """The users of a database that was made a day ago."""

    users: UserRepository

    def first_created_at(self):
        return datetime.now(UTC) - timedelta(days=1)

    def __getattr__(self, name):
        return getattr(self.users, name)


@frozen
class _Aged(InMemoryBlobs):
    """Some blobs are older than the others."""

    ages: Mapping[str, timedelta]

    def list(self, prefix=""):
        for blob in super().list(prefix):
            yield evolve(blob, modified_at=blob.modified_at - self.ages.get(blob.key, timedelta(0)))


@frozen
class _InOrder(InMemoryBlobs):
    """Lists blobs in the order of their coming, or the other way round."""

    is_reversed: bool = False

    def list(self, prefix=""):
        listed = list(super().list(prefix))
        return iter(listed[::-1] if self.is_reversed else listed)


def test_bytes_that_wait_for_their_row_are_kept_and_removed_when_none_came(use_cases, ports, image):
    key = f"variants/{image.id}/{SPEC.id}-engine-1"
    put(ports, key)

    assert use_cases.sweep_orphans(timedelta(hours=1)).blobs.count == 0
    assert use_cases.sweep_orphans(AT_ONCE).blobs.first == (key,)
    assert keys(ports) == [image.blob_key]


def test_a_young_blob_is_kept_because_its_upload_may_go_on(ports, image):
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

    blobs = marked(Late(), ports)
    blobs.put(image.blob_key, picture, "image/png")
    sweeping = assemble(evolve(ports, blobs=blobs), policy)

    assert sweeping.sweep_orphans(AT_ONCE) == Orphans()


def test_bytes_whose_row_comes_after_the_look_are_kept(ports, policy, image, picture):
    class Late(FailingBlobs):
        def list(self, prefix=""):
            yield from list(super().list(prefix))
            sweeping.transform_image(image.owner, image.id, SPEC, Mode.SYNC)

    blobs = marked(Late(), ports)
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
