"""Variants from their owner's side."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode, Origin
from imgsvc.domain.errors import ImageNotFound, RenderingFailed, VariantNotFound, VariantNotReady
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantId, VariantStatus
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import Failing, UnreachableJobs
from tests.application.policies import a_policy
from tests.pictures import decoded, encoded, textured

SPEC = parse("w:10,gray,f:webp")
PENDING, PROCESSING, READY, FAILED = VariantStatus
ALL = PageRequest(limit=100)


@pytest.fixture
def job(use_cases, image):
    return use_cases.request_variant(image.owner, image.id, SPEC)


def signalled(signals):
    delivery = signals.source.receive(timedelta(0))
    return delivery and delivery.variant_id


@pytest.fixture
def failed_job(use_cases, engine, job):
    engine.before = Failing([RenderingFailed("the picture could not be rendered")])
    use_cases.make_variant(job.id)
    return use_cases.get_variant(job.owner, job.id)


# Asking


def test_a_variant_asked_for_is_pending_and_signalled(use_cases, signals, job):
    assert (job.status, job.attempts, job.spec) == (PENDING, 0, SPEC)
    assert job.queued_at == job.created_at
    assert signalled(signals) == job.id
    assert use_cases.list_jobs(job.owner, ALL).items == [job]


def test_a_variant_is_one_however_often_it_is_asked_for(use_cases, image):
    with ThreadPoolExecutor(20) as threads:
        asked = list(threads.map(lambda _: use_cases.request_variant(image.owner, image.id, SPEC), range(20)))

    assert {variant.id for variant in asked} == {asked[0].id}
    assert len(use_cases.list_variants(image.owner, image.id, ALL).items) == 1


def test_equal_specs_in_other_words_are_one_variant(use_cases, image, job):
    again = use_cases.request_variant(image.owner, image.id, parse("rs:inside:10:,gray,rot:360,f:webp"))

    assert again.id == job.id


def test_a_variant_is_accepted_although_the_queue_is_down(with_ports, use_cases, image):
    job = with_ports(jobs=UnreachableJobs()).request_variant(image.owner, image.id, SPEC)

    assert job.status is PENDING
    assert use_cases.get_variant(image.owner, job.id) == job


def test_a_ready_variant_asked_for_again_is_not_made_again(use_cases, signals, engine, job):
    use_cases.make_variant(job.id)
    signalled(signals)

    again = use_cases.request_variant(job.owner, job.image_id, SPEC)

    assert (again.id, again.status) == (job.id, READY)
    assert signalled(signals) is None
    assert engine.renderings == 1


def test_a_failed_variant_asked_for_again_is_tried_again(use_cases, signals, failed_job):
    signalled(signals)

    again = use_cases.request_variant(failed_job.owner, failed_job.image_id, SPEC)

    assert (again.id, again.status, again.attempts, again.failure) == (failed_job.id, PENDING, 0, None)
    assert signalled(signals) == failed_job.id
    use_cases.make_variant(failed_job.id)
    assert use_cases.get_variant(failed_job.owner, failed_job.id).status is READY


def test_what_was_made_now_becomes_a_job_when_it_is_asked_for_as_one(use_cases, image):
    use_cases.open_rendering(image.owner, image.id, SPEC)
    before = use_cases.list_jobs(image.owner, ALL).items

    job = use_cases.request_variant(image.owner, image.id, SPEC)

    assert before == []
    assert job.status is READY
    assert use_cases.list_jobs(image.owner, ALL).items == [job]


# Now or later


def test_sync_makes_it_now_and_finds_it_the_next_time(use_cases, engine, image):
    first, is_new = use_cases.transform_image(image.owner, image.id, SPEC, Mode.SYNC)
    second, is_new_again = use_cases.transform_image(image.owner, image.id, SPEC, Mode.SYNC)

    assert (first.status, is_new, is_new_again) == (READY, True, False)
    assert second == first
    assert engine.renderings == 1


def test_async_never_makes_it_now(use_cases, engine, image):
    variant, is_new = use_cases.transform_image(image.owner, image.id, SPEC, Mode.ASYNC)

    assert (variant.status, is_new, engine.renderings) == (PENDING, False, 0)


@pytest.mark.parametrize(("budget", "status"), [(0.07, READY), (0.05, PENDING)])
def test_auto_makes_now_what_costs_no_more_than_the_budget(ports, ada, budget, status):
    use_cases = assemble(ports, a_policy(sync_megapixels=budget))
    image = use_cases.upload_image(ada, BytesIO(encoded(textured(300, 200), "jpeg")))

    variant, is_new = use_cases.transform_image(image.owner, image.id, SPEC, Mode.AUTO)

    assert (variant.status, is_new) == (status, status is READY)


def test_auto_gives_what_is_ready_whatever_it_would_cost(ports, use_cases, image):
    made, _ = use_cases.transform_image(image.owner, image.id, SPEC, Mode.SYNC)

    found, is_new = assemble(ports, a_policy(sync_megapixels=0)).transform_image(image.owner, image.id, SPEC, Mode.AUTO)

    assert (found, is_new) == (made, False)


def test_sync_does_not_wait_for_the_queue(use_cases, job):
    variant, is_new = use_cases.transform_image(job.owner, job.image_id, SPEC, Mode.SYNC)

    assert (variant.id, variant.status, is_new) == (job.id, READY, True)


# Opening


def test_a_rendering_comes_from_the_nearest_place_that_has_it(use_cases, ports, engine, image):
    opened = [use_cases.open_rendering(image.owner, image.id, SPEC) for _ in range(2)]
    after_a_restart = assemble(evolve(ports, cache=InMemoryCache()), a_policy())
    opened += [after_a_restart.open_rendering(image.owner, image.id, SPEC) for _ in range(2)]

    assert [one.origin for one in opened] == [Origin.RENDERED, Origin.MEMORY, Origin.STORED, Origin.MEMORY]
    assert len({(one.content, one.rendition) for one in opened}) == 1
    assert decoded(opened[0].content).size == (10, 5)
    assert engine.renderings == 1


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda value: b"",
        lambda value: b"\n",
        lambda value: value[:-1],
        lambda value: value + b"x",
        lambda value: value.replace(b"webp", b"we\xffp", 1),
        lambda value: value.replace(b"width", b"breadth"),
        lambda value: b'{"width": 1}\n' + value.partition(b"\n")[2],
        lambda value: b"7\n",
        lambda value: b"[" * 100_000,
        lambda value: b"null" + value,
    ],
    ids=[
        "empty",
        "an empty line",
        "cut off",
        "too long",
        "not UTF-8",
        "another field",
        "a missing field",
        "not an object",
        "too deep",
        "not JSON",
    ],
)
def test_a_corrupt_cached_value_is_a_miss(use_cases, ports, image, corrupt):
    first = use_cases.open_rendering(image.owner, image.id, SPEC)
    ports.cache.put(first.planned.blob_key, corrupt(ports.cache.get(first.planned.blob_key).content))

    again = use_cases.open_rendering(image.owner, image.id, SPEC)

    assert (again.origin, again.content) == (Origin.STORED, first.content)
    assert use_cases.open_rendering(image.owner, image.id, SPEC).origin is Origin.MEMORY


def test_a_cache_that_keeps_nothing_costs_time_only(with_ports, image):
    use_cases = with_ports(cache=InMemoryCache(max_bytes=0))

    origins = [use_cases.open_rendering(image.owner, image.id, SPEC).origin for _ in range(3)]

    assert origins == [Origin.RENDERED, Origin.STORED, Origin.STORED]


def test_a_ready_variant_whose_bytes_are_lost_is_made_again(use_cases, ports, image):
    first = use_cases.open_rendering(image.owner, image.id, SPEC)
    ports.cache.delete(first.planned.blob_key)
    ports.blobs.delete(first.planned.blob_key)

    again = use_cases.open_rendering(image.owner, image.id, SPEC)

    assert (again.origin, again.content) == (Origin.RENDERED, first.content)
    assert ports.blobs.get(first.planned.blob_key) == first.content


@pytest.mark.parametrize("spoil", [lambda content: content[:-1], lambda content: content[:-1] + b"!"])
def test_a_ready_variant_whose_bytes_were_damaged_is_made_again_before_anybody_has_any(use_cases, ports, image, spoil):
    made = use_cases.open_rendering(image.owner, image.id, SPEC)
    (variant,) = use_cases.list_variants(image.owner, image.id, PageRequest()).items
    for read in (
        lambda: use_cases.open_variant(image.owner, variant.id).read(),
        lambda: use_cases.open_rendering(image.owner, image.id, SPEC).content,
    ):
        ports.cache.delete(variant.blob_key)
        ports.blobs.put(variant.blob_key, spoil(made.content), "image/png")

        assert read() == made.content
        assert ports.blobs.get(variant.blob_key) == made.content


def test_what_is_cached_is_still_nobody_elses_and_ends_with_its_image(use_cases, image, stranger):
    use_cases.open_rendering(image.owner, image.id, SPEC)

    with pytest.raises(ImageNotFound):
        use_cases.open_rendering(stranger, image.id, SPEC)
    use_cases.delete_image(image.owner, image.id)
    with pytest.raises(ImageNotFound):
        use_cases.open_rendering(image.owner, image.id, SPEC)


def test_a_job_and_a_rendering_now_have_the_same_bytes(use_cases, image, ada, picture):
    twin = use_cases.upload_image(ada, BytesIO(picture))
    job = use_cases.request_variant(ada, twin.id, SPEC)
    use_cases.make_variant(job.id)

    with use_cases.open_variant(ada, job.id) as stream:
        assert stream.read() == use_cases.open_rendering(ada, image.id, SPEC).content


def test_what_is_not_ready_cannot_be_opened(use_cases, job):
    with pytest.raises(VariantNotReady, match="pending"):
        use_cases.open_variant(job.owner, job.id)


def test_what_failed_cannot_be_opened(use_cases, failed_job):
    with pytest.raises(VariantNotReady, match="failed"):
        use_cases.open_variant(failed_job.owner, failed_job.id)


# Whose it is, and what there is


def test_nobody_else_can_learn_that_a_variant_exists(use_cases, job, stranger):
    missing = VariantId(uuid4())

    for ask in (use_cases.get_variant, use_cases.open_variant):
        with pytest.raises(VariantNotFound) as of_another:
            ask(stranger, job.id)
        with pytest.raises(VariantNotFound) as of_nobody:
            ask(stranger, missing)
        assert of_another.value.detail.replace(str(job.id), str(missing)) == of_nobody.value.detail
    assert use_cases.list_jobs(stranger, ALL).items == []
    assert use_cases.list_jobs(stranger, ALL, image_id=job.image_id).items == []


def test_variants_of_an_image_are_listed_newest_first(use_cases, image):
    use_cases.open_rendering(image.owner, image.id, parse("w:5"))
    use_cases.request_variant(image.owner, image.id, parse("w:6"))

    first = use_cases.list_variants(image.owner, image.id, PageRequest(limit=1))
    second = use_cases.list_variants(image.owner, image.id, PageRequest(limit=1, after=first.next))

    assert [variant.spec for variant in (*first.items, *second.items)] == [parse("w:6"), parse("w:5")]
    assert second.next is None


def test_jobs_are_listed_by_status_and_image(use_cases, ada, image, job):
    other = use_cases.upload_image(ada, BytesIO(encoded(textured(20, 20))))
    made = use_cases.request_variant(ada, other.id, SPEC)
    use_cases.make_variant(made.id)
    use_cases.open_rendering(ada, other.id, parse("w:5"))  # no job

    def listed(**chosen):
        return [variant.id for variant in use_cases.list_jobs(ada, ALL, **chosen).items]

    assert listed() == [made.id, job.id]
    assert listed(status=READY) == listed(image_id=other.id) == [made.id]
    assert listed(status=PENDING) == listed(image_id=image.id) == [job.id]
    assert listed(status=PENDING, image_id=other.id) == listed(status=PROCESSING) == []
