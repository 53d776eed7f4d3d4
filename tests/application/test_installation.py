"""Whose a storage is, by the mark in it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve, frozen

from imgsvc.adapters.blobs.in_memory import InMemoryBlobs
from imgsvc.adapters.repositories import open_repositories
from imgsvc.application.installation import MARK, Belonging, ClaimStorage
from imgsvc.application.orphans import Orphans
from imgsvc.application.retention import Tally
from imgsvc.application.sweep import Swept
from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode
from imgsvc.domain.errors import StorageFull
from imgsvc.domain.notation import parse
from tests.ages import ago, unused_since
from tests.application.adapters import Failing, FailingBlobs
from tests.entities import a_user
from tests.migrated import put_new_database

AT_ONCE = timedelta(0)


@pytest.fixture
def others(ports, policy, tmp_path):
    """The use cases of another installation that works on the same storage."""
    with open_repositories(put_new_database(tmp_path / "other" / "imgsvc.sqlite3")) as repositories:
        other = evolve(
            ports,
            installation=repositories.installation,
            users=repositories.users,
            images=repositories.images,
            variants=repositories.variants,
            retention=repositories.retention,
        )
        yield assemble(other, policy)


def keys(ports):
    return {blob.key for blob in ports.blobs.list()}


def put_originals(ports, count):
    for _ in range(count):
        ports.blobs.put(f"originals/{uuid4()}", b"content", "image/png")


def test_an_empty_storage_is_marked_once_and_ours_from_then_on(use_cases, ports):
    first = use_cases.claim_storage()
    mark = ports.blobs.get(MARK)

    assert (first, use_cases.claim_storage()) == (Belonging.OURS, Belonging.OURS)
    assert ports.blobs.get(MARK) == mark == f"{ports.installation.id()}\n".encode()


def test_a_storage_of_before_is_marked_though_a_crash_left_originals_without_a_row(use_cases, ports, image):
    put_originals(ports, 1)

    assert use_cases.claim_storage() is Belonging.OURS
    assert MARK in keys(ports)


def test_a_storage_without_a_mark_where_most_originals_have_no_row_stays_without(use_cases, ports, image):
    put_originals(ports, 2)

    assert use_cases.claim_storage() is Belonging.UNCLEAR
    assert MARK not in keys(ports)


def test_nothing_is_written_by_who_only_looks(use_cases, ports):
    assert use_cases.claim_storage(looks_only=True) is Belonging.OURS
    assert keys(ports) == set()


def test_several_processes_that_start_at_once_on_an_empty_storage_all_own_it(use_cases):
    with ThreadPoolExecutor(6) as threads:
        told = [threads.submit(use_cases.claim_storage) for _ in range(12)]

    assert {one.result(30) for one in told} == {Belonging.OURS}


def test_of_two_installations_that_mark_a_storage_at_once_one_has_it(ports, use_cases, others):
    @frozen
    class Overtaken(InMemoryBlobs):
        """Another one is quicker between look and mark."""

        def list(self, prefix=""):
            evolve(others.claim_storage, blobs=blobs_of_the_other)()
            return super().list(prefix)

    blobs = Overtaken()
    blobs_of_the_other = _SharedWith(blobs)
    claims = [evolve(one.claim_storage, blobs=blobs) for one in (use_cases, others)]

    claims[0]()

    assert [claim(looks_only=True) for claim in claims] == [Belonging.OURS, Belonging.ANOTHERS]


@frozen
class _SharedWith(InMemoryBlobs):
    """The same storage, seen by whoever lists it as it is."""

    blobs: InMemoryBlobs

    def get(self, key):
        return self.blobs.get(key)

    def put(self, key, content, media_type, *, durable=True):
        self.blobs.put(key, content, media_type, durable=durable)


def test_a_storage_that_another_has_marked_loses_nothing_to_a_sweep(ports, use_cases, others, image, picture, caplog):
    use_cases.claim_storage()
    stranger = a_user()
    others.sweep_orphans.users.add(stranger)
    others.upload_image(stranger.id, BytesIO(picture))  # so that it knows one of the originals there
    before = keys(ports)

    swept = others.sweep()

    assert swept.orphans == others.sweep_orphans(AT_ONCE) == Orphans(refusal=Belonging.ANOTHERS)
    assert "run imgsvc adopt" in caplog.text
    assert keys(ports) == before


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_storage_whose_owner_is_unclear_loses_nothing_to_a_sweep_nor_does_the_database(
    use_cases, ports, image, caplog, dry_run
):
    variant, _ = use_cases.transform_image(image.owner, image.id, parse("w:10"), Mode.SYNC)
    unused_since(ports.retention, ago(days=400))
    put_originals(ports, 2)
    before = keys(ports)

    swept = use_cases.sweep(dry_run=dry_run)

    assert swept == Swept(variants=Tally(), jobs=Tally(), orphans=Orphans(refusal=Belonging.UNCLEAR))
    assert [(one.levelname, one.message) for one in caplog.records] == [("ERROR", Belonging.UNCLEAR)]
    assert keys(ports) == before > {variant.blob_key}
    assert use_cases.get_variant(image.owner, variant.id).id == variant.id


def test_nothing_goes_that_somebody_adopts_while_it_is_listed(ports, policy, image, others):
    class Adopted(InMemoryBlobs):
        def list(self, prefix=""):
            yield from super().list(prefix)
            if not prefix:
                evolve(others.adopt_storage, blobs=self)()

    blobs = Adopted()
    for key in (image.blob_key, orphan := f"originals/{uuid4()}"):
        blobs.put(key, b"content", "image/png")
    sweeping = assemble(evolve(ports, blobs=blobs), policy)

    assert sweeping.sweep_orphans(AT_ONCE).refusal == Belonging.ANOTHERS
    assert blobs.get(orphan)


def test_an_adopted_storage_is_swept_by_its_new_owner_and_by_nobody_else(ports, use_cases, others, image):
    use_cases.claim_storage()

    others.adopt_storage()

    assert others.claim_storage() is Belonging.OURS
    assert use_cases.sweep_orphans(AT_ONCE).refusal == Belonging.ANOTHERS
    use_cases.adopt_storage()
    put_originals(ports, 1)
    assert use_cases.sweep_orphans(AT_ONCE).blobs.count == 1


def test_a_copy_of_a_database_is_told_from_it_once_it_has_adopted_a_storage(ports, policy):
    before = ports.installation.id()
    production, staging = InMemoryBlobs(), InMemoryBlobs()
    ClaimStorage(ports.installation, ports.images, production)()
    copy = assemble(evolve(ports, blobs=staging), policy)

    copy.adopt_storage()

    assert ports.installation.id() != before
    assert copy.claim_storage() is Belonging.OURS
    assert ClaimStorage(ports.installation, ports.images, production)() is Belonging.ANOTHERS


def test_a_mark_that_nobody_can_read_is_anothers(use_cases, ports):
    ports.blobs.put(MARK, b"\xff\x00", "text/plain")

    assert use_cases.claim_storage() is Belonging.ANOTHERS


def test_a_full_storage_is_marked_by_the_next_sweep_that_finds_room(ports, policy, ada):
    blobs = FailingBlobs(before_put=Failing([StorageFull("the storage is full")]))
    use_cases = assemble(evolve(ports, blobs=blobs), policy)
    with pytest.raises(StorageFull):
        use_cases.sweep_orphans(AT_ONCE)

    assert use_cases.sweep_orphans(AT_ONCE).blobs == Tally()
    assert blobs.get(MARK)
