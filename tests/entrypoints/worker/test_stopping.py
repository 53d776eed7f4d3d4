"""What becomes of jobs when a worker is told to stop."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import active_count
from threading import enumerate as enumerate_threads

import pytest
from attrs import evolve

from imgsvc import running_worker
from imgsvc.domain.errors import Unavailable
from imgsvc.entrypoints.worker import Worker
from tests.application.adapters import Failing, Gate
from tests.entrypoints.worker.services import Recorded, attempts, with_engine, with_use_case
from tests.waiting import wait_for


def impatient(service, grace=0):
    return evolve(service, settings=evolve(service.settings, worker_grace_seconds=grace))


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

    wait_for(lambda: active_count() == before)


def test_what_does_not_finish_in_time_is_given_back_and_not_charged(service, ada, asked_for):
    gate = Gate()
    job = asked_for(5)

    with running_worker(with_engine(impatient(service), gate), slots=1):
        assert gate.reached.wait(30)

    assert service.use_cases.get_variant(ada, job.id).status == "pending"
    assert attempts(service, job) == 0
    gate.opened.set()


def test_what_was_given_back_is_made_by_another_and_its_first_maker_changes_nothing(service, ada, asked_for):
    gate = Gate()
    job = asked_for(5)
    with running_worker(with_engine(impatient(service), gate), slots=1):
        assert gate.reached.wait(30)

    service.use_cases.make_variant(job.id)
    made = service.use_cases.get_variant(ada, job.id)
    gate.opened.set()
    wait_for(lambda: not {"worker-0", "worker-1"} & {thread.name for thread in enumerate_threads()})

    assert (made.status, made.attempts) == ("ready", 1)
    assert service.use_cases.get_variant(ada, job.id) == made


def test_a_database_that_is_away_holds_up_no_end(service, asked_for, caplog):
    gate = Gate()
    asked_for(5)
    give_back = Recorded(lambda: None, Failing([Unavailable("the database does not answer")]))

    with running_worker(with_use_case(with_engine(impatient(service), gate), give_back_unfinished=give_back), slots=1):
        assert gate.reached.wait(30)

    assert "could not be given back: the database does not answer" in caplog.text
    gate.opened.set()


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_worker_is_well_while_it_works_and_while_it_stops(service, asked_for, is_stopping):
    gate = Gate()
    asked_for(5)
    worker = Worker(with_engine(service, gate), 1)
    worker.start()
    assert gate.reached.wait(30)
    if is_stopping:
        worker.stop()

    assert worker.is_well
    gate.opened.set()
    worker.finish()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_whose_slot_died_is_not_well(service):
    class Dying:
        outlives_process = False

        def receive(self, timeout):
            raise SystemExit

        def leave(self):
            pass

    worker = Worker(evolve(service, jobs=Dying()), 1)
    worker.start()
    try:
        wait_for(lambda: not worker.is_well)
    finally:
        worker.finish()
