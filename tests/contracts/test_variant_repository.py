"""What every VariantRepository does.

A lease of no time is over as soon as it is given: so leases end here without anybody waiting for them.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.color import Color
from imgsvc.domain.errors import ImageNotFound, VariantNotFound
from imgsvc.domain.geometry import Percent
from imgsvc.domain.image import Labels
from imgsvc.domain.operations import AutoOrient, Blur, Resize, Watermark
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.domain.variant import Failure, VariantId, VariantStatus
from imgsvc.ports.pages import PageRequest
from imgsvc.ports.variants import Progress
from tests.entities import FAILURE, NOW, RENDITION, a_job, a_user, a_variant, an_image, later

HOUR = timedelta(hours=1)
NO_TIME = timedelta(0)
THREADS = 8


@pytest.fixture
def variants(repositories):
    return repositories.variants


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner


@pytest.fixture
def image(repositories, owner):
    image = an_image(owner)
    repositories.images.add(image)
    return image


@pytest.fixture
def other_image(repositories, owner):
    image = an_image(owner)
    repositories.images.add(image)
    return image


def added(variants, *new):
    for variant in new:
        assert variants.add_if_absent(variant) == (variant, True)
    return new[0] if len(new) == 1 else list(new)


def failed(variants, variant):
    added(variants, variant)
    assert variants.fail(variants.claim(variant.id, HOUR), FAILURE, later(5))
    return variants.get(variant.id)


def at_once(call):
    """What each of several threads got that made the same call together."""
    barrier = Barrier(THREADS)

    def together(number):
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(together, range(THREADS)))


# add_if_absent, get and find


def test_a_new_variant_comes_back_as_it_was_added(variants, image):
    spec = TransformSpec(
        steps=[
            AutoOrient(enabled=False),
            Resize(width=Percent(50), background=Color.parse("ff880080")),
            Blur(sigma=0.5),
            Watermark(text='ünï\\"text"', x=Percent(12.5)),
        ],
        output=Output(format=Format.WEBP, quality=71),
    )
    variant = a_job(image, spec=spec, created_at=NOW, queued_at=later(0.000_001))

    assert variants.add_if_absent(variant) == (variant, True)
    assert variants.get(variant.id) == variant
    assert variants.get(variant.id).spec_id == spec.id


def test_the_spec_that_does_nothing_comes_back(variants, image):
    variant = added(variants, a_variant(image, spec=TransformSpec()))

    assert variants.get(variant.id).spec == TransformSpec()


def test_the_same_image_spec_and_fingerprint_are_one_variant(variants, image):
    first = added(variants, a_variant(image))

    assert variants.add_if_absent(a_variant(image, created_at=later())) == (first, False)


def test_a_variant_that_is_added_twice_is_new_once(variants, image):
    variant = added(variants, a_job(image))

    assert variants.add_if_absent(variant) == (variant, False)


def test_another_image_spec_or_fingerprint_is_another_variant(variants, image, other_image):
    different = [
        a_variant(image),
        a_variant(other_image),
        a_variant(image, spec=TransformSpec()),
        a_variant(image, fingerprint="engine-2"),
    ]

    assert [variants.add_if_absent(variant) for variant in different] == [(variant, True) for variant in different]


def test_a_variant_that_was_not_queued_takes_the_queueing_of_the_next(variants, image):
    variant = added(variants, a_variant(image))

    again, is_new = variants.add_if_absent(a_job(image, queued_at=later(3)))
    assert not is_new
    assert again == evolve(variant, queued_at=later(3))
    assert variants.get(variant.id) == again


def test_a_variant_that_was_queued_keeps_its_first_queueing(variants, image):
    variant = added(variants, a_job(image, queued_at=later(3)))

    variants.add_if_absent(a_job(image, queued_at=later(9)))
    variants.add_if_absent(a_variant(image))
    assert variants.get(variant.id).queued_at == later(3)


def test_a_ready_variant_becomes_a_job_when_it_is_queued(variants, image):
    ready = variants.record(a_variant(image).ready(RENDITION, NOW))

    again, _ = variants.add_if_absent(a_job(image, queued_at=later()))
    assert again == evolve(ready, queued_at=later())


def test_no_variant_is_added_to_an_image_that_is_gone(variants, repositories, image):
    repositories.images.delete(image.id)

    with pytest.raises(ImageNotFound):
        variants.add_if_absent(a_variant(image))


def test_of_many_at_once_one_is_new(variants, image):
    wanted = [a_job(image) for _ in range(THREADS)]

    answers = at_once(lambda number: variants.add_if_absent(wanted[number]))
    assert sorted(is_new for _, is_new in answers) == [False] * (THREADS - 1) + [True]
    assert len({variant.id for variant, _ in answers}) == 1


def test_an_unknown_id_is_no_variant(variants, image):
    added(variants, a_variant(image))

    with pytest.raises(VariantNotFound):
        variants.get(VariantId(uuid4()))


def test_a_variant_is_found_by_what_makes_it_unique(variants, image, other_image):
    variant = added(variants, a_variant(image))

    assert variants.find(variant.name) == variant
    assert variants.find(evolve(variant.name, image_id=other_image.id)) is None
    assert variants.find(evolve(variant.name, spec_id=TransformSpec().id)) is None
    assert variants.find(evolve(variant.name, fingerprint="engine-2")) is None


# the lists


def test_the_list_of_an_image_holds_its_variants_newest_first(variants, image, other_image):
    old, new, _ = added(
        variants,
        a_variant(image, created_at=NOW),
        a_job(image, fingerprint="engine-2", created_at=later()),
        a_variant(other_image),
    )

    assert variants.list_of_image(image.id, PageRequest()).items == [new, old]


def test_a_cursor_leads_through_the_variants_of_an_image(variants, image):
    old, middle, new = added(
        variants, *[a_variant(image, fingerprint=f"engine-{n}", created_at=later(n)) for n in range(3)]
    )

    first = variants.list_of_image(image.id, PageRequest(limit=2))
    second = variants.list_of_image(image.id, PageRequest(limit=2, after=first.next))
    assert (first.items, second.items, second.next) == ([new, middle], [old], None)


def test_jobs_are_the_queued_variants_of_one_user(variants, repositories, image, other_image):
    stranger = a_user()
    repositories.users.add(stranger)
    foreign_image = an_image(stranger)
    repositories.images.add(foreign_image)
    old, new, *_ = added(
        variants,
        a_job(image, created_at=NOW),
        a_job(other_image, created_at=later()),
        a_variant(image, fingerprint="never queued"),
        a_job(foreign_image),
    )

    assert variants.list_jobs(image.owner, PageRequest()).items == [new, old]


def test_jobs_are_listed_by_queueing_not_by_creation(variants, image):
    old, new = added(
        variants,
        a_job(image, created_at=later(2), queued_at=later(2)),
        a_job(image, fingerprint="engine-2", created_at=NOW, queued_at=later(9)),
    )

    assert variants.list_jobs(image.owner, PageRequest()).items == [new, old]


def test_jobs_are_filtered_by_status_and_image(variants, image, other_image):
    waits, elsewhere, makes = added(
        variants,
        a_job(image),
        a_job(other_image, created_at=later(1)),
        a_job(image, fingerprint="engine-2", created_at=later(2)),
    )
    makes = variants.claim(makes.id, HOUR).variant

    def jobs(**filters):
        return variants.list_jobs(image.owner, PageRequest(), **filters).items

    assert jobs(status=VariantStatus.PENDING) == [elsewhere, waits]
    assert jobs(image_id=image.id) == [makes, waits]
    assert jobs(status=VariantStatus.PROCESSING, image_id=image.id) == [makes]
    assert jobs(status=VariantStatus.PROCESSING, image_id=other_image.id) == []
    assert jobs(status=VariantStatus.READY) == []


def test_a_cursor_leads_through_jobs_of_one_status(variants, image):
    old, middle, new = added(
        variants, *[a_job(image, fingerprint=f"engine-{n}", created_at=later(n)) for n in range(3)]
    )
    variants.claim(middle.id, HOUR)

    first = variants.list_jobs(image.owner, PageRequest(limit=1), status=VariantStatus.PENDING)
    rest = PageRequest(limit=1, after=first.next)
    second = variants.list_jobs(image.owner, rest, status=VariantStatus.PENDING)
    assert (first.items, second.items, second.next) == ([new], [old], None)


# claims


def test_a_claim_turns_a_pending_variant_to_processing(variants, image):
    variant = added(variants, a_job(image))

    claim = variants.claim(variant.id, HOUR)
    assert claim.variant == evolve(variant, status=VariantStatus.PROCESSING, attempts=1)
    assert variants.get(variant.id) == claim.variant


def test_a_claim_has_the_image(variants, repositories, owner, other_image):
    tagged = an_image(owner, labels=Labels(name="oak.jpg", tags=("tree", "old")), bytes_of=other_image.id)
    repositories.images.add(tagged)
    first, second = added(variants, a_job(other_image), a_job(tagged))

    assert [variants.claim(job.id, HOUR).image for job in (first, second)] == [other_image, tagged]


def test_a_variant_that_was_never_queued_can_be_claimed(variants, image):
    variant = added(variants, a_variant(image))

    assert variants.claim(variant.id, HOUR) is not None


def test_a_claim_is_refused_while_the_lease_lasts(variants, image):
    variant = added(variants, a_job(image))
    variants.claim(variant.id, HOUR)

    assert variants.claim(variant.id, HOUR) is None
    assert variants.get(variant.id).attempts == 1


def test_a_claim_is_granted_when_the_lease_is_over(variants, image):
    variant = added(variants, a_job(image))
    first = variants.claim(variant.id, NO_TIME)

    second = variants.claim(variant.id, HOUR)
    assert second.variant.attempts == 2
    assert second.token != first.token


def test_a_claim_touches_no_other_variant(variants, image):
    variant, other = added(variants, a_job(image), a_job(image, fingerprint="engine-2"))

    variants.claim(variant.id, HOUR)
    assert variants.get(other.id) == other


def test_what_is_gone_made_or_failed_cannot_be_claimed(variants, repositories, image, other_image):
    ready = variants.record(a_variant(image).ready(RENDITION, NOW))
    broken = failed(variants, a_job(image, fingerprint="engine-2"))
    gone = added(variants, a_job(other_image))
    repositories.images.delete(other_image.id)

    assert [variants.claim(one.id, HOUR) for one in (ready, broken, gone)] == [None, None, None]


def test_of_many_claims_at_once_one_is_granted(variants, image):
    variant = added(variants, a_job(image))

    claims = at_once(lambda _: variants.claim(variant.id, HOUR))
    assert sum(claim is not None for claim in claims) == 1
    assert variants.get(variant.id).attempts == 1


def test_a_finished_variant_is_ready_with_its_rendition(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, HOUR)

    assert variants.finish(claim, RENDITION, later(5))
    assert variants.get(claim.variant.id) == claim.variant.ready(RENDITION, later(5))


def test_a_failed_variant_tells_why(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, HOUR)
    failure = Failure(code="corrupt_image", detail="not a picture: a\\b\0c")

    assert variants.fail(claim, failure, later(5))
    expected = evolve(claim.variant, status=VariantStatus.FAILED, failure=failure, finished_at=later(5))
    assert variants.get(claim.variant.id) == expected


@pytest.mark.parametrize(("charged", "attempts"), [(True, 1), (False, 0)])
def test_a_released_variant_waits_again_and_its_attempt_counts_where_it_is_charged(variants, image, charged, attempts):
    variant = added(variants, a_job(image))

    assert variants.release(variants.claim(variant.id, HOUR), charged=charged)
    assert variants.get(variant.id) == evolve(variant, attempts=attempts)
    assert variants.claim(variant.id, HOUR) is not None


def test_a_renewed_lease_begins_anew(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, NO_TIME)

    assert variants.renew([claim], HOUR) == 1
    assert variants.claim(claim.variant.id, HOUR) is None
    assert variants.get(claim.variant.id) == claim.variant


def test_many_leases_are_renewed_at_once_but_none_that_is_somebody_elses_by_now(variants, image):
    jobs = added(variants, *[a_job(image, fingerprint=f"engine-{number}") for number in range(150)])
    claims = [variants.claim(job.id, NO_TIME) for job in jobs]
    variants.claim(jobs[-1].id, NO_TIME)

    assert variants.renew(claims, HOUR) == 149
    assert variants.take_stalled(HOUR, 200) == [jobs[-1].id]
    assert variants.renew([], HOUR) == 0


def test_a_lease_can_be_renewed_to_end_sooner(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, HOUR)

    variants.renew([claim], NO_TIME)
    assert variants.claim(claim.variant.id, HOUR) is not None


def test_the_latest_claim_still_counts_after_its_lease(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, NO_TIME)

    assert variants.finish(claim, RENDITION, NOW)


ENDINGS = {
    "finish": lambda variants, claim: variants.finish(claim, RENDITION, later(9)),
    "fail": lambda variants, claim: variants.fail(claim, FAILURE, later(9)),
    "release": lambda variants, claim: variants.release(claim, charged=False),
    "renew": lambda variants, claim: variants.renew([claim], NO_TIME),
}


def make_again(variants, claim):
    variants.claim(claim.variant.id, HOUR)


def record_meanwhile(variants, claim):
    variants.record(evolve(claim.variant, status=VariantStatus.PENDING).ready(RENDITION, later(2)))


def release_and_claim(variants, claim):
    variants.release(claim, charged=True)
    variants.claim(claim.variant.id, HOUR)


OVERTAKEN = {
    "claimed by another": make_again,
    "claimed by another after a release": release_and_claim,
    "released": lambda variants, claim: variants.release(claim, charged=True),
    "cancelled": lambda variants, claim: variants.cancel(claim.variant.id, FAILURE, NOW),
    "finished": lambda variants, claim: variants.finish(claim, RENDITION, later(2)),
    "failed": lambda variants, claim: variants.fail(claim, FAILURE, later(2)),
    "recorded": record_meanwhile,
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("overtaken", OVERTAKEN)
def test_a_claim_that_is_not_the_latest_changes_nothing(variants, image, ending, overtaken):
    claim = variants.claim(added(variants, a_job(image)).id, NO_TIME)
    OVERTAKEN[overtaken](variants, claim)
    before = variants.get(claim.variant.id)

    assert not ENDINGS[ending](variants, claim)
    assert variants.get(claim.variant.id) == before
    # Nor was the lease of the one that is the latest touched.
    is_free = before.status is VariantStatus.PENDING
    assert (variants.claim(claim.variant.id, HOUR) is not None) == is_free


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_claim_of_what_was_deleted_changes_nothing(variants, repositories, image, ending):
    claim = variants.claim(added(variants, a_job(image)).id, HOUR)
    repositories.images.delete(image.id)

    assert not ENDINGS[ending](variants, claim)


# record and retry


def test_a_recorded_variant_is_kept(variants, image):
    ready = a_variant(image).ready(RENDITION, later())

    assert variants.record(ready) == ready
    assert variants.get(ready.id) == ready


def test_a_recording_takes_the_place_of_a_waiting_variant(variants, image):
    waiting = added(variants, a_job(image))

    kept = variants.record(a_variant(image, created_at=later(3)).ready(RENDITION, later(4)))
    assert kept == waiting.ready(RENDITION, later(4))
    assert variants.get(waiting.id) == kept


def test_a_waiting_variant_can_itself_be_recorded(variants, image):
    waiting = added(variants, a_job(image))

    assert variants.record(waiting.ready(RENDITION, later())) == waiting.ready(RENDITION, later())


def test_a_recording_takes_the_place_of_a_claimed_variant(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, HOUR)

    kept = variants.record(a_variant(image).ready(RENDITION, later()))
    assert kept == claim.variant.ready(RENDITION, later())


def test_a_recording_takes_the_place_of_a_failed_variant(variants, image):
    broken = failed(variants, a_job(image))

    kept = variants.record(a_variant(image).ready(RENDITION, later(8)))
    assert kept == broken.ready(RENDITION, later(8))
    assert kept.failure is None


def test_a_variant_that_is_ready_stays_as_it_was_recorded_first(variants, image):
    first = variants.record(a_variant(image).ready(RENDITION, later(1)))

    assert variants.record(a_variant(image).ready(evolve(RENDITION, byte_count=9), later(2))) == first
    assert variants.get(first.id) == first


def test_nothing_is_recorded_for_an_image_that_is_gone(variants, repositories, image):
    repositories.images.delete(image.id)

    with pytest.raises(ImageNotFound):
        variants.record(a_variant(image).ready(RENDITION, NOW))


def test_of_many_recordings_at_once_one_is_kept(variants, image):
    ready = [a_variant(image).ready(RENDITION, NOW) for _ in range(THREADS)]

    kept = at_once(lambda number: variants.record(ready[number]))
    assert len(set(kept)) == 1


def test_a_failed_variant_is_tried_again_from_the_beginning(variants, image):
    broken = failed(variants, a_job(image))

    again = variants.retry(broken.id, later(9))
    assert again == a_job(image, id=broken.id, queued_at=later(9))
    assert variants.get(broken.id) == again
    assert variants.claim(broken.id, HOUR).variant.attempts == 1


def test_only_failed_variants_are_tried_again(variants, image):
    waiting = added(variants, a_job(image))
    processing = variants.claim(added(variants, a_job(image, fingerprint="engine-2")).id, HOUR).variant
    ready = variants.record(a_variant(image, fingerprint="engine-3").ready(RENDITION, NOW))

    for variant in (waiting, processing, ready):
        assert variants.retry(variant.id, later(9)) == variant
        assert variants.get(variant.id) == variant


def test_what_is_gone_cannot_be_tried_again(variants):
    with pytest.raises(VariantNotFound):
        variants.retry(VariantId(uuid4()), NOW)


# take_stalled


def test_a_variant_that_waits_without_a_signal_is_stalled(variants, image):
    variant = added(variants, a_job(image))

    assert variants.take_stalled(NO_TIME, 10) == [variant.id]


def test_a_variant_that_was_signalled_a_moment_ago_is_not_stalled(variants, image):
    added(variants, a_job(image, created_at=NOW, queued_at=NOW))

    assert variants.take_stalled(HOUR, 10) == []


def test_a_variant_whose_lease_is_over_is_stalled(variants, image):
    over, lasts = added(variants, a_job(image), a_job(image, fingerprint="engine-2"))
    variants.claim(over.id, NO_TIME)
    variants.claim(lasts.id, HOUR)

    assert variants.take_stalled(NO_TIME, 10) == [over.id]


def test_a_variant_whose_lease_is_over_is_stalled_however_lately_it_was_signalled_and_waits_again(variants, image):
    variant = added(variants, a_job(image))
    old = variants.claim(variant.id, NO_TIME)

    assert variants.take_stalled(HOUR, 10) == [variant.id]
    assert variants.get(variant.id) == evolve(variant, attempts=1)
    assert variants.renew([old], HOUR) == 0
    assert variants.take_stalled(HOUR, 10) == []


def test_what_dead_workers_held_comes_before_what_waits_and_both_within_the_limit(variants, image):
    jobs = [a_job(image, fingerprint=f"engine-{number}", created_at=later(number)) for number in range(3)]
    waiting, held, other = added(variants, *jobs)
    variants.claim(held.id, NO_TIME)
    variants.claim(other.id, NO_TIME)

    assert variants.take_stalled(NO_TIME, 3) == [held.id, other.id, waiting.id]
    variants.claim(held.id, NO_TIME)
    assert variants.take_stalled(NO_TIME, 1) == [held.id]


def test_a_variant_that_was_given_back_counts_as_signalled(variants, image):
    variant = added(variants, a_job(image))
    variants.take_stalled(NO_TIME, 10)
    variants.release(variants.claim(variant.id, HOUR), charged=True)

    assert variants.take_stalled(HOUR, 10) == []
    assert variants.take_stalled(NO_TIME, 10) == [variant.id]


def test_a_renewed_lease_is_not_stalled(variants, image):
    claim = variants.claim(added(variants, a_job(image)).id, NO_TIME)
    variants.renew([claim], HOUR)

    assert variants.take_stalled(NO_TIME, 10) == []


def test_what_is_ready_failed_or_was_never_queued_is_not_stalled(variants, image):
    added(variants, a_variant(image))
    failed(variants, a_job(image, fingerprint="engine-2"))
    added(variants, a_job(image, fingerprint="engine-3"))
    variants.record(a_variant(image, fingerprint="engine-3").ready(RENDITION, NOW))

    assert variants.take_stalled(NO_TIME, 10) == []


def test_a_variant_is_stalled_from_when_it_is_queued(variants, image):
    variant = added(variants, a_variant(image))
    variants.add_if_absent(a_job(image))

    assert variants.take_stalled(HOUR, 10) == []
    assert variants.take_stalled(NO_TIME, 10) == [variant.id]


def test_a_variant_that_is_tried_again_is_stalled_from_then_on(variants, image):
    broken = failed(variants, a_variant(image))
    variants.retry(broken.id, later())

    assert variants.take_stalled(HOUR, 10) == []
    assert variants.take_stalled(NO_TIME, 10) == [broken.id]


def test_the_oldest_stalled_variants_come_first(variants, image):
    jobs = [a_job(image, fingerprint=f"engine-{n}", created_at=later(n), queued_at=later(n)) for n in range(5)]
    added(variants, *jobs)

    assert variants.take_stalled(NO_TIME, 3) == [job.id for job in jobs[:3]]


def test_a_stalled_variant_counts_as_signalled_once_it_is_taken(variants, image):
    jobs = added(variants, *[a_job(image, fingerprint=f"engine-{n}", created_at=later(n)) for n in range(4)])
    variants.take_stalled(NO_TIME, 2)

    assert variants.take_stalled(HOUR, 10) == []
    # All are stalled again when no time may pass, but those that were just signalled come last.
    assert variants.take_stalled(NO_TIME, 2) == [jobs[2].id, jobs[3].id]


def test_taking_what_is_stalled_changes_nothing_that_is_shown(variants, image):
    variant = added(variants, a_job(image))
    variants.take_stalled(NO_TIME, 10)

    assert variants.get(variant.id) == variant


def test_a_claimed_variant_can_be_given_to_another_engine(variants, image):
    variant = added(variants, a_job(image))
    claim = variants.claim(variant.id, HOUR)

    adopted = variants.adopt(claim, "engine-9")

    assert (adopted.variant.fingerprint, adopted.image) == ("engine-9", image)
    assert variants.get(variant.id).fingerprint == "engine-9"
    assert variants.finish(adopted, RENDITION, later())


def test_an_engine_that_has_the_variant_already_does_not_take_another(variants, image):
    variant, _ = added(variants, a_job(image), a_variant(image, fingerprint="engine-9"))
    claim = variants.claim(variant.id, HOUR)

    assert variants.adopt(claim, "engine-9") is None
    assert variants.get(variant.id).fingerprint == variant.fingerprint


def test_only_the_latest_claim_can_give_a_variant_away(variants, image):
    variant = added(variants, a_job(image))
    old = variants.claim(variant.id, NO_TIME)
    variants.claim(variant.id, HOUR)

    assert variants.adopt(old, "engine-9") is None


# cancel


def test_a_job_is_cancelled_whether_or_not_somebody_makes_it(variants, image, other_image):
    waiting, made = added(variants, a_job(image), a_job(other_image))
    variants.claim(made.id, HOUR)

    cancelled = [variants.cancel(job.id, FAILURE, later(5)) for job in (waiting, made)]

    assert [(one.status, one.failure, one.finished_at) for one in cancelled] == [("failed", FAILURE, later(5))] * 2
    assert [variants.get(one.id) for one in cancelled] == cancelled
    assert variants.claim(made.id, HOUR) is None
    assert list(variants.take_stalled(NO_TIME, 10)) == []


def test_what_has_ended_and_what_is_no_job_stays_as_it_is_when_cancelled(variants, image, other_image):
    ended = failed(variants, a_job(image))
    no_job = added(variants, a_variant(other_image))

    assert variants.cancel(ended.id, Failure(code="cancelled", detail="x"), later(9)) == ended
    assert variants.cancel(no_job.id, FAILURE, later(9)) == no_job


def test_what_is_not_there_cannot_be_cancelled(variants):
    with pytest.raises(VariantNotFound):
        variants.cancel(VariantId(uuid4()), FAILURE, NOW)


# delete


def test_a_deleted_variant_is_gone_whatever_its_status_and_no_other_is(repositories, variants, image):
    waiting, claimed, ready, never_queued, kept = (
        a_job(image, fingerprint="waiting"),
        a_job(image, fingerprint="claimed"),
        a_variant(image, fingerprint="ready").ready(RENDITION, later(3)),
        a_variant(image, fingerprint="never queued"),
        a_job(image, fingerprint="kept"),
    )
    added(variants, waiting, claimed, ready, never_queued, kept)
    variants.claim(claimed.id, HOUR)
    ended = failed(variants, a_job(image, fingerprint="ended"))

    for one in (waiting, claimed, ready, never_queued, ended):
        before = variants.get(one.id)
        assert variants.delete(one.id) == before

    assert list(variants.list_of_image(image.id, PageRequest()).items) == [kept]
    assert variants.count_unfinished(image.owner, 10) == 1
    assert repositories.images.get(image.id) == image


def test_what_is_not_there_cannot_be_deleted(variants, image):
    variant = added(variants, a_variant(image))
    variants.delete(variant.id)

    assert variants.delete(variant.id) is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_claim_of_a_variant_that_was_deleted_alone_changes_nothing(variants, image, ending):
    claim = variants.claim(added(variants, a_job(image)).id, HOUR)
    variants.delete(claim.variant.id)
    again = added(variants, a_job(image))

    assert not ENDINGS[ending](variants, claim)
    assert list(variants.list_of_image(image.id, PageRequest()).items) == [again]


def test_of_many_deletions_at_once_one_finds_it(variants, image):
    variant = added(variants, a_job(image))

    deleted = at_once(lambda _: variants.delete(variant.id))

    assert sorted(one is not None for one in deleted) == [False] * (THREADS - 1) + [True]


@pytest.mark.parametrize("recorded", [False, True])
def test_what_is_deleted_while_it_is_asked_for_is_there_or_made_anew(variants, image, recorded):
    def ask(number):
        for _ in range(10):
            wanted = a_variant(image)
            if recorded:
                found = variants.record(wanted.ready(RENDITION, later(3)))
            else:
                found, _ = variants.add_if_absent(wanted)
            if number % 2:
                variants.delete(found.id)

    at_once(ask)

    assert len(variants.list_of_image(image.id, PageRequest()).items) <= 1


def test_the_jobs_of_a_user_that_have_not_ended_are_counted_up_to_a_number(repositories, variants, owner):
    stranger = a_user()
    repositories.users.add(stranger)
    images = [an_image(one) for one in (owner, owner, owner, owner, stranger)]
    for one in images:
        repositories.images.add(one)
    _, begun, ended, *_ = added(variants, *(a_job(one) for one in images))
    variants.claim(begun.id, HOUR)
    variants.finish(variants.claim(ended.id, HOUR), RENDITION, later())
    variants.record(evolve(a_variant(images[0], spec=TransformSpec(steps=[Blur()])).ready(RENDITION, later())))

    assert [variants.count_unfinished(owner.id, most) for most in (0, 2, 3, 100)] == [0, 2, 3, 3]


def test_the_jobs_of_everybody_that_wait_are_counted_up_to_a_number(repositories, variants, owner):
    stranger = a_user()
    repositories.users.add(stranger)
    images = [an_image(one) for one in (owner, owner, owner, stranger)]
    for one in images:
        repositories.images.add(one)
    waiting, begun, ended, of_stranger = added(variants, *(a_job(one) for one in images))
    variants.claim(begun.id, HOUR)
    variants.finish(variants.claim(ended.id, HOUR), RENDITION, later())
    variants.record(evolve(a_variant(images[0], spec=TransformSpec(steps=[Blur()])).ready(RENDITION, later())))

    assert [variants.count_waiting(most) for most in (0, 1, 2, 100)] == [0, 1, 2, 2]
    for one in (waiting, of_stranger):
        variants.claim(one.id, HOUR)
    assert variants.count_waiting(100) == 0


def test_how_far_many_jobs_have_come_is_told_at_once(variants, image, other_image):
    waiting, begun = added(variants, a_job(image), a_job(other_image))
    variants.claim(begun.id, HOUR)

    found = variants.progress([waiting.id, begun.id, VariantId(uuid4())])

    assert found == {waiting.id: Progress("pending", 0), begun.id: Progress("processing", 1)}
    assert variants.progress([]) == {}
