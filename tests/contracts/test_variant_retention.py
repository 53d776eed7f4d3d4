"""What every RetentionRepository does.

What is unused for no time may go at once; where a longer time matters, the row is told that it was used long ago.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.errors import VariantNotFound
from imgsvc.domain.operations import Blur
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import VariantId
from imgsvc.ports.pages import PageRequest
from imgsvc.ports.retention import Original
from tests.ages import unused_since
from tests.entities import FAILURE, RENDITION, a_job, a_user, a_variant, an_image

HOUR = timedelta(hours=1)
NO_TIME = timedelta(0)
# On the clock of this machine; that of the database need only be near it.
LONG_AGO = datetime.now(UTC) - timedelta(days=100)
LATELY = datetime.now(UTC) - timedelta(seconds=30)


@pytest.fixture
def variants(repositories):
    return repositories.variants


@pytest.fixture
def retention(repositories):
    return repositories.retention


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


def ready(variants, image, number=1, at=LONG_AGO):
    """Made on the spot."""
    return variants.record(a_variant(image, spec=spec(number)).ready(RENDITION, at))


def ready_job(variants, image, number=1, at=LONG_AGO):
    variants.add_if_absent(job := a_job(image, spec=spec(number), created_at=at))
    assert variants.finish(variants.claim(job.id, HOUR), RENDITION, at)
    return variants.get(job.id)


def failed_job(variants, image, number=1, at=LONG_AGO):
    variants.add_if_absent(job := a_job(image, spec=spec(number), created_at=at))
    assert variants.fail(variants.claim(job.id, HOUR), FAILURE, at)
    return variants.get(job.id)


def unused(variants, retention, image, number=1, since=LONG_AGO):
    """Made on the spot, and not wanted since."""
    variant = ready(variants, image, number)
    unused_since(retention, since, variant.id)
    return variant


def spec(number):
    return TransformSpec(steps=[Blur(sigma=number)])


def ids(positions):
    return [position.id for position in positions]


def is_gone(variants, variant):
    try:
        variants.get(variant.id)
    except VariantNotFound:
        return True
    return False


def test_a_variant_that_is_made_counts_as_used(variants, retention, image):
    variants.add_if_absent(a_variant(image, spec=spec(1)))

    waited, made, job = ready(variants, image, 1), ready(variants, image, 2), ready_job(variants, image, 3)

    assert retention.unused(HOUR, 10) == []
    assert set(ids(retention.unused(NO_TIME, 10))) == {waited.id, made.id}
    for variant in (waited, made, job):
        assert abs(datetime.now(UTC) - variant.used_at) < HOUR


def test_the_longest_unused_come_first_and_a_use_puts_a_variant_last(variants, retention, image):
    first, second, third = (unused(variants, retention, image, n, LONG_AGO + n * HOUR) for n in (1, 2, 3))

    assert retention.note_use(first.id)

    assert ids(retention.unused(HOUR, 10)) == [second.id, third.id]
    assert ids(retention.unused(NO_TIME, 10)) == [second.id, third.id, first.id]


def test_the_use_of_a_variant_that_is_gone_is_no_use(retention):
    assert not retention.note_use(VariantId(uuid4()))


def test_the_unused_are_read_part_by_part(variants, retention, image):
    made = [unused(variants, retention, image, number, LONG_AGO + number * HOUR).id for number in range(1, 6)]

    first = retention.unused(NO_TIME, 2)
    second = retention.unused(NO_TIME, 2, first[-1])
    third = retention.unused(NO_TIME, 2, second[-1])

    assert [ids(part) for part in (first, second, third)] == [made[:2], made[2:4], made[4:]]


def test_what_is_unused_expires_and_can_be_made_again(variants, retention, image):
    variant = unused(variants, retention, image)

    expired = retention.expire([variant.id], HOUR)

    assert expired == {variant.id: variant.name}
    assert is_gone(variants, variant)
    assert variants.find(variant.name) is None
    assert ready(variants, image).id != variant.id


def test_of_those_that_may_expire_only_the_named_do(variants, retention, image):
    first, second = ready(variants, image, 1), ready(variants, image, 2)

    assert retention.expire([], NO_TIME) == {}
    assert set(retention.expire([first.id, VariantId(uuid4())], NO_TIME)) == {first.id}
    assert not is_gone(variants, second)


def asked_for_in_the_background(variants, retention, variant):
    variants.add_if_absent(evolve(variant, id=VariantId(uuid4()), queued_at=LATELY))


SINCE_THEN = {
    "it was used": lambda variants, retention, variant: retention.note_use(variant.id),
    "it was asked for in the background": asked_for_in_the_background,
}


@pytest.mark.parametrize("happened", SINCE_THEN)
def test_a_variant_stays_when_since_somebody_looked(variants, retention, image, happened):
    variant = unused(variants, retention, image)
    assert retention.unused(HOUR, 10)

    SINCE_THEN[happened](variants, retention, variant)

    assert retention.expire([variant.id], HOUR) == {}
    assert variants.get(variant.id).status == "ready"


def test_neither_jobs_nor_what_is_unfinished_expires(variants, retention, image):
    jobs = [make(variants, image, number) for number, make in enumerate((ready_job, failed_job), 1)]
    variants.add_if_absent(waiting := a_job(image, spec=spec(3)))
    variants.add_if_absent(claimed := a_job(image, spec=spec(4)))
    variants.claim(claimed.id, NO_TIME)
    variants.add_if_absent(unqueued := a_variant(image, spec=spec(5)))

    assert retention.unused(NO_TIME, 10) == []
    assert retention.expire([one.id for one in (*jobs, waiting, claimed, unqueued)], NO_TIME) == {}


def test_finished_jobs_are_found_by_their_age_the_oldest_first(variants, retention, image):
    older = failed_job(variants, image, 1, at=LONG_AGO - HOUR)
    old = ready_job(variants, image, 2)
    young = ready_job(variants, image, 3, at=LATELY)
    ready(variants, image, 4)
    variants.add_if_absent(a_job(image, spec=spec(5), created_at=LONG_AGO))

    assert ids(retention.finished_jobs(HOUR, 10)) == [older.id, old.id]
    assert ids(retention.finished_jobs(NO_TIME, 10)) == [older.id, old.id, young.id]
    assert ids(retention.finished_jobs(NO_TIME, 2, retention.finished_jobs(NO_TIME, 1)[0])) == [old.id, young.id]


def test_a_job_that_was_ready_long_before_it_was_asked_for_is_as_young_as_the_request(variants, retention, image):
    variant = ready(variants, image)
    asked_for_in_the_background(variants, retention, variant)

    assert retention.finished_jobs(HOUR, 10) == []
    assert retention.prune([variant.id], HOUR).kept == []


def test_a_failed_job_is_pruned_as_a_whole(variants, retention, image):
    job = failed_job(variants, image)

    pruned = retention.prune([job.id], HOUR)

    assert (pruned.removed, pruned.kept) == ([job.id], [])
    assert is_gone(variants, job)


def test_a_ready_job_is_pruned_to_a_variant_which_may_expire_later(variants, retention, image):
    job = ready_job(variants, image)

    pruned = retention.prune([job.id], HOUR)

    assert (pruned.removed, pruned.kept) == ([], [job.id])
    assert variants.list_jobs(job.owner, PageRequest()).items == []
    assert variants.get(job.id) == evolve(job, queued_at=None)
    assert variants.take_stalled(NO_TIME, 10) == []
    assert ids(retention.unused(NO_TIME, 10)) == [job.id]


def test_a_failed_job_that_is_tried_again_since_somebody_looked_stays(variants, retention, image):
    job = failed_job(variants, image)
    assert retention.finished_jobs(HOUR, 10)
    variants.retry(job.id, LATELY)

    assert retention.prune([job.id], NO_TIME).removed == []
    assert variants.claim(job.id, HOUR)


def test_names_are_told_from_those_that_no_variant_has(variants, retention, image):
    made, waiting = ready(variants, image, 1), a_job(image, spec=spec(2))
    variants.add_if_absent(waiting)
    others = [evolve(made.name, fingerprint="engine-2"), evolve(made.name, spec_id="another")]

    assert retention.existing([made.name, waiting.name, *others]) == {made.name, waiting.name}
    assert retention.existing([]) == set()


def test_variants_are_read_by_name_part_by_part_each_once(repositories, variants, retention, owner, image):
    other = an_image(owner)
    repositories.images.add(other)
    old = [unused(variants, retention, one, number) for one in (image, other) for number in (1, 2)]
    young, job, failed = ready(variants, image, 3), ready_job(variants, image, 4), failed_job(variants, image, 5)

    found, after = [], None
    while part := retention.by_name(HOUR, 2, after):
        found += part
        after = part[-1]

    assert {one.id: one.name for one in found} == {one.id: one.name for one in (*old, young, job, failed)}
    assert len(found) == 7
    assert {one.id for one in found if one.is_unused} == {one.id for one in old}


def test_images_are_read_part_by_part_each_once(repositories, retention, owner):
    added = [an_image(owner) for _ in range(5)]
    for image in added:
        repositories.images.add(image)

    repositories.images.add(shared := an_image(owner, bytes_of=added[0].id))

    first = retention.originals(3)
    second = retention.originals(3, first[-1])

    expected = [Original(image.id, image.bytes_id) for image in (*added, shared)]
    assert [*first, *second] == sorted(expected, key=lambda one: one.id)


@pytest.mark.parametrize("what", ["expire", "prune"])
def test_several_at_once_remove_each_only_once(variants, retention, image, what):
    make = {"expire": ready, "prune": failed_job}[what]
    old = [make(variants, image, number).id for number in range(1, 21)]
    together = Barrier(4)

    def remove():
        together.wait(10)
        if what == "expire":
            return list(retention.expire(old, NO_TIME))
        return list(retention.prune(old, NO_TIME).removed)

    with ThreadPoolExecutor(4) as threads:
        removed = [one for part in [threads.submit(remove) for _ in range(4)] for one in part.result(30)]

    assert sorted(removed) == sorted(old)


def test_a_use_at_the_same_time_either_comes_in_time_or_finds_the_variant_gone(variants, retention, image):
    outcomes = set()
    for number in range(1, 31):
        variant, together = unused(variants, retention, image, number), Barrier(2)

        def use(variant=variant, together=together):
            together.wait(10)
            return retention.note_use(variant.id)

        with ThreadPoolExecutor(1) as threads:
            using = threads.submit(use)
            together.wait(10)
            expired = retention.expire([variant.id], HOUR)
            was_in_time = using.result(30)

        outcomes.add((was_in_time, is_gone(variants, variant), variant.id in expired))

    assert outcomes <= {(True, False, False), (False, True, True)}
