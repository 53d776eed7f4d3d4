"""How the queue in the process stays small, in order, and wakes the right ones."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import monotonic
from uuid import uuid4

import pytest

from imgsvc.adapters.jobs import open_jobs
from imgsvc.adapters.jobs.in_process import InProcessJobs
from imgsvc.domain.errors import Unavailable
from imgsvc.domain.variant import VariantId

NOW = timedelta(0)
SOON = timedelta(seconds=10)  # nobody waits that long unless something is broken


@pytest.fixture
def jobs():
    return InProcessJobs()


@pytest.fixture
def variant_id():
    return VariantId(uuid4())


def all_waiting(jobs):
    found = []
    while delivery := jobs.receive(NOW):
        found.append(delivery.variant_id)
    return found


def test_who_came_first_is_served_first(jobs):
    variant_ids = [VariantId(uuid4()) for _ in range(20)]
    for variant_id in variant_ids:
        jobs.publish(variant_id)

    assert all_waiting(jobs) == variant_ids


def test_one_that_waits_is_not_queued_again_and_keeps_its_place(jobs, variant_id):
    other = VariantId(uuid4())
    for each in (variant_id, other, variant_id, variant_id, other):
        jobs.publish(each)

    assert all_waiting(jobs) == [variant_id, other]


def test_one_that_is_being_worked_on_is_queued_once_more(jobs, variant_id):
    jobs.publish(variant_id)
    jobs.receive(NOW)
    jobs.publish(variant_id)
    jobs.publish(variant_id)

    assert all_waiting(jobs) == [variant_id]


def test_publishing_does_not_cut_a_delay_short(jobs, variant_id):
    jobs.publish(variant_id)
    jobs.receive(NOW).requeue(timedelta(hours=1))
    jobs.publish(variant_id)

    assert jobs.receive(NOW) is None


def test_what_waits_and_is_due_again_is_delivered_once(jobs, variant_id):
    jobs.publish(variant_id)
    first = jobs.receive(NOW)
    jobs.publish(variant_id)
    first.requeue(NOW)

    assert all_waiting(jobs) == [variant_id]


def test_two_delays_of_one_variant_become_the_longer(jobs, variant_id):
    jobs.publish(variant_id)
    first = jobs.receive(NOW)
    jobs.publish(variant_id)
    second = jobs.receive(NOW)
    begun = monotonic()

    first.requeue(timedelta(seconds=0.3))
    second.requeue(timedelta(seconds=0.1))
    again = jobs.receive(SOON)

    assert again.variant_id == variant_id
    assert monotonic() - begun >= 0.3
    assert jobs.receive(NOW) is None


def test_a_delay_is_put_off_by_a_longer_one(jobs, variant_id):
    jobs.publish(variant_id)
    first = jobs.receive(NOW)
    jobs.publish(variant_id)
    second = jobs.receive(NOW)

    first.requeue(NOW)
    second.requeue(timedelta(hours=1))

    assert jobs.receive(timedelta(seconds=0.05)) is None


def test_the_shortest_delay_is_over_first(jobs):
    variant_ids = [VariantId(uuid4()) for _ in range(3)]
    for variant_id in variant_ids:
        jobs.publish(variant_id)
    deliveries = [jobs.receive(NOW) for _ in variant_ids]
    for delivery, seconds in zip(deliveries, (0.3, 0.1, 0.2), strict=True):
        delivery.requeue(timedelta(seconds=seconds))

    came = [jobs.receive(SOON).variant_id for _ in variant_ids]

    assert came == [variant_ids[1], variant_ids[2], variant_ids[0]]


def test_what_was_acknowledged_cannot_be_requeued(jobs, variant_id):
    jobs.publish(variant_id)
    delivery = jobs.receive(NOW)
    delivery.acknowledge()

    delivery.requeue(NOW)

    assert jobs.receive(NOW) is None


def test_what_was_requeued_cannot_be_requeued_again(jobs, variant_id):
    jobs.publish(variant_id)
    delivery = jobs.receive(NOW)
    delivery.requeue(NOW)
    jobs.receive(NOW).acknowledge()

    delivery.requeue(NOW)

    assert jobs.receive(NOW) is None


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=-5), timedelta.min])
def test_no_delay_is_at_once(jobs, variant_id, delay):
    jobs.publish(variant_id)
    jobs.receive(NOW).requeue(delay)

    assert jobs.receive(NOW).variant_id == variant_id


def test_the_longest_times_there_are_can_be_waited_for(jobs, variant_id):
    jobs.publish(variant_id)
    jobs.receive(NOW).requeue(timedelta.max)
    other = VariantId(uuid4())

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(jobs.receive, timedelta.max)
        wait_for_waiters(jobs, 1)
        jobs.publish(other)

        assert waiting.result(timeout=10).variant_id == other


def wait_for_waiters(jobs, count):
    """Until so many threads wait for a job; looks into the condition, because nothing else can tell."""
    while True:
        with jobs._changed:
            if len(jobs._changed._waiters) >= count:
                return
        Event().wait(0.001)


def test_all_that_is_due_at_once_wakes_as_many_workers(jobs):
    variant_ids = [VariantId(uuid4()) for _ in range(3)]
    for variant_id in variant_ids:
        jobs.publish(variant_id)
    deliveries = [jobs.receive(NOW) for _ in variant_ids]

    with ThreadPoolExecutor(3) as threads:
        begun = monotonic()
        workers = [threads.submit(jobs.receive, timedelta(seconds=30)) for _ in variant_ids]
        wait_for_waiters(jobs, 3)
        for delivery in deliveries:
            delivery.requeue(timedelta(seconds=0.2))
        came = [worker.result().variant_id for worker in workers]

    assert sorted(came) == sorted(variant_ids)
    assert monotonic() - begun < 10


def test_a_delay_is_watched_although_its_watcher_leaves(jobs, variant_id):
    jobs.publish(variant_id)
    delivery = jobs.receive(NOW)

    with ThreadPoolExecutor(2) as threads:
        begun = monotonic()
        impatient = threads.submit(jobs.receive, timedelta(seconds=0.2))
        wait_for_waiters(jobs, 1)
        patient = threads.submit(jobs.receive, timedelta(seconds=30))
        wait_for_waiters(jobs, 2)
        delivery.requeue(timedelta(seconds=0.5))

        assert impatient.result() is None
        assert patient.result().variant_id == variant_id
    assert monotonic() - begun < 10


def test_closing_wakes_all_who_wait(jobs):
    with ThreadPoolExecutor(3) as threads:
        workers = [threads.submit(jobs.receive, timedelta(hours=1)) for _ in range(3)]
        wait_for_waiters(jobs, 3)
        jobs.close()

        assert [worker.result(timeout=10) for worker in workers] == [None, None, None]


def test_a_closed_queue_takes_nothing(jobs, variant_id):
    jobs.publish(variant_id)
    delivery = jobs.receive(NOW)
    jobs.close()

    delivery.requeue(NOW)

    with pytest.raises(Unavailable):
        jobs.publish(variant_id)
    assert jobs.receive(SOON) is None


def test_failing_and_publishing_for_ever_takes_no_more_memory(jobs, variant_id):
    for _ in range(1000):
        jobs.publish(variant_id)
        if delivery := jobs.receive(NOW):
            jobs.publish(variant_id)
            delivery.requeue(timedelta(hours=1))

    assert len(jobs._waiting) + len(jobs._delayed._due) + len(jobs._delayed._order) <= 5


@pytest.mark.parametrize(
    ("url", "culprit"),
    [
        ("amqq://name:password@host", "'amqq'.*memory:"),
        ("", "''.*memory:"),
        ("memory:?size=1", "option 'size'"),
        ("memory:here", "just memory:"),
    ],
)
def test_a_url_that_means_nothing_is_refused(url, culprit):
    with pytest.raises(ValueError, match=culprit) as refused, open_jobs(url):
        pass

    assert "password" not in str(refused.value)
