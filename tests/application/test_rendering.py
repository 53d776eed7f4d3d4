"""Making variants: now, later, and again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.application.rates import Payer
from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import (
    Busy,
    CorruptImage,
    CropOutOfBounds,
    ImageErased,
    ImageNotFound,
    InvalidInput,
    InvalidParameter,
    OriginalDamaged,
    OriginalMissing,
    RenderingFailed,
    StorageFull,
    Unavailable,
)
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantId, VariantStatus
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import (
    Failing,
    FailingBlobs,
    Gate,
    UnreachableJobs,
    VariantsThatFinishLate,
    WatchedVariants,
)
from tests.application.policies import a_policy
from tests.entities import a_job
from tests.pictures import decoded, encoded, quadrants
from tests.waiting import wait_for

SPEC = parse("w:10,gray,f:webp")
NOW = timedelta(0)
CALLERS = 20
PENDING, PROCESSING, READY, FAILED = VariantStatus


@pytest.fixture
def planned(use_cases, image):
    return use_cases.plan_rendering(image.owner, image.id, SPEC)


@pytest.fixture
def job(use_cases, image):
    return use_cases.request_variant(image.owner, image.id, SPEC)


def published(signals):
    """The variants that were signalled since somebody looked."""
    found = []
    while delivery := signals.source.receive(NOW):
        found.append(delivery.variant_id)
    return found


def keys(ports, prefix="variants/"):
    return [blob.key for blob in ports.blobs.list(prefix)]


def outcome(use_cases, job):
    """What became of a job: its status, attempts, and the code of its failure."""
    variant = use_cases.get_variant(job.owner, job.id)
    return variant.status, variant.attempts, variant.failure and variant.failure.code


# Planning


def test_a_plan_tells_the_size_the_key_and_the_version_before_any_pixel_is_read(planned, engine):
    assert (planned.plan.size.width, planned.plan.size.height) == (10, 5)
    assert planned.blob_key == f"variants/{planned.image.id}/{SPEC.id}-{engine.fingerprint}"
    assert engine.renderings == 0


def test_equal_bytes_and_specs_have_one_version(use_cases, planned, ada, picture):
    twin = use_cases.upload_image(ada, BytesIO(picture))

    assert use_cases.plan_rendering(ada, twin.id, SPEC).version == planned.version
    assert use_cases.plan_rendering(ada, twin.id, parse("w:11,gray,f:webp")).version != planned.version


@pytest.mark.parametrize(("compact", "error"), [("crop:100:100:5:5", CropOutOfBounds), ("wm:t.5ryi5a2X", InvalidInput)])
def test_a_spec_that_does_not_fit_is_refused_and_leaves_nothing(use_cases, ports, image, compact, error):
    spec = parse(compact)

    for ask in (use_cases.plan_rendering, use_cases.open_rendering, use_cases.request_variant):
        with pytest.raises(error):
            ask(image.owner, image.id, spec)

    assert list(ports.variants.list_of_image(image.id, PageRequest()).items) == []
    assert keys(ports) == []


# Now


def test_a_rendering_made_now_is_kept_and_is_no_job(use_cases, ports, planned):
    made = use_cases.open_rendering.make_now(planned)
    variant, content = made.variant, made.content

    assert decoded(content).size == (variant.rendition.width, variant.rendition.height) == (10, 5)
    assert variant.status is READY
    assert ports.variants.get(variant.id) == variant
    assert ports.blobs.get(variant.blob_key) == content
    assert use_cases.list_jobs(variant.owner, PageRequest()).items == []


def test_the_engine_is_told_which_picture_it_is_so_that_it_may_still_have_it(use_cases, engine, image):
    use_cases.open_rendering(image.owner, image.id, SPEC)

    assert engine.digests == [image.sha256]


def test_many_who_ask_for_a_new_rendering_at_once_have_it_made_once(use_cases, engine, planned):
    engine.before = gate = Gate()
    make_now = use_cases.open_rendering.make_now

    with ThreadPoolExecutor(CALLERS) as threads:
        callers = [threads.submit(make_now, planned) for _ in range(CALLERS)]
        assert gate.reached.wait(30)
        wait_for(lambda: len(make_now._flights._running[planned.blob_key]._condition._waiters) == CALLERS - 1)
        gate.opened.set()
        results = {caller.result(30) for caller in callers}

    assert engine.renderings == 1
    assert len(results) == 1


def test_who_asks_just_after_it_was_made_does_not_make_it_again(use_cases, engine, planned):
    first = use_cases.open_rendering.make_now(planned)
    second = use_cases.open_rendering.make_now(planned)

    assert (first.is_new, second.is_new) == (True, False)
    assert (second.variant, second.content) == (first.variant, first.content)
    assert engine.renderings == 1


def test_many_who_ask_by_different_ways_have_it_made_once(use_cases, engine, image):
    def open_it(number):
        if number % 2:
            return use_cases.open_rendering(image.owner, image.id, SPEC).content
        variant, _ = use_cases.transform_image(image.owner, image.id, SPEC, "sync")
        with use_cases.open_variant(image.owner, variant.id) as stream:
            return stream.read()

    with ThreadPoolExecutor(CALLERS) as threads:
        contents = set(threads.map(open_it, range(CALLERS)))

    assert engine.renderings == 1
    assert len(contents) == 1


def test_a_rendering_that_fails_now_leaves_nothing_and_can_be_tried_by_another(
    use_cases, with_ports, ports, engine, planned
):
    engine.before = Failing([RenderingFailed("the picture could not be rendered")])

    with pytest.raises(RenderingFailed):
        use_cases.open_rendering.open(planned)

    assert ports.variants.find(planned.name) is None
    assert keys(ports) == []
    assert with_ports().open_rendering.open(planned).content


def test_a_rendering_that_finds_no_room_leaves_no_row(with_ports, ports, ada, picture):
    blobs = FailingBlobs(before_put=Failing([]))
    use_cases = with_ports(blobs=blobs)
    image = use_cases.upload_image(ada, BytesIO(picture))
    blobs.before_put.errors.append(StorageFull("the storage is full"))

    with pytest.raises(StorageFull):
        use_cases.open_rendering(ada, image.id, SPEC)

    assert list(ports.variants.list_of_image(image.id, PageRequest()).items) == []


@pytest.mark.parametrize(("is_stranger", "told"), [(False, ImageErased), (True, ImageNotFound)])
def test_an_image_deleted_while_it_is_rendered_leaves_nothing(use_cases, ports, engine, planned, is_stranger, told):
    engine.before = lambda: use_cases.delete_image(planned.image.owner, planned.image.id)

    with pytest.raises(told):
        use_cases.open_rendering.open(planned, Payer(planned.image.owner, is_stranger=is_stranger))

    assert keys(ports, "") == []


@pytest.mark.parametrize(("bytes_now", "told"), [(b"others", OriginalDamaged), (None, OriginalMissing)])
def test_a_watermark_is_of_the_bytes_that_were_uploaded_or_not_made_at_all(
    use_cases, ports, ada, image, bytes_now, told
):
    mark = use_cases.upload_image(ada, BytesIO(encoded(quadrants(20, 20))))
    if bytes_now is None:
        ports.blobs.delete(mark.blob_key)
    else:
        ports.blobs.put(mark.blob_key, bytes_now, "image/png")

    with pytest.raises(told):
        use_cases.open_rendering(ada, image.id, parse(f"w:50,wm:{mark.id},f:png"))

    assert list(ports.variants.list_of_image(image.id, PageRequest()).items) == []


def test_a_watermark_deleted_meanwhile_is_told_as_one_that_was_deleted_before(use_cases, ada, image):
    mark = use_cases.upload_image(ada, BytesIO(encoded(quadrants(20, 20))))
    planned = use_cases.plan_rendering(ada, image.id, parse(f"w:50,wm:{mark.id},f:png"))
    use_cases.delete_image(ada, mark.id)

    with pytest.raises(InvalidParameter) as refusal:
        use_cases.open_rendering.open(planned)

    assert refusal.value.path == ("steps", 1, "image")


def test_what_is_made_now_need_not_be_made_by_the_worker(use_cases, engine, planned, job):
    made = use_cases.open_rendering.make_now(planned)
    use_cases.make_variant(job.id)

    assert (made.variant.id, made.is_new) == (job.id, True)
    assert outcome(use_cases, job) == (READY, 0, None)
    assert engine.renderings == 1


def test_what_failed_as_a_job_can_be_made_now(use_cases, engine, planned, job):
    engine.before = Failing([RenderingFailed("the picture could not be rendered")])
    use_cases.make_variant(job.id)

    use_cases.open_rendering.make_now(planned)

    assert outcome(use_cases, job) == (READY, 1, None)


# Later


def test_a_queued_variant_is_made(use_cases, ports, job):
    use_cases.make_variant(job.id)

    variant = use_cases.get_variant(job.owner, job.id)
    with use_cases.open_variant(job.owner, job.id) as stream:
        assert decoded(stream.read()).size == (10, 5)
    assert outcome(use_cases, job) == (READY, 1, None)
    assert variant.queued_at <= variant.finished_at <= ports.clock()


def test_a_variant_called_for_many_times_is_made_once(use_cases, engine, job):
    for _ in range(5):
        use_cases.make_variant(job.id)

    assert engine.renderings == 1


def test_a_variant_called_for_at_once_is_made_once(use_cases, engine, job):
    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(use_cases.make_variant, [job.id] * CALLERS))

    assert engine.renderings == 1
    assert outcome(use_cases, job) == (READY, 1, None)


def test_a_signal_for_a_variant_that_is_gone_does_nothing(use_cases, engine):
    use_cases.make_variant(VariantId(uuid4()))

    assert engine.renderings == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CorruptImage("the picture ends too early"), "corrupt_image"),
        (RenderingFailed("the picture could not be rendered"), "processing_failed"),
    ],
)
def test_what_trying_again_cannot_mend_fails_at_once_and_says_why(use_cases, engine, job, error, code):
    engine.before = Failing([error])

    use_cases.make_variant(job.id)
    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (FAILED, 1, code)
    assert use_cases.get_variant(job.owner, job.id).failure.detail == error.detail
    assert engine.renderings == 1


def test_a_variant_whose_original_has_no_bytes_fails(use_cases, ports, image, job):
    ports.blobs.delete(image.blob_key)

    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (FAILED, 1, "original_missing")


@pytest.mark.parametrize("error", [Busy("too many pictures wait"), StorageFull("the storage is full")])
def test_being_busy_is_not_charged(use_cases, engine, job, error):
    engine.before = Failing([error] * 10)

    for _ in range(10):
        with pytest.raises(type(error)):
            use_cases.make_variant(job.id)
        assert outcome(use_cases, job) == (PENDING, 0, None)
    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (READY, 1, None)


def test_what_nobody_expected_is_tried_again(use_cases, engine, job):
    engine.before = Failing([MemoryError(), ZeroDivisionError()])

    for attempt in (1, 2):
        with pytest.raises(Unavailable):
            use_cases.make_variant(job.id)
        assert outcome(use_cases, job) == (PENDING, attempt, None)
    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (READY, 3, None)


def test_what_nobody_expected_is_given_up_after_a_few_attempts(use_cases, engine, job, caplog):
    engine.before = Failing([ZeroDivisionError("at /srv/secret/path")] * 10)

    for _ in range(2):
        with pytest.raises(Unavailable):
            use_cases.make_variant(job.id)
    for _ in range(5):
        use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (FAILED, 3, "processing_failed")
    assert engine.renderings == 3
    assert "secret" not in use_cases.get_variant(job.owner, job.id).failure.detail
    assert [record.variant_id for record in caplog.records] == [str(job.id)] * 3


def test_what_was_made_while_the_database_was_away_is_not_made_again(ports, engine, job):
    variants = VariantsThatFinishLate(ports.variants.engine, Failing([Unavailable("the database is away")] * 3))
    use_cases = assemble(evolve(ports, variants=variants), a_policy())
    pauses = []

    evolve(use_cases.make_variant, pause=pauses.append)(job.id)

    assert outcome(use_cases, job) == (READY, 1, None)
    assert engine.renderings == 1
    assert pauses == [0.2, 0.5, 1]


def test_a_database_that_stays_away_is_given_up_and_the_variant_found_again(ports, engine, job):
    variants = VariantsThatFinishLate(ports.variants.engine, Failing([Unavailable("the database is away")] * 100))
    use_cases = assemble(evolve(ports, variants=variants), a_policy())

    with pytest.raises(Unavailable):
        evolve(use_cases.make_variant, pause=lambda seconds: None)(job.id)

    assert outcome(use_cases, job) == (PENDING, 0, None)


def test_a_variant_that_the_queue_gave_up_fails_and_says_so(use_cases, engine, job):
    use_cases.give_up_variant(job.id)
    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (FAILED, 1, "processing_failed")
    assert engine.renderings == 0


def test_what_is_made_is_not_given_up(use_cases, ports, image, job):
    made, held = job, use_cases.request_variant(image.owner, image.id, parse("w:6"))
    use_cases.make_variant(made.id)
    ports.variants.claim(held.id, timedelta(hours=1))

    for one in (made.id, held.id, VariantId(uuid4())):
        use_cases.give_up_variant(one)

    assert outcome(use_cases, made)[0] is READY
    assert outcome(use_cases, held)[0] is PROCESSING


def test_what_is_given_back_can_be_taken_at_once_and_its_first_maker_changes_nothing(use_cases, ports, engine, job):
    def give_back():
        engine.before = lambda: None
        assert use_cases.give_back_unfinished() == 1
        use_cases.make_variant(job.id)

    engine.before = give_back
    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (READY, 1, None)
    assert use_cases.give_back_unfinished() == 0


def test_a_claim_of_a_living_worker_is_left_alone(use_cases, ports, engine, job):
    ports.variants.claim(job.id, timedelta(hours=1))

    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (PROCESSING, 1, None)
    assert engine.renderings == 0


def test_a_claim_whose_worker_died_is_taken_over(use_cases, ports, job):
    ports.variants.claim(job.id, timedelta(milliseconds=1))

    wait_for(lambda: use_cases.make_variant(job.id) or outcome(use_cases, job)[0] is READY)

    assert outcome(use_cases, job) == (READY, 2, None)


def test_a_variant_that_kills_its_workers_is_given_up(use_cases, ports, engine, job):
    for _ in range(3):
        wait_for(lambda: ports.variants.claim(job.id, timedelta(milliseconds=1)))

    wait_for(lambda: use_cases.make_variant(job.id) or outcome(use_cases, job)[0] is FAILED)

    assert outcome(use_cases, job) == (FAILED, 4, "processing_failed")
    assert engine.renderings == 0


def test_the_number_of_attempts_is_the_policys(ports, engine, job):
    use_cases = assemble(ports, a_policy(max_attempts=1))
    engine.before = Failing([ZeroDivisionError()])

    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (FAILED, 1, "processing_failed")


def test_the_lease_is_renewed_while_a_long_rendering_goes_on(ports, engine, job):
    variants = WatchedVariants(ports.variants.engine)
    lease = timedelta(seconds=0.9)
    use_cases = assemble(evolve(ports, variants=variants), a_policy(lease=lease))
    engine.before = gate = Gate()

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(use_cases.make_variant, job.id)
        # Five renewals, one third of a lease apart, of which the first failed.
        wait_for(lambda: len(variants.renewals) >= 5)
        taken_over = variants.claim(job.id, lease)
        gate.opened.set()
        working.result(30)

    assert taken_over is None
    assert variants.renewals[1:5] == [1] * 4
    assert outcome(use_cases, job) == (READY, 1, None)


def test_the_lease_is_renewed_no_more_once_the_work_is_done(ports, engine, job):
    variants = WatchedVariants(ports.variants.engine)
    use_cases = assemble(evolve(ports, variants=variants), a_policy(lease=timedelta(hours=1)))
    engine.before = Failing([Busy("too many pictures wait")])

    with pytest.raises(Busy):
        use_cases.make_variant(job.id)

    assert variants.claim(job.id, timedelta(hours=1)) is not None
    assert variants.renewals == []


def test_a_worker_that_was_overtaken_changes_nothing(use_cases, ports, engine, planned, job):
    def overtake():
        engine.before = lambda: None
        use_cases.open_rendering.make_now(planned)

    engine.before = overtake
    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (READY, 1, None)
    assert ports.blobs.get(planned.blob_key) == use_cases.open_rendering.open(planned).content


def test_an_image_deleted_while_its_variant_is_made_leaves_no_blob_and_no_row(use_cases, ports, engine, job):
    engine.before = lambda: use_cases.delete_image(job.owner, job.image_id)

    use_cases.make_variant(job.id)

    assert keys(ports, "") == []
    assert use_cases.list_jobs(job.owner, PageRequest()).items == []


def test_of_a_job_that_is_cancelled_while_it_is_made_nothing_is_kept(use_cases, ports, engine, job):
    engine.before = lambda: use_cases.cancel_job(job.owner, job.id)

    use_cases.make_variant(job.id)

    assert outcome(use_cases, job) == (FAILED, 1, "cancelled")
    assert keys(ports) == []


# Again


def test_a_signal_that_is_lost_leaves_a_pending_row_that_is_signalled_later(with_ports, use_cases, signals, image):
    job = with_ports(jobs=UnreachableJobs()).request_variant(image.owner, image.id, SPEC)

    assert outcome(use_cases, job) == (PENDING, 0, None)
    assert published(signals) == []
    assert use_cases.requeue_stalled(NOW) == 1
    assert published(signals) == [job.id]


def test_what_was_signalled_a_moment_ago_is_not_signalled_again(use_cases, signals, job):
    assert published(signals) == [job.id]

    assert use_cases.requeue_stalled(timedelta(hours=1)) == 0
    assert use_cases.requeue_stalled(NOW) == 1
    assert use_cases.requeue_stalled(timedelta(hours=1)) == 0
    assert published(signals) == [job.id]


def test_what_a_dead_worker_held_is_signalled_and_what_a_living_one_holds_is_not(use_cases, ports, signals, image):
    dead, living = (use_cases.request_variant(image.owner, image.id, parse(f"w:{width}")) for width in (5, 6))
    published(signals)
    ports.variants.claim(dead.id, timedelta(milliseconds=1))
    ports.variants.claim(living.id, timedelta(hours=1))

    wait_for(lambda: use_cases.requeue_stalled(NOW))

    assert published(signals) == [dead.id]


def test_only_what_is_queued_and_unfinished_is_signalled(use_cases, signals, engine, image):
    use_cases.open_rendering(image.owner, image.id, parse("w:5"))
    made, failed = (use_cases.request_variant(image.owner, image.id, parse(f"w:{width}")) for width in (6, 7))
    use_cases.make_variant(made.id)
    engine.before = Failing([RenderingFailed("the picture could not be rendered")])
    use_cases.make_variant(failed.id)
    published(signals)

    assert use_cases.requeue_stalled(NOW) == 0
    assert published(signals) == []


def test_the_oldest_are_signalled_first_and_no_more_than_was_asked_for(use_cases, signals, image):
    jobs = [use_cases.request_variant(image.owner, image.id, parse(f"w:{width}")).id for width in range(1, 6)]
    published(signals)

    assert [use_cases.requeue_stalled(NOW, limit=2), published(signals)] == [2, jobs[:2]]
    assert [use_cases.requeue_stalled(NOW, limit=3), published(signals)] == [3, jobs[2:]]


def test_what_could_not_be_signalled_is_signalled_later(with_ports, use_cases, signals, job):
    published(signals)

    with pytest.raises(Unavailable):
        with_ports(jobs=UnreachableJobs()).requeue_stalled(NOW)

    assert use_cases.requeue_stalled(NOW) == 1
    assert published(signals) == [job.id]


def test_what_was_queued_before_an_upgrade_is_made_under_the_new_engines_name(ports, image):
    variant = a_job(image, fingerprint="an-older-engine")
    ports.variants.add_if_absent(variant)

    assemble(ports, a_policy()).make_variant(variant.id)

    made = ports.variants.get(variant.id)
    assert (made.status, made.fingerprint) == (VariantStatus.READY, ports.engine.fingerprint)
    assert ports.blobs.get(made.blob_key)
