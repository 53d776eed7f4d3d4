"""A broker that dies, hangs, is full or forgets, and signals that come twice or are not settled: F7 to F13, F15."""

import shutil
from contextlib import contextmanager
from datetime import timedelta
from statistics import quantiles

import pytest

from imgsvc.adapters.jobs.rabbitmq.messages import Message
from imgsvc.domain.variant import VariantId
from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute
from tests.real_servers.rabbitmq import channel_on, full
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
AT_ONCE = timedelta(seconds=0.3)


@pytest.fixture(scope="module")
def api(standing_installation):
    return standing_installation.api()


@pytest.fixture(scope="module")
def way(standing_installation, api):
    """Which the worker goes to the broker."""
    return standing_installation.behind("rabbitmq")


@pytest.fixture(scope="module")
def worker(standing_installation, way):
    return standing_installation.worker()


@pytest.fixture
def somebody(standing, api, worker):
    return standing.somebody(api)


@pytest.fixture
def order(somebody):
    """Orders so many jobs; their ids, and how long each order took."""
    image, widths = somebody.upload(PICTURE), iter(range(1, 1000))

    def orders(count):
        answers = [somebody.try_to_order(image, next(widths)) for _ in range(count)]
        assert {answer.status_code for answer in answers} == {202}
        return [answer.json()["id"] for answer in answers], [answer.elapsed for answer in answers]

    return orders


@contextmanager
def working_on_one(somebody, worker, order):
    """The worker has taken a job, its id, and others wait in the queue, until the end of it."""
    with worker.frozen_children():
        (job,), _ = order(1)
        wait_for(lambda: somebody.job(job)["status"] == "processing")
        yield job


def outcomes(somebody, jobs):
    """Of jobs, once all have ended."""
    ended = [somebody.ended(job) for job in jobs]
    return {(job["status"], job["attempts"]) for job in ended}


def most(latencies):
    """Of twenty, nineteen took no longer."""
    return quantiles(latencies, n=20)[-1]


def test_jobs_that_are_ordered_before_and_after_the_broker_is_killed_are_all_made(standing, somebody, worker, order):
    with working_on_one(somebody, worker, order) as taken:
        before, _ = order(100)
        wait_for(lambda: standing.signals() == len(before))
        standing.servers.rabbitmq.kill()
        meanwhile, latencies = order(100)
        standing.servers.rabbitmq.start()

    assert most(latencies) < AT_ONCE
    assert outcomes(somebody, [taken, *before, *meanwhile]) == {("ready", 1)}


def test_nobody_notices_a_broker_that_hangs_but_jobs(standing, somebody, order):
    usual, latencies = order(20)
    with standing.servers.rabbitmq.frozen():
        meanwhile, then = order(20)

    assert most(then) < most(latencies) + AT_ONCE
    assert outcomes(somebody, usual + meanwhile) == {("ready", 1)}


def test_jobs_wait_for_a_broker_that_takes_nothing_more(standing, somebody, order):
    with full(standing.servers.rabbitmq):
        jobs, latencies = order(20)
        wait_for(lambda: somebody.client.get("/readyz").json()["checks"]["jobs"] is False)
        waiting = {somebody.job(job)["status"] for job in jobs[1:]}

    assert waiting == {"pending"}
    assert most(latencies) < AT_ONCE
    assert outcomes(somebody, jobs) == {("ready", 1)}


def test_signals_that_are_lost_with_their_queue_are_sent_again(standing, somebody, worker, order):
    with working_on_one(somebody, worker, order) as taken:
        lost, _ = order(5)
        wait_for(lambda: standing.signals() >= len(lost))  # one that waits for long is sent again
        with channel_on(standing.servers.rabbitmq.url) as channel:
            for queue in (standing.queue, f"{standing.queue}.later", f"{standing.queue}.dead-letters"):
                channel.queue_delete(queue)
        more, _ = order(5)

    assert outcomes(somebody, [taken, *lost, *more]) == {("ready", 1)}


def test_signals_of_a_broker_that_has_lost_everything_are_sent_again(standing, somebody, worker, order):
    broker = standing.servers.rabbitmq
    with working_on_one(somebody, worker, order) as taken:
        lost, _ = order(5)
        wait_for(lambda: standing.signals() >= len(lost))  # one that waits for long is sent again
        broker.kill()
        shutil.rmtree(broker.folder / "mnesia")
        broker.start()

    assert outcomes(somebody, [taken, *lost]) == {("ready", 1)}


def test_a_job_that_is_signalled_many_times_is_made_once(standing, somebody, worker, order):
    with working_on_one(somebody, worker, order) as job:
        signal_again(standing, job)
    assert outcomes(somebody, [job]) == {("ready", 1)}
    made = row_of(standing, job)

    signal_again(standing, job)

    wait_for(lambda: standing.signals() == 0)
    next_job, _ = order(1)
    assert outcomes(somebody, next_job) == {("ready", 1)}
    assert row_of(standing, job) == made


def signal_again(standing, job):
    with channel_on(standing.servers.rabbitmq.url) as channel:
        for _ in range(5):
            channel.basic_publish("", standing.queue, Message(VariantId(job), None).encoded())


def row_of(standing, job):
    return execute(standing.database_url, f"SELECT * FROM variants WHERE id = '{job}'")


def test_a_job_whose_end_the_broker_did_not_hear_of_is_made_once(standing, somebody, worker, order, way):
    with working_on_one(somebody, worker, order) as job:
        way.is_silent = True
    assert outcomes(somebody, [job]) == {("ready", 1)}
    made = row_of(standing, job)

    way.reset()
    way.heal()

    next_job, _ = order(1)
    assert outcomes(somebody, next_job) == {("ready", 1)}
    assert row_of(standing, job) == made
    wait_for(lambda: standing.signals() == 0)
