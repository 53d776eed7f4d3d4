"""BoundedEngine: any engine, with a limit on how much of it runs at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore
from typing import BinaryIO

from attrs import Factory, field, frozen

from imgsvc.domain.errors import Busy
from imgsvc.domain.image import Facts
from imgsvc.domain.transform import TransformSpec
from imgsvc.ports.imaging import NO_OVERLAYS, ImageEngine, Overlays, Rendered
from imgsvc.ports.metrics import NO_METRICS, Metrics


@frozen(kw_only=True)
class BoundedEngine:
    """At most ``slots`` calls decode at once; ``queue`` more wait, for ``wait`` at most; others find it Busy."""

    engine: ImageEngine = field(kw_only=False)
    slots: int
    queue: int
    wait: timedelta
    metrics: Metrics = NO_METRICS
    _admitted: BoundedSemaphore = field(
        init=False, default=Factory(lambda self: BoundedSemaphore(self.slots + self.queue), takes_self=True)
    )
    _running: BoundedSemaphore = field(
        init=False, default=Factory(lambda self: BoundedSemaphore(self.slots), takes_self=True)
    )

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    def measure(self, source: BinaryIO) -> Facts:
        with self._slot():
            return self.engine.measure(source)

    def check(self, spec: TransformSpec) -> None:
        self.engine.check(spec)

    def render(
        self,
        source: BinaryIO,
        spec: TransformSpec,
        overlays: Overlays = NO_OVERLAYS,
        *,
        deadline: timedelta | None = None,
        digest: str | None = None,
    ) -> Rendered:
        with self._slot():
            return self.engine.render(source, spec, overlays, deadline=deadline, digest=digest)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._admitted.acquire(blocking=False):
            raise Busy("too many pictures wait to be worked on")
        try:
            if not self._running.acquire(timeout=self.wait.total_seconds()):
                raise Busy("other pictures took too long")
            try:
                with self.metrics.busy_slot():
                    yield
            finally:
                self._running.release()
        finally:
            self._admitted.release()
