"""What every job queue promises (ports/jobs.py)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Thread
from time import monotonic
from uuid import uuid4

import pytest

from imgsvc.adapters.jobs import open_jobs
from imgsvc.domain.variant import VariantId
from tests.waiting import wait_for

SOON = timedelta(seconds=10)  # nobody waits that long unless a promise is broken
NOW = timedelta(milliseconds=50)


@pytest.fixture
def variant_id():
    return VariantId(uuid4())


def received(source, count):
    """The ids of the next deliveries, each acknowledged."""
    found = []
    while len(found) < count and (delivery := source.receive(SOON)):
        delivery.acknowledge()
        found.append(delivery.variant_id)
    return found


def test_what_is_published_is_delivered(jobs, variant_id):
    jobs.queue.publish(variant_id)

    delivery = jobs.source.receive(SOON)

    assert delivery.variant_id == variant_id
    delivery.acknowledge()


def test_everything_that_is_published_is_delivered(jobs):
    variant_ids = {VariantId(uuid4()) for _ in range(50)}
    for variant_id in variant_ids:
        jobs.queue.publish(variant_id)

    assert set(received(jobs.source, 50)) == variant_ids


def test_who_waits_for_a_signal_returns_when_the_source_is_left(jobs):
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(jobs.source.receive, SOON) for _ in range(2)]
        # Again and again: a thread that has not begun to wait has nothing to return from.
        wait_for(lambda: jobs.source.leave() or all(one.done() for one in waiting), seconds=SOON.total_seconds() / 2)

    assert [one.result() for one in waiting] == [None, None]


def test_who_was_gone_is_back_when_he_asks_again(jobs, variant_id):
    jobs.source.leave()
    jobs.queue.publish(variant_id)

    assert received(jobs.source, 1) == [variant_id]


def test_what_is_acknowledged_does_not_come_back(jobs, variant_id):
    jobs.queue.publish(variant_id)
    jobs.source.receive(SOON).acknowledge()

    assert jobs.source.receive(NOW) is None


def test_publishing_twice_is_harmless(jobs, variant_id):
    jobs.queue.publish(variant_id)
    jobs.queue.publish(variant_id)

    assert jobs.source.receive(SOON).variant_id == variant_id


def test_one_that_is_being_worked_on_can_be_published_again(jobs, variant_id):
    jobs.queue.publish(variant_id)
    first = jobs.source.receive(SOON)
    jobs.queue.publish(variant_id)
    first.acknowledge()

    assert received(jobs.source, 1) == [variant_id]


def test_receive_waits_for_its_time_when_nothing_comes(jobs):
    begun = monotonic()
    delivery = jobs.source.receive(timedelta(seconds=0.2))

    assert delivery is None
    assert monotonic() - begun >= 0.2


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(seconds=-1)])
def test_receive_without_time_returns_at_once(jobs, timeout):
    assert jobs.source.receive(timeout) is None


def test_receive_returns_as_soon_as_something_comes(jobs, variant_id):
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(jobs.source.receive, timedelta(seconds=60))
        jobs.queue.publish(variant_id)
        delivery = waiting.result(timeout=SOON.total_seconds())

    assert delivery.variant_id == variant_id
    delivery.acknowledge()


def test_what_is_requeued_comes_back(jobs, variant_id):
    jobs.queue.publish(variant_id)
    jobs.source.receive(SOON).requeue(timedelta(0))

    assert received(jobs.source, 1) == [variant_id]


def test_what_is_requeued_does_not_come_back_before_its_delay_is_over(jobs, variant_id):
    jobs.queue.publish(variant_id)
    delivery = jobs.source.receive(SOON)
    begun = monotonic()
    delivery.requeue(timedelta(seconds=0.3))
    again = jobs.source.receive(SOON)

    assert again.variant_id == variant_id
    assert monotonic() - begun >= 0.3
    again.acknowledge()


def test_a_delay_does_not_hold_up_the_others(jobs, variant_id):
    jobs.queue.publish(variant_id)
    jobs.source.receive(SOON).requeue(timedelta(hours=1))
    other = VariantId(uuid4())
    jobs.queue.publish(other)

    assert received(jobs.source, 1) == [other]


def test_what_has_made_way_lets_another_come_and_does_not_come_back(jobs_url, variant_id):
    other = VariantId(uuid4())
    with open_jobs(jobs_url, slots=1) as jobs:
        jobs.queue.publish(variant_id)
        delivery = jobs.source.receive(SOON)
        jobs.queue.publish(other)
        delivery.make_way()
        coming = jobs.source.receive(SOON)
        delivery.acknowledge()
        coming.acknowledge()

        assert coming.variant_id == other
        assert jobs.source.receive(NOW) is None


def test_what_has_made_way_comes_back_when_it_is_requeued(jobs, variant_id):
    jobs.queue.publish(variant_id)
    delivery = jobs.source.receive(SOON)
    delivery.make_way()
    delivery.requeue(timedelta(seconds=0.01))

    assert received(jobs.source, 1) == [variant_id]
    assert jobs.source.receive(NOW) is None


def test_a_published_one_is_delivered_although_its_delay_runs(jobs, variant_id):
    jobs.queue.publish(variant_id)
    jobs.source.receive(SOON).requeue(timedelta(seconds=0.2))
    jobs.queue.publish(variant_id)

    assert received(jobs.source, 1) == [variant_id]


def test_each_signal_goes_to_one_worker(jobs):
    variant_ids = [VariantId(uuid4()) for _ in range(200)]

    with ThreadPoolExecutor(4) as threads:
        workers = [threads.submit(received, jobs.source, 50) for _ in range(4)]
        for variant_id in variant_ids:
            jobs.queue.publish(variant_id)
        found = [variant_id for worker in workers for variant_id in worker.result()]

    assert sorted(found) == sorted(variant_ids)


def test_threads_publish_at_once(jobs):
    variant_ids = [VariantId(uuid4()) for _ in range(200)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(jobs.queue.publish, variant_ids))

    assert set(received(jobs.source, 200)) == set(variant_ids)


def test_whoever_takes_a_job_learns_which_request_asked_for_it(jobs_url, variant_id):
    request_ids = ["first", None]
    with open_jobs(jobs_url, request_id=lambda: request_ids.pop(0)) as jobs:
        jobs.queue.publish(variant_id)
        told = jobs.source.receive(SOON)
        told.requeue(timedelta(seconds=0.01))
        again = jobs.source.receive(SOON)
        again.acknowledge()
        jobs.queue.publish(variant_id)
        untold = jobs.source.receive(SOON)

    assert [told.request_id, again.request_id, untold.request_id] == ["first", "first", None]


def test_what_is_delivered_was_not_given_up(jobs, variant_id):
    jobs.queue.publish(variant_id)
    first = jobs.source.receive(SOON)
    first.requeue(timedelta(0))

    assert not first.was_given_up
    assert not jobs.source.receive(SOON).was_given_up


def test_who_left_can_settle_what_runs_and_come_back(jobs, variant_id):
    jobs.queue.publish(variant_id)
    delivery = jobs.source.receive(SOON)
    other = VariantId(uuid4())
    jobs.queue.publish(other)

    jobs.source.leave()
    delivery.acknowledge()

    assert received(jobs.source, 1) == [other]
    assert jobs.source.receive(NOW) is None


def test_a_queue_that_works_passes_its_check(jobs):
    jobs.queue.check()


def test_closing_sends_those_who_wait_home(jobs_url):
    found = []
    with open_jobs(jobs_url) as jobs:
        workers = [
            Thread(target=lambda: found.append(jobs.source.receive(timedelta(hours=1))), daemon=True) for _ in range(3)
        ]
        for worker in workers:
            worker.start()
    for worker in workers:
        worker.join(timeout=SOON.total_seconds())

    assert found == [None, None, None]


def test_a_closed_source_gives_nothing(jobs_url, variant_id):
    with open_jobs(jobs_url) as jobs:
        jobs.queue.publish(variant_id)

    assert jobs.source.receive(SOON) is None
