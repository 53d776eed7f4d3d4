"""One rendering is purged: from rows, storage and caches, and nobody who is late brings it back."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event

import pytest

from imgsvc.adapters.blobs.in_memory import InMemoryBlobs
from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.domain.errors import Unavailable, VariantNotFound
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantStatus
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import Failing, FailingBlobs, Gate, picture_keys

SPEC, OTHER_SPEC = parse("w:10,f:png"), parse("w:5,f:png")


@pytest.fixture
def planned(use_cases, image):
    return use_cases.plan_rendering(image.owner, image.id, SPEC)


@pytest.fixture
def made(use_cases, ports, planned):
    """A variant that was made on the spot, and that every cache has."""
    use_cases.open_rendering.open(planned)
    return ports.variants.find(planned.name)


@pytest.fixture
def job(use_cases, image):
    return use_cases.request_variant(image.owner, image.id, SPEC)


def keys(ports):
    return set(picture_keys(ports.blobs))


def test_a_deleted_variant_goes_with_its_bytes_and_from_the_cache_and_nothing_else_does(use_cases, ports, image, made):
    other = use_cases.open_rendering(image.owner, image.id, OTHER_SPEC).planned
    usage = use_cases.get_usage(image.owner)

    use_cases.delete_variant(image.owner, made.id)

    assert keys(ports) == {image.blob_key, other.blob_key}
    assert (ports.cache.get(made.blob_key), ports.cache.get(other.blob_key) is None) == (None, False)
    assert [one.name for one in use_cases.list_variants(image.owner, image.id, PageRequest()).items] == [other.name]
    for ask in (use_cases.get_variant, use_cases.open_variant, use_cases.get_job, use_cases.delete_variant):
        with pytest.raises(VariantNotFound):
            ask(image.owner, made.id)
    assert use_cases.get_usage(image.owner) == usage


def test_who_asks_for_it_again_has_it_made_again_as_another_variant(use_cases, ports, planned, made):
    before = use_cases.open_rendering.open(planned)
    use_cases.delete_variant(made.owner, made.id)

    again = use_cases.open_rendering.open(planned)

    assert (before.origin, again.origin, again.content) == ("memory", "rendered", before.content)
    assert ports.variants.find(planned.name).id != made.id


def test_a_cache_that_did_not_hear_of_it_shows_it_no_more(use_cases, with_ports, planned, made):
    elsewhere = with_ports(cache=InMemoryCache())
    elsewhere.open_rendering.open(planned)
    use_cases.delete_variant(made.owner, made.id)

    assert elsewhere.open_rendering.open(planned).origin == "rendered"


def test_a_job_that_waits_is_cancelled_by_it(use_cases, engine, webhook, job):
    use_cases.delete_variant(job.owner, job.id)

    assert not use_cases.make_variant(job.id)
    assert engine.renderings == 0
    assert use_cases.list_jobs(job.owner, PageRequest()).items == []
    assert use_cases.list_deliveries(job.owner, webhook.id, PageRequest()).items == []


def test_a_job_that_failed_can_be_deleted_too(use_cases, ports, image, job):
    use_cases.cancel_job(job.owner, job.id)

    use_cases.delete_variant(job.owner, job.id)

    assert ports.variants.find(job.name) is None


def test_of_a_job_that_is_deleted_while_it_is_made_nothing_is_kept(use_cases, ports, engine, webhook, image, job):
    engine.before = lambda: use_cases.delete_variant(job.owner, job.id)

    use_cases.make_variant(job.id)

    assert ports.variants.find(job.name) is None
    assert keys(ports) == {image.blob_key}
    assert use_cases.list_deliveries(job.owner, webhook.id, PageRequest()).items == []


def test_a_late_worker_leaves_what_was_asked_for_again_alone(use_cases, ports, engine, image, job):
    def ask_anew():
        engine.before = lambda: None
        use_cases.delete_variant(job.owner, job.id)
        again.append(use_cases.request_variant(image.owner, image.id, SPEC))
        use_cases.make_variant(again[0].id)

    again = []
    engine.before = ask_anew
    use_cases.make_variant(job.id)

    kept = use_cases.get_variant(image.owner, again[0].id)
    assert (kept.id != job.id, kept.status) == (True, VariantStatus.READY)
    assert len(ports.blobs.get(kept.blob_key)) == kept.rendition.byte_count


def test_who_waits_for_a_rendering_whose_job_is_deleted_gets_it(use_cases, ports, engine, planned, job):
    """He asked for it at the same time, and nothing shows that it was not just after."""
    gate = engine.before = Gate()
    with ThreadPoolExecutor(1) as beside:
        asking = beside.submit(use_cases.open_rendering.open, planned)
        gate.reached.wait(30)
        use_cases.delete_variant(job.owner, job.id)
        gate.opened.set()

    assert asking.result().content == ports.blobs.get(planned.blob_key)
    assert ports.variants.find(planned.name).id != job.id


def test_who_opens_what_is_deleted_just_then_is_told_so_and_has_nothing_made(use_cases, ports, engine, made):
    use_cases.delete_variant(made.owner, made.id)

    with pytest.raises(VariantNotFound):
        use_cases.open_variant.open(made)

    assert (engine.renderings, ports.variants.find(made.name)) == (1, None)


def test_who_is_reading_it_reads_to_the_end(use_cases, made):
    with use_cases.open_variant(made.owner, made.id) as stream:
        use_cases.delete_variant(made.owner, made.id)

        assert len(stream.read()) == made.rendition.byte_count


def test_of_two_deletions_at_once_one_finds_nothing(use_cases, ports, image, made):
    barrier = Barrier(2)

    def delete(_):
        barrier.wait(30)
        try:
            use_cases.delete_variant(made.owner, made.id)
        except VariantNotFound:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(delete, range(2))) == [False, True]
    assert keys(ports) == {image.blob_key}


def test_who_wants_what_is_deleted_again_and_again_always_gets_it(use_cases, ports, policy, planned, image):
    expected = use_cases.open_rendering.open(planned).content
    ended = Event()

    def ask():
        return {use_cases.open_rendering.open(planned).content for _ in range(20)}

    def delete():
        while not ended.is_set():
            made = ports.variants.find(planned.name)
            with suppress(VariantNotFound):
                if made is not None:
                    use_cases.delete_variant(made.owner, made.id)

    with ThreadPoolExecutor(5) as threads:
        deleting = [threads.submit(delete) for _ in range(2)]
        answers = [asking.result(60) for asking in [threads.submit(ask) for _ in range(3)]]
        ended.set()
        for one in deleting:
            one.result(30)
    use_cases.sweep_orphans(policy.orphan_grace * 0)

    assert answers == [{expected}] * 3
    rows = use_cases.list_variants(image.owner, image.id, PageRequest()).items
    assert keys(ports) == {image.blob_key, *(row.blob_key for row in rows)}


def test_what_is_deleted_while_it_is_deleted_is_not_there(use_cases, with_ports, ports, made):
    class DeletedMeanwhile(type(ports.variants)):
        def delete(self, variant_id):
            use_cases.delete_variant(made.owner, variant_id)
            return super().delete(variant_id)

    with pytest.raises(VariantNotFound):
        with_ports(variants=DeletedMeanwhile(ports.variants.engine)).delete_variant(made.owner, made.id)


def test_nobody_else_can_delete_it_or_learn_that_it_exists(use_cases, stranger, made):
    with pytest.raises(VariantNotFound, match=str(made.id)):
        use_cases.delete_variant(stranger, made.id)

    assert use_cases.get_variant(made.owner, made.id) == made


def test_while_the_storage_is_away_everything_stays_as_it_was(use_cases, with_ports, made):
    class Away(InMemoryBlobs):
        def check(self):
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        with_ports(blobs=Away()).delete_variant(made.owner, made.id)

    assert use_cases.get_variant(made.owner, made.id) == made


def test_bytes_that_cannot_be_removed_are_shown_to_nobody_and_swept_later(with_ports, ports, policy, image, made):
    blobs = FailingBlobs(before_delete=Failing([Unavailable("the storage does not answer")]))
    blobs.put(image.blob_key, ports.blobs.get(image.blob_key), "image/png")
    blobs.put(made.blob_key, ports.blobs.get(made.blob_key), "image/png")
    use_cases = with_ports(blobs=blobs)

    with pytest.raises(Unavailable):
        use_cases.delete_variant(made.owner, made.id)

    with pytest.raises(VariantNotFound):
        use_cases.get_variant(made.owner, made.id)
    assert use_cases.sweep_orphans(policy.orphan_grace * 0).blobs.first == (made.blob_key,)
