"""ChildProcessEngine: any engine, in child processes that can be killed and that hold no secrets."""

import logging
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any, BinaryIO

from attrs import Factory, field, frozen

from imgsvc.adapters.imaging.answers import facts_in, failure_in, is_unexplained, rendered_in
from imgsvc.adapters.imaging.child_pool import ChildPool
from imgsvc.adapters.imaging.child_process import ChildProcess
from imgsvc.adapters.imaging.deadline import Deadline
from imgsvc.adapters.imaging.messages import OUT_OF_MEMORY, Source, SourceUnreadable
from imgsvc.adapters.imaging.opening import SNIFFED
from imgsvc.adapters.imaging.tasks import Task
from imgsvc.domain.errors import Busy, RenderingCrashed, RenderingOutOfMemory
from imgsvc.domain.image import Facts
from imgsvc.domain.transform import TransformSpec
from imgsvc.ports.imaging import NO_OVERLAYS, ImageEngine, Overlays, Rendered
from imgsvc.ports.metrics import NO_METRICS, Metrics

logger = logging.getLogger(__name__)


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
    pool: ChildPool = field(
        init=False,
        default=Factory(
            lambda self: ChildPool(
                self.engine, slots=self.slots, wait=self.wait, memory=self.memory, metrics=self.metrics
            ),
            takes_self=True,
        ),
    )

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def is_confined(self) -> bool:
        """Whether the kernel keeps children from files, programs and TCP."""
        return self.pool.is_confined

    def running(self) -> AbstractContextManager[None]:
        """Raises RuntimeError if no child can begin."""
        return self.pool.running()

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

    def _answered(self, task: Task, seconds: float) -> tuple[dict[str, Any], bytes]:
        """By a child; or, where that may have failed for no fault of the picture, by one that has done nothing else.

        What libraries keep of earlier pictures, and how they leave memory, may be why it failed. A child that ended may
        have been killed by somebody, or by a kernel that was short of memory: the picture has ended it only where it
        ends another one. Both have one deadline, which begins when the first of them does.
        """
        child = self.pool.take(task.digest)
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
        return self._asked(self.pool.take_fresh(deadline), task, deadline)

    def _asked(self, child: ChildProcess, task: Task, deadline: Deadline) -> tuple[dict[str, Any], bytes]:
        with self.metrics.busy_slot():
            for source in Source if task.digest in child.kept else (Source.FILE, Source.SENT):
                answer = self._exchanged(child, task, deadline, source)
                # It may have let go of the picture since it told, and there may be another one in the file.
                if "wants_source" not in answer[0]:
                    break
        if child.calls < self.calls_per_child and not is_unexplained(answer[0]):
            self.pool.put_back(child)
        else:
            self.pool.replace(child)
        return answer

    def _exchanged(
        self, child: ChildProcess, task: Task, deadline: Deadline, source: Source
    ) -> tuple[dict[str, Any], bytes]:
        try:
            head, contents, file = task.message(source)
        except BaseException:
            self.pool.put_back(child)
            raise
        try:
            return child.ask(head, contents, file, deadline.left)
        except BaseException as error:
            # Whatever it was, the child is half way through a message, which nobody else must get.
            failure = self._explained(error, child, deadline)
            self.pool.replace(child)
            raise failure from error

    def _explained(self, error: BaseException, child: ChildProcess, deadline: Deadline) -> BaseException:
        if isinstance(error, SourceUnreadable):
            return error.failure
        if isinstance(error, TimeoutError):
            logger.warning("a picture took too long, and its process was killed")
            self.metrics.child_lost("timeout")
            return deadline.failure()
        if isinstance(error, OSError | ValueError):
            if self.pool.is_closed:
                return Busy("the service is being stopped")
            logger.error("a picture has cost its process: %s", child.ending())
            self.metrics.child_lost("crash")
            if child.lacked_memory:
                return RenderingOutOfMemory(OUT_OF_MEMORY)
            return RenderingCrashed("the decoder ended while it worked on the picture")
        return error
