"""Metrics, told over HTTP at an address of their own or by whoever asks for them; or none."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from imgsvc.adapters.metrics.counted_engine import CountedEngine
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.metrics import NO_METRICS, Metrics


def counted(engine: ImageEngine, metrics: Metrics) -> ImageEngine:
    """The engine, whose renderings are counted."""
    return CountedEngine(engine, metrics)


@contextmanager
def open_metrics(host: str, port: int | None, *, version: str, is_told_elsewhere: bool = False) -> Iterator[Metrics]:
    """Told in the text format of Prometheus at ``/metrics``, until the context ends.

    Without a port they are not, and nothing is counted either, unless they are told elsewhere as well. Port 0 takes any
    free one; the log says which. Raises RuntimeError where the address cannot be listened on.
    """
    if port is None and not is_told_elsewhere:
        yield NO_METRICS
        return
    from imgsvc.adapters.metrics.listener import listening
    from imgsvc.adapters.metrics.prometheus import PrometheusMetrics

    metrics = PrometheusMetrics(version)
    with nullcontext() if port is None else listening(host, port, metrics.exposition):
        yield metrics
