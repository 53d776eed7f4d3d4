"""Whose a storage is, by the mark in it, and who marks it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve, frozen

from imgsvc.adapters.blobs.in_memory import InMemoryBlobs
from imgsvc.adapters.repositories import open_repositories
from imgsvc.application.orphans import Orphans
from imgsvc.application.retention import Tally
from imgsvc.application.storage_mark import MARK, AdoptStorage, Belonging
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
def other_ports(ports, tmp_path):
    """Those of another installation that works on the same storage."""
    with open_repositories(put_new_database(tmp_path / "other" / "imgsvc.sqlite3")) as repositories:
        yield evolve(
            ports,
            installation=repositories.installation,
            users=repositories.users,
            images=repositories.images,
            variants=repositories.variants,
            retention=repositories.retention,
        )


@pytest.fixture
def others(other_ports, policy):
    """The use cases of that one."""
    return assemble(other_ports, policy)


def adopt(ports):
    AdoptStorage(ports.installation, ports.blobs)()


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
    assert use_cases.find_belonging() is Belonging.NOBODYS
    assert (keys(ports), ports.installation.known_id()) == (set(), None)


def test_a_dry_sweep_of_a_storage_that_nobody_has_marked_writes_nothing(use_cases, ports, image):
    assert use_cases.sweep(dry_run=True).orphans == Orphans()
    assert (MARK in keys(ports), ports.installation.known_id()) == (False, None)


def test_to_a_database_that_has_no_id_yet_every_mark_is_anothers(use_cases, ports):
    ports.blobs.put(MARK, b"None\n", "text/plain")

    assert use_cases.find_belonging() is use_cases.claim_storage() is Belonging.ANOTHERS
    assert ports.installation.known_id() is None


def test_several_processes_that_start_at_once_on_an_empty_storage_all_own_it(use_cases):
    with ThreadPoolExecutor(6) as threads:
        told = [threads.submit(use_cases.claim_storage) for _ in range(12)]

    assert {one.result(30) for one in told} == {Belonging.OURS}


def test_of_two_installations_that_mark_a_storage_at_once_one_has_it(ports, policy, other_ports):
    @frozen
    class Overtaken(InMemoryBlobs):
        """Another one is quicker between look and mark."""

        def list(self, prefix=""):
            others_on_it.claim_storage()
            return super().list(prefix)

    blobs = Overtaken()
    others_on_it = assemble(evolve(other_ports, blobs=_SharedWith(blobs)), policy)
    ours_on_it = assemble(evolve(ports, blobs=blobs), policy)

    told = ours_on_it.claim_storage()

    assert (told, others_on_it.find_belonging()) == (Belonging.OURS, Belonging.ANOTHERS)


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

    assert swept.orphans == others.sweep_orphans(AT_ONCE) == Orphans(refusal=Belonging.ANOTHERS.refusal)
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

    assert swept == Swept(variants=Tally(), jobs=Tally(), orphans=Orphans(refusal=Belonging.UNCLEAR.refusal))
    assert [(one.levelname, one.message) for one in caplog.records] == [("ERROR", Belonging.UNCLEAR.refusal)]
    assert keys(ports) == before > {variant.blob_key}
    assert use_cases.get_variant(image.owner, variant.id).id == variant.id


def test_nothing_goes_that_somebody_adopts_while_it_is_listed(ports, policy, image, other_ports):
    class Adopted(InMemoryBlobs):
        def list(self, prefix=""):
            yield from super().list(prefix)
            if not prefix:
                adopt(evolve(other_ports, blobs=self))

    blobs = Adopted()
    for key in (image.blob_key, orphan := f"originals/{uuid4()}"):
        blobs.put(key, b"content", "image/png")
    sweeping = assemble(evolve(ports, blobs=blobs), policy)

    assert sweeping.sweep_orphans(AT_ONCE).refusal == Belonging.ANOTHERS.refusal
    assert blobs.get(orphan)


def test_an_adopted_storage_is_swept_by_its_new_owner_and_by_nobody_else(ports, use_cases, other_ports, others, image):
    use_cases.claim_storage()

    adopt(other_ports)

    assert others.claim_storage() is Belonging.OURS
    assert use_cases.sweep_orphans(AT_ONCE).refusal == Belonging.ANOTHERS.refusal
    adopt(ports)
    put_originals(ports, 1)
    assert use_cases.sweep_orphans(AT_ONCE).blobs.count == 1


def test_a_copy_of_a_database_is_told_from_it_once_it_has_adopted_a_storage(ports, policy):
    before = ports.installation.id()
    production, staging = (evolve(ports, blobs=InMemoryBlobs()) for _ in range(2))
    assemble(production, policy).claim_storage()

    adopt(staging)

    assert ports.installation.id() != before
    assert assemble(staging, policy).find_belonging() is Belonging.OURS
    assert assemble(production, policy).find_belonging() is Belonging.ANOTHERS


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
