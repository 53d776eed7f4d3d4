"""Threads that take jobs and make variants, and the clockwork that finds what was left lying."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Event, Lock, Semaphore, Thread, current_thread
from time import monotonic

from attrs import Factory, define, field

from imgsvc.domain.errors import Busy
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.logs import bind, unbind
from imgsvc.entrypoints.messenger import Messenger
from imgsvc.entrypoints.postponed import Postponed, level_of
from imgsvc.ports.jobs import Delivery

logger = logging.getLogger(__name__)

_RECEIVE_TIMEOUT = timedelta(seconds=1)  # how late a slot may notice that it should stop
_SWEEP_EVERY = timedelta(hours=1)
# A queue that outlives us still has what was signalled: while it keeps us busy, nothing is signalled twice so soon.
_BACKLOG_PATIENCE = timedelta(minutes=10)
_HANGING_SECONDS = 60.0  # of a job, on top of twice its deadline: storage has deadlines of its own


@contextmanager
def running_worker(service: Service, slots: int) -> Iterator["Worker"]:
    """Make queued variants, ``slots`` at once, until the context ends.

    What runs then may finish within the grace time of the settings; what does not is given back, for others to make.
    """
    worker = Worker(service, slots)
    try:
        worker.start()
        yield worker
    finally:
        worker.finish()


@define(eq=False)
class Worker:
    """``start``, then ``stop`` as soon as it should end, and ``finish`` to wait for that.

    A slot is free again once its picture is rendered: there are two threads for each, so that one begins the next job
    while the other stores what it has made, which is mostly to wait for disks and servers.
    """

    service: Service
    slots: int
    _free_slots: Semaphore = field(init=False, default=Factory(lambda self: Semaphore(self.slots), takes_self=True))
    _threads: list[Thread] = field(factory=list, init=False)
    _messenger: Messenger | None = field(default=None, init=False)
    _stopping: Event = field(factory=Event, init=False)
    _stop_by: float = field(default=0.0, init=False)  # on the monotonic clock
    _busy_since: dict[str, float] = field(factory=dict, init=False)  # names of threads that are at a job
    _is_idle: bool = field(default=False, init=False)  # some slot has found nothing to do
    _lock: Lock = field(factory=Lock, init=False)

    def start(self) -> None:
        """Raises Busy where the queue inside this process cannot be given what an earlier process left."""
        if self.slots and not self.service.jobs.outlives_process:
            self.service.use_cases.requeue_stalled(timedelta(0))
        self._threads += [
            Thread(target=self._take_jobs, name=f"worker-{number}", daemon=True) for number in range(2 * self.slots)
        ]
        if self.slots:
            self._threads += [
                self._clockwork("requeue", self._requeue_after / 3, self._requeue),
                self._clockwork("sweep", _SWEEP_EVERY, self._sweep),
            ]
            if self.service.settings.webhooks:
                self._messenger = Messenger(self.service)
                self._messenger.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more; from here on the grace time runs."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stop_by = monotonic() + self.service.settings.worker_grace_seconds
            self._stopping.set()
        self.service.jobs.leave()
        if self._messenger is not None:
            self._messenger.stop()

    def finish(self) -> None:
        """Stop, wait for what runs, and give back what the grace time does not suffice for."""
        self.stop()
        for thread in self._threads:
            if thread.ident is not None:  # it was started
                thread.join(max(0.0, self._stop_by - monotonic()))
        if self._messenger is not None:
            self._messenger.finish(self._stop_by)
        self._give_back()

    @property
    def is_well(self) -> bool:
        """Every thread lives until it is told to stop, and none is at one job for longer than any job can take."""
        longest = 2 * self.service.settings.job_seconds + _HANGING_SECONDS
        if any(monotonic() - since > longest for since in list(self._busy_since.values())):
            return False
        if self._messenger is not None and not self._messenger.is_well:
            return False
        return self._stopping.is_set() or all(thread.is_alive() for thread in self._threads)

    @property
    def _requeue_after(self) -> timedelta:
        return timedelta(seconds=self.service.settings.requeue_after_seconds)

    def _give_back(self) -> None:
        try:
            count = self.service.use_cases.give_back_unfinished()
        except Busy as error:
            # The leases end by themselves.
            logger.warning("what is not finished could not be given back: %s", error.detail)
        else:
            if count:
                logger.warning("gave back what could not be finished in time", extra={"count": count})

    def _take_jobs(self) -> None:
        while not self._stopping.is_set():
            with ExitStack() as slot:
                slot.enter_context(self._free_slots)
                if not self._stopping.is_set():
                    self._take_job(slot)
        self.service.jobs.leave()  # again: whoever was told to stop just before he asked for a job is back by that

    def _take_job(self, slot: ExitStack) -> None:
        delivery = self.service.jobs.receive(_RECEIVE_TIMEOUT)
        if delivery is None:
            self._is_idle = True
        elif self._stopping.is_set():
            delivery.requeue(timedelta(0))
        else:
            self._work_on(delivery, slot)

    def _work_on(self, delivery: Delivery, slot: ExitStack) -> None:
        thread, begun = current_thread().name, monotonic()
        self._busy_since[thread] = begun
        bind(variant_id=str(delivery.variant_id))
        if delivery.request_id is not None:
            bind(request_id=delivery.request_id)
        try:
            is_done = self._make(delivery, slot)
        except Busy as error:
            logger.log(level_of(error), "job comes back later: %s", error.detail)
            delivery.requeue(timedelta(seconds=error.retry_after))
            # Whatever is taken next would most likely come to the same.
            self._stopping.wait(error.retry_after)
        except Exception:
            # The lease ends by itself, and the variant is found again.
            logger.exception("job was left")
            delivery.acknowledge()
        else:
            delivery.acknowledge()
            told = "job" if is_done else "a signal, of a job that is at work, has ended, or is gone"
            logger.info(told, extra={"duration": round((monotonic() - begun) * 1e9)})  # nanoseconds, as ECS has it
        finally:
            unbind()
            del self._busy_since[thread]

    def _make(self, delivery: Delivery, slot: ExitStack) -> bool:
        """Whether there was anything to do."""

        def make_way() -> None:
            delivery.make_way()
            slot.close()

        if delivery.was_given_up:
            is_given_up = self.service.use_cases.give_up_variant(delivery.variant_id)
            if is_given_up:
                logger.error("job was delivered too often and is given up")
            return is_given_up
        return self.service.use_cases.make_variant(delivery.variant_id, make_way)

    def _clockwork(self, name: str, interval: timedelta, work: Callable[[], None]) -> Thread:
        return Thread(target=self._every, args=(interval, work), name=name, daemon=True)

    def _every(self, interval: timedelta, work: Callable[[], None]) -> None:
        """Do the work now and then at every interval, whatever comes of it."""
        postponed = Postponed(logger, "maintenance comes back later: %s")
        while True:
            try:
                work()
            except Busy as error:
                postponed.has_failed(error)
            except Exception:
                logger.exception("maintenance failed")
            else:
                postponed.has_worked()
            if self._stopping.wait(interval.total_seconds()):
                return

    def _requeue(self) -> None:
        is_behind = self.service.jobs.outlives_process and not self._is_idle
        self._is_idle = False
        self.service.use_cases.requeue_stalled(_BACKLOG_PATIENCE if is_behind else self._requeue_after)

    def _sweep(self) -> None:
        self.service.use_cases.sweep(must_stop=self._stopping.is_set)
