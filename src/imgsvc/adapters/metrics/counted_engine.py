"""CountedEngine: any engine, whose renderings are counted."""

from datetime import timedelta
from time import perf_counter
from typing import BinaryIO

from attrs import frozen

from imgsvc.domain.errors import ImgsvcError
from imgsvc.domain.image import Facts
from imgsvc.domain.transform import TransformSpec
from imgsvc.ports.imaging import NO_OVERLAYS, ImageEngine, Overlays, Rendered
from imgsvc.ports.metrics import Metrics


@frozen
class CountedEngine:
    engine: ImageEngine
    metrics: Metrics

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    def measure(self, source: BinaryIO) -> Facts:
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
        begun, failure = perf_counter(), None
        try:
            return self.engine.render(source, spec, overlays, deadline=deadline, digest=digest)
        except Exception as error:
            failure = error.code if isinstance(error, ImgsvcError) else "internal_error"
            raise
        finally:
            self.metrics.rendering(perf_counter() - begun, failure)
