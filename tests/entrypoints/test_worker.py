"""Threads that take jobs, and the clockwork behind them."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Barrier, Event, active_count
from threading import enumerate as enumerate_threads
from uuid import uuid4

import pytest
from attrs import define, evolve, field
from structlog.contextvars import bound_contextvars, get_contextvars

from imgsvc import compose, running_worker
from imgsvc.adapters.repositories import open_repositories
from imgsvc.domain.errors import Busy, Unavailable
from imgsvc.domain.notation import parse
from imgsvc.entrypoints import worker as worker_module
from imgsvc.ports.repositories import PageRequest
from tests.application.adapters import Failing, Gate, UnreachableJobs, WatchedEngine
from tests.entities import a_user
from tests.pictures import encoded, quadrants
from tests.waiting import wait_for


class BusyForNow(Busy):
    retry_after = 0  # seconds


def with_engine(service, before):
    """The service whose engine does what ``before`` says first, whenever a job is made."""
    make_variant = service.use_cases.make_variant
    watched = evolve(make_variant, engine=WatchedEngine(make_variant.engine, before))
    return evolve(service, use_cases=evolve(service.use_cases, make_variant=watched))


def with_use_case(service, **changes):
    return evolve(service, use_cases=evolve(service.use_cases, **changes))


@define(eq=False)
class Recorded:
    """A use case that counts its calls, and does what ``before`` says first."""

    use_case: object
    before: object = field(default=lambda: None)
    calls: list = field(factory=list)

    def __call__(self, *arguments):
        self.calls.append(arguments)
        self.before()
        return self.use_case(*arguments)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Stopping takes as long as a worker waits for a job."""
    monkeypatch.setattr(worker_module, "_RECEIVE_TIMEOUT", timedelta(seconds=0.1))


@pytest.fixture
def ada(service):
    return service.use_cases.register_user("ada", "correct horse").id


@pytest.fixture
def image(service, ada):
    return service.use_cases.upload_image(ada, BytesIO(encoded(quadrants())))


@pytest.fixture
def asked_for(service, image):
    """Asks for a rendering in the background; each width is one."""
    return lambda width: service.use_cases.request_variant(image.owner, image.id, parse(f"w:{width}"))


def statuses(service, owner):
    return {str(job.status) for job in service.use_cases.list_jobs(owner, PageRequest(limit=100)).items}


def attempts(service, job):
    return service.use_cases.get_variant(job.owner, job.id).attempts


def test_what_is_queued_is_made(service, ada, asked_for):
    with running_worker(service, slots=2):
        for width in range(1, 11):
            asked_for(width)
        wait_for(lambda: statuses(service, ada) == {"ready"})

    assert len(service.use_cases.list_jobs(ada, PageRequest(limit=100)).items) == 10


def test_what_an_earlier_process_left_is_made(settings, service, ada, asked_for):
    asked_for(5)

    with compose(settings) as restarted, running_worker(restarted, slots=1):
        # Sooner than what is left lying would be found by the clock.
        wait_for(lambda: statuses(restarted, ada) == {"ready"}, seconds=10)


def test_as_many_jobs_are_made_at_once_as_there_are_slots(service, ada, asked_for):
    together = Barrier(2)
    for width in (5, 6, 7, 8):
        asked_for(width)

    with running_worker(with_engine(service, lambda: together.wait(30)), slots=2):
        wait_for(lambda: statuses(service, ada) == {"ready"})


def test_without_slots_nothing_is_made(service, ada, asked_for):
    asked_for(5)

    with running_worker(service, slots=0):
        pass

    assert statuses(service, ada) == {"pending"}


def test_stopping_finishes_what_runs_and_begins_nothing_else(service, ada, asked_for):
    gate = Gate()
    first, second = asked_for(5), asked_for(6)

    with ThreadPoolExecutor(1) as threads, ExitStack() as worker:
        worker.enter_context(running_worker(with_engine(service, gate), slots=1))
        assert gate.reached.wait(30)
        stopping = threads.submit(worker.close)
        wait_for(lambda: "requeue" not in {thread.name for thread in enumerate_threads()})  # it is told to stop
        assert not stopping.done()
        gate.opened.set()
        stopping.result(30)

    assert service.use_cases.get_variant(ada, first.id).status == "ready"
    assert service.use_cases.get_variant(ada, second.id).status == "pending"


def test_stopping_leaves_no_thread(service, asked_for):
    asked_for(5)
    before = active_count()

    with running_worker(service, slots=3):
        pass

    assert active_count() == before


def test_a_job_that_finds_us_busy_comes_back_and_is_not_charged(service, ada, asked_for, caplog):
    busy = Failing([BusyForNow("too many pictures wait")] * 5)
    job = asked_for(5)

    with running_worker(with_engine(service, busy), slots=1):
        wait_for(lambda: statuses(service, ada) == {"ready"})

    assert attempts(service, job) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 5


def test_a_job_that_comes_back_waits_as_long_as_the_error_says(service, asked_for):
    taken = Event()

    def busy():
        taken.set()
        raise Busy("too many pictures wait")

    asked_for(5)
    recorded = Recorded(service.use_cases.make_variant, busy)
    with running_worker(with_use_case(service, make_variant=recorded), slots=1):
        assert taken.wait(30)

    # It has stopped by now, and the delay is two seconds.
    assert len(recorded.calls) == 1
    assert service.jobs.receive(timedelta(0)) is None
    assert service.jobs.receive(timedelta(seconds=10)) is not None


def test_a_failure_of_ours_costs_one_signal_and_not_the_worker(service, ada, asked_for, caplog):
    broken = Recorded(service.use_cases.make_variant, Failing([ZeroDivisionError()]))
    first = asked_for(5)

    with running_worker(with_use_case(service, make_variant=broken), slots=1):
        wait_for(lambda: broken.calls)
        second = asked_for(6)
        wait_for(lambda: service.use_cases.get_variant(ada, second.id).status == "ready")

    assert broken.calls == [(first.id,), (second.id,)]
    assert "job was left" in caplog.text
    assert service.use_cases.requeue_stalled(timedelta(0)) == 1  # its row is found again


def test_the_log_tells_which_variant_it_is_about(service, asked_for):
    job = asked_for(5)
    seen = []

    with running_worker(with_engine(service, lambda: seen.append(get_contextvars())), slots=1):
        wait_for(lambda: seen)

    assert seen == [{"variant_id": str(job.id)}]


def test_what_is_left_lying_is_found_although_looking_failed_before(service, ada, image, monkeypatch):
    monkeypatch.setattr(worker_module, "_REQUEUE_EVERY", timedelta(seconds=0.01))
    monkeypatch.setattr(worker_module, "_STALLED_AFTER", timedelta(0))
    requeue = Recorded(service.use_cases.requeue_stalled)
    failing = Failing([Unavailable("the database does not answer"), ZeroDivisionError()])

    with running_worker(with_use_case(service, requeue_stalled=requeue), slots=1):
        requeue.before = failing
        wait_for(lambda: not failing.errors)
        unsignalled = evolve(service.use_cases.request_variant, jobs=UnreachableJobs())
        unsignalled(ada, image.id, parse("w:5"))
        wait_for(lambda: statuses(service, ada) == {"ready"})


def test_orphans_are_swept_when_they_are_old_enough(settings, caplog):
    caplog.set_level(logging.INFO)
    grown = evolve(settings, orphan_grace_seconds=1000)
    with open_repositories(grown.resolved().database_url) as repositories:
        repositories.users.add(a_user(created_at=datetime.now(UTC) - timedelta(hours=2)))
    with compose(grown) as service:
        old, young = (settings.data_dir / "blobs" / "originals" / f"{uuid4()}+" for _ in range(2))
        for path, age in ((old, 2000), (young, 500)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"content")
            moment = path.stat().st_mtime - age
            os.utime(path, (moment, moment))

        with running_worker(service, slots=0):
            wait_for(lambda: not old.exists())

    assert young.exists()
    assert "removed blobs without a row" in caplog.text


def test_the_log_tells_which_request_a_job_comes_from(service, asked_for):
    seen = []

    with bound_contextvars(request_id="the-request"):
        asked_for(5)
    with running_worker(with_engine(service, lambda: seen.append(get_contextvars())), slots=1):
        wait_for(lambda: seen)

    assert seen[0]["request_id"] == "the-request"
