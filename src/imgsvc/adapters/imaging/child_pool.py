"""ChildPool: child processes that are started, handed out, taken back and replaced."""

import logging
import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import inf
from queue import SimpleQueue
from threading import Event, Lock, Thread

from attrs import field, frozen

from imgsvc.adapters.imaging.child_process import ChildFailed, ChildProcess
from imgsvc.adapters.imaging.deadline import Deadline
from imgsvc.adapters.imaging.idle_children import IdleChildren
from imgsvc.domain.errors import Busy
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.metrics import NO_METRICS, Metrics

logger = logging.getLogger(__name__)

_START_SECONDS = 60.0  # a child that is not ready by then never will be


@frozen(kw_only=True)
class ChildPool:
    """``slots`` children that have the engine; whoever takes one, within ``wait``, puts it back or replaces it.

    ``memory`` is what a child may have, in bytes. The engine must be fit for pickling. To be opened by ``running``.
    """

    engine: ImageEngine = field(kw_only=False)
    slots: int
    wait: timedelta
    memory: int
    metrics: Metrics = NO_METRICS
    children: set[ChildProcess] = field(init=False, factory=set)  # also those that are not ready yet
    idle: IdleChildren = field(init=False, factory=IdleChildren)
    _orders: SimpleQueue[bool] = field(init=False, factory=SimpleQueue)  # of children; False: no more
    _lock: Lock = field(init=False, factory=Lock)  # of children
    _closed: Event = field(init=False, factory=Event)
    _confined: Event = field(init=False, factory=Event)

    @property
    def is_confined(self) -> bool:
        """Whether the kernel keeps children from files, programs and TCP."""
        return self._confined.is_set()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises RuntimeError if no child can begin."""
        # Linux kills a child when the thread that started it ends, so one thread starts them all, and stays.
        begin = pickle.dumps((self.engine, self.memory))
        keeper = Thread(target=self._keep, args=(begin,), name="children", daemon=True)
        keeper.start()
        try:
            for _ in range(self.slots):
                self._orders.put(True)
            self._greet_first()
            yield
        finally:
            self._closed.set()
            self._orders.put(False)
            keeper.join()
            for child in list(self.children):
                child.kill()

    def take(self, digest: str | None = None, *, seconds: float = inf, fresh: bool = False) -> ChildProcess:
        """One that is ready, and ``fresh`` as it can be, within ``seconds`` if that is less. Raises Busy."""
        end = time.monotonic() + min(seconds, self.wait.total_seconds())
        while not self.is_closed:
            remaining = max(0.0, end - time.monotonic())
            try:
                child = self.idle.take(remaining, digest, fresh=fresh)
            except TimeoutError:
                break
            try:
                child.await_ready(remaining)
            except TimeoutError:
                self._put_back_unready(child)
                break
            except (ChildFailed, OSError, ValueError) as error:
                # Not this call's doing: the machine may be short of memory, or somebody has killed it.
                logger.warning("a child process was lost while it had nothing to do: %s", error)
                self.metrics.child_lost("idle")
                self.replace(child)
                continue
            return child
        raise Busy("other pictures took too long")

    def take_fresh(self, deadline: Deadline) -> ChildProcess:
        """The one in place of the child that has failed; where others were quicker to take it, one more is replaced."""
        try:
            while (child := self.take(seconds=deadline.left, fresh=True)).calls > 0:
                self.replace(child)
        except Busy:
            # Else a job that fails just before its deadline would be given back as often as it is made.
            if deadline.is_over:
                raise deadline.failure() from None
            raise
        return child

    def put_back(self, child: ChildProcess) -> None:
        self.idle.put(child)

    def replace(self, child: ChildProcess) -> None:
        with self._lock:
            self.children.discard(child)
        if not self.is_closed:
            self._orders.put(True)
        child.kill()

    def _put_back_unready(self, child: ChildProcess) -> None:
        if time.monotonic() - child.started_at > _START_SECONDS:
            self.metrics.child_lost("start")
            self.replace(child)
        else:
            self.idle.put(child)

    def _keep(self, begin: bytes) -> None:
        while self._orders.get():
            try:
                child = ChildProcess(begin, self.memory)
            except OSError:
                logger.exception("a child process could not be started; trying again")
                self._orders.put(not self._closed.wait(1))
                continue
            with self._lock:
                self.children.add(child)
            self.idle.put(child)

    def _greet_first(self) -> None:
        try:
            child = self.idle.take(_START_SECONDS)
            child.await_ready(_START_SECONDS)
        except (ChildFailed, OSError) as error:
            raise RuntimeError(f"the image engine does not start in a process of its own: {error}") from None
        if child.is_confined:
            self._confined.set()
        else:
            logger.warning("pictures are decoded without Landlock: a decoder that was taken over could open files")
        self.idle.put(child)
