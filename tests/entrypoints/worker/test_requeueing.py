"""When a worker has signalled again what waits: soon, but never so often that signals pile up."""

from datetime import timedelta
from threading import Event

from attrs import define, evolve, field

from imgsvc import running_worker
from tests.entrypoints.worker.services import Recorded, with_use_case
from tests.waiting import wait_for

SOON = timedelta(seconds=1)


@define
class LastingJobs:
    """A queue that outlives its process, and never has anything."""

    outlives_process: bool = True
    asked: Event = field(factory=Event)
    may_answer: Event = field(factory=Event)

    def receive(self, timeout):
        self.asked.set()
        self.may_answer.wait(10)

    def leave(self):
        self.may_answer.set()


def watched(service, jobs):
    requeue = Recorded(lambda idle: 0)
    impatient = evolve(service, settings=evolve(service.settings, requeue_after_seconds=1), jobs=jobs)
    return with_use_case(impatient, requeue_stalled=requeue), requeue.calls


def test_what_an_earlier_process_took_along_is_signalled_before_anything_else(service):
    watching, calls = watched(service, LastingJobs(outlives_process=False))

    with running_worker(watching, slots=1):
        pass

    assert calls[0] == (timedelta(0),)


def test_what_a_lasting_queue_still_has_is_not_signalled_again_at_start_nor_while_it_keeps_us_busy(service):
    jobs = LastingJobs()
    watching, calls = watched(service, jobs)

    with running_worker(watching, slots=1):
        assert jobs.asked.wait(10)
        wait_for(lambda: len(calls) >= 3)

    assert min(calls) == (timedelta(minutes=10),)


def test_a_worker_with_nothing_to_do_looks_for_lost_signals(service):
    jobs = LastingJobs()
    jobs.may_answer.set()
    watching, calls = watched(service, jobs)

    with running_worker(watching, slots=1):
        wait_for(lambda: (SOON,) in calls)


def test_a_queue_that_is_lost_with_us_is_filled_again_however_busy_we_are(service):
    jobs = LastingJobs(outlives_process=False)
    watching, calls = watched(service, jobs)

    with running_worker(watching, slots=1):
        assert jobs.asked.wait(10)
        wait_for(lambda: len(calls) >= 3)

    assert set(calls[1:]) == {(SOON,)}


def test_without_slots_nothing_is_signalled(service):
    watching, calls = watched(service, LastingJobs(outlives_process=False))

    with running_worker(watching, slots=0):
        pass

    assert calls == []
