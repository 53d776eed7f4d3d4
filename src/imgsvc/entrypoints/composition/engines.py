"""The engine, for a service and alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from imgsvc.adapters.imaging import open_engine, open_engine_in_children, open_header_reader
from imgsvc.entrypoints.settings import Settings
from imgsvc.ports.imaging import HeaderReader, ImageEngine
from imgsvc.ports.metrics import NO_METRICS, Metrics

_UNCONFINED = "pictures are decoded without Landlock, which this kernel lacks or forbids"


@contextmanager
def compose_engine(settings: Settings) -> Iterator[ImageEngine]:
    """The engine alone, for those who have the pictures already, and as long for each as a job has.

    Raises ValueError, RuntimeError.
    """
    with opened_engine(settings, settings.job_seconds) as (engine, _):
        yield engine


def compose_header_reader(settings: Settings) -> HeaderReader:
    """What reads headers, for those who want no pixels."""
    return open_header_reader(settings.limits)


@contextmanager
def opened_engine(
    settings: Settings, seconds: int, metrics: Metrics = NO_METRICS
) -> Iterator[tuple[ImageEngine, Sequence[str]]]:
    """The engine, and what is to be noted about it."""
    slots, queue = settings.render_slots, settings.render_queue
    metrics.render_slots(slots)
    if settings.render_in != "children":
        yield open_engine(settings.engine, settings.limits, slots=slots, queue=queue, metrics=metrics), ()
        return
    with open_engine_in_children(
        settings.engine,
        settings.limits,
        slots=slots,
        queue=queue,
        deadline=timedelta(seconds=seconds),
        memory=settings.render_memory,
        keep=settings.render_keep,
        metrics=metrics,
    ) as engine:
        yield engine, () if engine.is_confined else (_UNCONFINED,)
