"""ChildProcessEngine: any engine, in child processes that can be killed and that hold no secrets."""

import logging
import pickle
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from queue import SimpleQueue
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Any, BinaryIO

from attrs import Factory, field, frozen

from imgsvc.adapters.imaging.answers import facts_in, failure_in, is_unexplained, rendered_in
from imgsvc.adapters.imaging.child_process import ChildFailed, ChildProcess
from imgsvc.adapters.imaging.idle_children import IdleChildren
from imgsvc.adapters.imaging.messages import OUT_OF_MEMORY, Source, SourceUnreadable
from imgsvc.adapters.imaging.opening import SNIFFED
from imgsvc.adapters.imaging.tasks import Deadline, Task
from imgsvc.domain.errors import Busy, RenderingCrashed, RenderingOutOfMemory
from imgsvc.domain.image import Facts
from imgsvc.domain.transform import TransformSpec
from imgsvc.ports.imaging import NO_OVERLAYS, ImageEngine, Overlays, Rendered
from imgsvc.ports.metrics import NO_METRICS, Metrics

logger = logging.getLogger(__name__)

_START_SECONDS = 60.0  # a child that is not ready by then never will be


@frozen(kw_only=True)
class ChildProcessEngine:
    """``slots`` children work, one call each; ``queue`` more calls wait, for ``wait`` at most; others find it Busy.

    A call that takes longer than it says, or else than ``deadline``, or that ends its child, fails alone: another child
    takes the place. So it does after ``calls_per_child`` calls, against what libraries leak. Where it may be no fault
    of the picture, a new child is asked before the call fails: where a child ends, or one that has worked before does
    not know why it fails. ``memory`` is what a child may have, in bytes. The engine must be fit for pickling. To be
    opened by ``running``.
    """

    engine: ImageEngine = field(kw_only=False)
    slots: int
    queue: int
    wait: timedelta
    deadline: timedelta
    memory: int
    calls_per_child: int = 5000  # one starts in the time of a dozen; 6,000 of all kinds left 3 MB behind
    metrics: Metrics = NO_METRICS
    _admitted: BoundedSemaphore = field(
        init=False, default=Factory(lambda self: BoundedSemaphore(self.slots + self.queue), takes_self=True)
    )
    _idle: IdleChildren = field(init=False, factory=IdleChildren)
    _orders: SimpleQueue[bool] = field(init=False, factory=SimpleQueue)  # of children; False: no more
    _children: set[ChildProcess] = field(init=False, factory=set)
    _lock: Lock = field(init=False, factory=Lock)  # of _children
    _closed: Event = field(init=False, factory=Event)
    _confined: Event = field(init=False, factory=Event)

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def is_confined(self) -> bool:
        """Whether the kernel keeps children from files, programs and TCP."""
        return self._confined.is_set()

    def check(self, spec: TransformSpec) -> None:
        self.engine.check(spec)

    def measure(self, source: BinaryIO) -> Facts:
        source.seek(0)
        start = source.read(SNIFFED)  # also so that one which cannot be read costs no child
        answer, _ = self._call(Task(None, source))
        return facts_in(answer, start)

    def render(
        self,
        source: BinaryIO,
        spec: TransformSpec,
        overlays: Overlays = NO_OVERLAYS,
        *,
        deadline: timedelta | None = None,
        digest: str | None = None,
    ) -> Rendered:
        answer, made = self._call(Task(spec, source, overlays, digest), deadline)
        return rendered_in(answer, made)

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
            for child in list(self._children):
                child.kill()

    def _keep(self, begin: bytes) -> None:
        while self._orders.get():
            try:
                child = ChildProcess(begin, self.memory)
            except OSError:
                logger.exception("a child process could not be started; trying again")
                self._orders.put(not self._closed.wait(1))
                continue
            with self._lock:
                self._children.add(child)
            self._idle.put(child)

    def _greet_first(self) -> None:
        try:
            child = self._idle.take(_START_SECONDS)
            child.await_ready(_START_SECONDS)
        except (ChildFailed, OSError) as error:
            raise RuntimeError(f"the image engine does not start in a process of its own: {error}") from None
        if child.is_confined:
            self._confined.set()
        else:
            logger.warning("pictures are decoded without Landlock: a decoder that was taken over could open files")
        self._idle.put(child)

    def _call(self, task: Task, deadline: timedelta | None = None) -> tuple[dict[str, Any], bytes]:
        """The answer in its two parts."""
        if not self._admitted.acquire(blocking=False):
            raise Busy("too many pictures wait to be worked on")
        try:
            answer, made = self._answered(task, (deadline or self.deadline).total_seconds())
        finally:
            self._admitted.release()
        if "failure" in answer:
            raise failure_in(answer)
        return answer, made

    def _ready_child(self, seconds: float, digest: str | None = None, *, fresh: bool = False) -> ChildProcess:
        end = time.monotonic() + min(seconds, self.wait.total_seconds())
        while not self._closed.is_set():
            remaining = max(0.0, end - time.monotonic())
            try:
                child = self._idle.take(remaining, digest, fresh=fresh)
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
                self._replace(child)
                continue
            return child
        raise Busy("other pictures took too long")

    def _put_back_unready(self, child: ChildProcess) -> None:
        if time.monotonic() - child.started_at > _START_SECONDS:
            self.metrics.child_lost("start")
            self._replace(child)
        else:
            self._idle.put(child)

    def _answered(self, task: Task, seconds: float) -> tuple[dict[str, Any], bytes]:
        """By a child; or, where that may have failed for no fault of the picture, by one that has done nothing else.

        What libraries keep of earlier pictures, and how they leave memory, may be why it failed. A child that ended may
        have been killed by somebody, or by a kernel that was short of memory: the picture has ended it only where it
        ends another one. Both have one deadline, which begins when the first of them does.
        """
        child = self._ready_child(self.wait.total_seconds(), task.digest)
        deadline, is_worn = Deadline(seconds), child.calls > 0
        try:
            answer, made = self._asked(child, task, deadline)
        except RenderingCrashed:
            pass  # it is told in the log
        except RenderingOutOfMemory:
            if not is_worn:
                raise
        else:
            if not is_worn or not is_unexplained(answer):
                return answer, made
        logger.warning("a picture could not be rendered, and is tried again in a process that has done nothing else")
        return self._asked(self._fresh_child(deadline), task, deadline)

    def _fresh_child(self, deadline: Deadline) -> ChildProcess:
        """The one in place of the child that has failed; where others were quicker to take it, one more is replaced."""
        try:
            while (child := self._ready_child(deadline.left, fresh=True)).calls > 0:
                self._replace(child)
        except Busy:
            # Else a job that fails just before its deadline would be given back as often as it is made.
            if deadline.is_over:
                raise deadline.failure() from None
            raise
        return child

    def _asked(self, child: ChildProcess, task: Task, deadline: Deadline) -> tuple[dict[str, Any], bytes]:
        with self.metrics.busy_slot():
            for source in Source if task.digest in child.kept else (Source.FILE, Source.SENT):
                answer = self._exchanged(child, task, deadline, source)
                # It may have let go of the picture since it told, and there may be another one in the file.
                if "wants_source" not in answer[0]:
                    break
        if child.calls < self.calls_per_child and not is_unexplained(answer[0]):
            self._idle.put(child)
        else:
            self._replace(child)
        return answer

    def _exchanged(
        self, child: ChildProcess, task: Task, deadline: Deadline, source: Source
    ) -> tuple[dict[str, Any], bytes]:
        try:
            head, contents, file = task.message(source)
        except BaseException:
            self._idle.put(child)
            raise
        try:
            return child.ask(head, contents, file, deadline.left)
        except BaseException as error:
            # Whatever it was, the child is half way through a message, which nobody else must get.
            failure = self._explained(error, child, deadline)
            self._replace(child)
            raise failure from error

    def _explained(self, error: BaseException, child: ChildProcess, deadline: Deadline) -> BaseException:
        if isinstance(error, SourceUnreadable):
            return error.failure
        if isinstance(error, TimeoutError):
            logger.warning("a picture took too long, and its process was killed")
            self.metrics.child_lost("timeout")
            return deadline.failure()
        if isinstance(error, OSError | ValueError):
            if self._closed.is_set():
                return Busy("the service is being stopped")
            logger.error("a picture has cost its process: %s", child.ending())
            self.metrics.child_lost("crash")
            if child.lacked_memory:
                return RenderingOutOfMemory(OUT_OF_MEMORY)
            return RenderingCrashed("the decoder ended while it worked on the picture")
        return error

    def _replace(self, child: ChildProcess) -> None:
        with self._lock:
            self._children.discard(child)
        if not self._closed.is_set():
            self._orders.put(True)
        child.kill()
