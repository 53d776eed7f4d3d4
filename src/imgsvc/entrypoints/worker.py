"""Threads that take jobs and make variants, and the clockwork that finds what was left lying."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from attrs import field, frozen

from imgsvc.domain.errors import Busy
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.logs import bind, unbind
from imgsvc.ports.jobs import Delivery

logger = logging.getLogger(__name__)

_RECEIVE_TIMEOUT = timedelta(seconds=1)  # how late a worker may notice that it should stop
_REQUEUE_EVERY = timedelta(seconds=5)
_STALLED_AFTER = timedelta(seconds=15)
_SWEEP_EVERY = timedelta(hours=1)


@contextmanager
def running_worker(service: Service, slots: int) -> Iterator[None]:
    """Make queued variants with ``slots`` threads until the context ends; what runs then is finished first."""
    worker = _Worker(service)
    # What an earlier process left comes first, however young it is.
    service.use_cases.requeue_stalled(timedelta(0))
    threads = [Thread(target=worker.take_jobs, name=f"worker-{number}", daemon=True) for number in range(slots)]
    threads += [
        Thread(target=worker.every, args=(_REQUEUE_EVERY, worker.requeue), name="requeue", daemon=True),
        Thread(target=worker.every, args=(_SWEEP_EVERY, worker.sweep), name="sweep", daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        worker.stopping.set()
        for thread in threads:
            if thread.ident is not None:  # it was started
                thread.join()


@frozen
class _Worker:
    service: Service
    stopping: Event = field(factory=Event)

    def take_jobs(self) -> None:
        while not self.stopping.is_set():
            delivery = self.service.jobs.receive(_RECEIVE_TIMEOUT)
            if delivery is not None:
                self._work_on(delivery)

    def _work_on(self, delivery: Delivery) -> None:
        bind(variant_id=str(delivery.variant_id))
        if delivery.request_id is not None:
            bind(request_id=delivery.request_id)
        try:
            self.service.use_cases.make_variant(delivery.variant_id)
        except Busy as error:
            logger.warning("job comes back later: %s", error.detail)
            delivery.requeue(timedelta(seconds=error.retry_after))
        except Exception:
            # The lease ends by itself, and the variant is found again.
            logger.exception("job was left")
            delivery.acknowledge()
        else:
            delivery.acknowledge()
        finally:
            unbind()

    def every(self, interval: timedelta, work: Callable[[], None]) -> None:
        """Do the work now and then at every interval, whatever comes of it."""
        while True:
            try:
                work()
            except Busy as error:
                logger.warning("maintenance comes back later: %s", error.detail)
            except Exception:
                logger.exception("maintenance failed")
            if self.stopping.wait(interval.total_seconds()):
                return

    def requeue(self) -> None:
        self.service.use_cases.requeue_stalled(_STALLED_AFTER)

    def sweep(self) -> None:
        removed = self.service.use_cases.sweep_orphans(timedelta(seconds=self.service.settings.orphan_grace_seconds))
        if removed:
            logger.info("removed blobs without a row", extra={"count": removed})
