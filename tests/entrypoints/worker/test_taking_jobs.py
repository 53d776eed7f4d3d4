"""Threads that take jobs, and the clockwork behind them."""

import logging
import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Barrier, Event
from uuid import uuid4

import pytest
from attrs import evolve
from structlog.contextvars import bound_contextvars, get_contextvars

from imgsvc import compose, running_worker
from imgsvc.adapters.repositories import open_repositories
from imgsvc.domain.errors import Busy, Unavailable
from imgsvc.domain.notation import parse
from imgsvc.entrypoints.worker import Worker
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import Failing, Gate, UnreachableJobs, VariantsThatFinishLate
from tests.entities import a_user
from tests.entrypoints.worker.services import Recorded, attempts, statuses, with_engine, with_use_case
from tests.pictures import encoded, quadrants
from tests.waiting import wait_for


class BusyForNow(Busy):
    retry_after = 0  # seconds


def test_what_is_queued_is_made(service, ada, asked_for):
    with running_worker(service, slots=2):
        for width in range(1, 11):
            asked_for(width)
        wait_for(lambda: statuses(service, ada) == {"ready"})

    assert len(service.use_cases.list_jobs(ada, PageRequest(limit=100)).items) == 10


def test_a_slot_begins_the_next_job_while_the_last_one_is_stored(service, ada, asked_for):
    gate, begun = Gate(), []
    rendering = with_engine(service, lambda: begun.append(1))
    make_variant = rendering.use_cases.make_variant
    late = VariantsThatFinishLate(make_variant.variants.engine, gate)

    with running_worker(with_use_case(rendering, make_variant=evolve(make_variant, variants=late)), slots=1):
        asked_for(5)
        assert gate.reached.wait(30)
        asked_for(6)
        wait_for(lambda: len(begun) == 2)
        assert statuses(service, ada) == {"processing"}
        gate.opened.set()
        wait_for(lambda: statuses(service, ada) == {"ready"})


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


def test_a_job_that_finds_us_busy_comes_back_and_is_not_charged(service, ada, asked_for, caplog):
    busy = Failing([BusyForNow("too many pictures wait")] * 5)
    job = asked_for(5)

    with running_worker(with_engine(service, busy), slots=1):
        wait_for(lambda: statuses(service, ada) == {"ready"})

    assert attempts(service, job) == 1
    assert caplog.text.count("job comes back later: too many pictures wait") == 5


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

    assert [variant_id for variant_id, _ in broken.calls] == [first.id, second.id]
    assert "job was left" in caplog.text
    assert service.use_cases.requeue_stalled(timedelta(0)) == 1  # its row is found again


def test_the_log_tells_which_variant_it_is_about(service, asked_for):
    job = asked_for(5)
    seen = []

    with running_worker(with_engine(service, lambda: seen.append(get_contextvars())), slots=1):
        wait_for(lambda: seen)

    assert seen == [{"variant_id": str(job.id)}]


def test_what_is_left_lying_is_found_although_looking_failed_before(service, ada, image):
    service = evolve(service, settings=evolve(service.settings, requeue_after_seconds=1))
    requeue = Recorded(service.use_cases.requeue_stalled)
    failing = Failing([Unavailable("the database does not answer"), ZeroDivisionError()])

    with running_worker(with_use_case(service, requeue_stalled=requeue), slots=1):
        requeue.before = failing
        wait_for(lambda: not failing.errors)
        unsignalled = evolve(service.use_cases.request_variant, jobs=UnreachableJobs())
        unsignalled(ada, image.id, parse("w:5"))
        wait_for(lambda: statuses(service, ada) == {"ready"})


def test_maintenance_that_is_put_off_is_told_once_until_it_has_worked_again(service, caplog, monkeypatch):
    monkeypatch.setattr(Worker, "_requeue_after", timedelta(seconds=0.03))
    caplog.set_level(logging.INFO, "imgsvc")
    away = Unavailable("the database does not answer")
    failing = Failing([])
    requeue = Recorded(service.use_cases.requeue_stalled, failing)

    with running_worker(with_use_case(service, requeue_stalled=requeue), slots=1):
        for _ in range(2):
            failing.errors += [away] * 3
            wait_for(lambda: not failing.errors)
            tried = len(requeue.calls)
            wait_for(lambda tried=tried: len(requeue.calls) > tried + 1)  # the one in between has worked

    told = [(record.levelname, record.message) for record in caplog.records if "maintenance" in record.message]
    assert told == [("INFO", "maintenance comes back later: the database does not answer")] * 2


def test_orphans_are_swept_when_they_are_old_enough(settings, caplog):
    caplog.set_level(logging.INFO)
    grown = _grown(settings)
    with compose(grown) as service:
        old, young = (_original_without_a_row(settings, seconds) for seconds in (2000, 500))
        ada = service.use_cases.register_user("ada", "correct horse").id
        service.use_cases.upload_image(ada, BytesIO(encoded(quadrants())))

        with running_worker(service, slots=1):
            wait_for(lambda: not old.exists())

    assert young.exists()
    assert "removed blobs without a row" in caplog.text


@pytest.mark.parametrize(("is_marked", "told"), [(False, "has no mark"), (True, "seems to belong to another database")])
def test_the_storage_of_another_installation_is_told_and_left_alone(settings, caplog, is_marked, told):
    if is_marked:
        with compose(settings):
            pass
    originals = [_original_without_a_row(settings, 2000) for _ in range(3)]

    with compose(_grown(settings)) as service, running_worker(service, slots=1):
        wait_for(lambda: any(one.levelname == "ERROR" and told in one.message for one in caplog.records))

    assert all(path.exists() for path in originals)


def _grown(settings):
    """An installation that has had somebody for two hours."""
    grown = evolve(settings, orphan_grace_seconds=1000)
    with open_repositories(grown.resolved().database_url) as repositories:
        repositories.users.add(a_user(created_at=datetime.now(UTC) - timedelta(hours=2)))
    return grown


def _original_without_a_row(settings, seconds):
    """So old; where it lies."""
    path = settings.data_dir / "blobs" / "originals" / f"{uuid4()}+"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))
    return path


def test_the_log_tells_which_request_a_job_comes_from(service, asked_for):
    seen = []

    with bound_contextvars(request_id="the-request"):
        asked_for(5)
    with running_worker(with_engine(service, lambda: seen.append(get_contextvars())), slots=1):
        wait_for(lambda: seen)

    assert seen[0]["request_id"] == "the-request"
