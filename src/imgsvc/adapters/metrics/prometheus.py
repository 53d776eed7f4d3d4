"""Metrics kept with Prometheus's own library, in a registry of their own: one process may have several services."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import get_args

from attrs import define, frozen
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from imgsvc.adapters.metrics.asked_number import AskedNumber
from imgsvc.ports.metrics import Dependency, DependencyMetrics, Exposition, JobResult, Loss, Return

# Seconds. What is remembered takes far less than the first of them.
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RENDERING_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)

_OPENMETRICS = "application/openmetrics-text"

# Anything else that clients may come up with is one.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class PrometheusMetrics:
    """What has few labels is there from the start, at 0: else the first failure would be no increase."""

    def __init__(self, version: str) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Gauge("imgsvc_build_info", "The program that runs; always 1", ["version", "python"], registry=registry)
        build.labels(version, platform.python_version()).set(1)
        self._requests = Histogram(
            "imgsvc_http_request_duration_seconds",
            "How long HTTP requests took to be answered",
            ["route", "method", "status"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        # By what was asked and answered: to ask the library each time takes longer than to count.
        self._seen: dict[tuple[str, str, int], Histogram] = {}
        self._pictures = self._counters(
            "imgsvc_pictures", "Renderings sent", "origin", ("memory", "redis", "stored", "rendered")
        )
        self._renderings = Histogram(
            "imgsvc_rendering_duration_seconds",
            "How long renderings took to be made, or to fail, with the wait for a slot",
            buckets=_RENDERING_SECONDS,
            registry=registry,
        )
        self._failures = Counter("imgsvc_rendering_failures", "Renderings that failed", ["code"], registry=registry)
        self._jobs = self._counters("imgsvc_jobs_ended", "Jobs that have ended", "result", get_args(JobResult))
        self._returns = self._counters(
            "imgsvc_jobs_given_back", "Attempts at jobs that came to no end", "reason", get_args(Return)
        )
        self._waiting = _JobsWaiting()
        registry.register(self._waiting)
        self._slots = Gauge("imgsvc_render_slots", "How many pictures may be worked on at once", registry=registry)
        self._busy = Gauge("imgsvc_render_slots_busy", "How many pictures are worked on", registry=registry)
        self._losses = self._counters(
            "imgsvc_child_processes_lost", "Processes for renderings that ended too soon", "cause", get_args(Loss)
        )
        self._messages = self._counters(
            "imgsvc_webhook_attempts", "Messages sent to webhooks", "result", ("taken", "not_taken")
        )
        failures = Counter(
            "imgsvc_dependency_failures",
            "Uses of a dependency that failed",
            ["dependency", "cause"],
            registry=registry,
        )
        up = Gauge("imgsvc_dependency_up", "Whether all of it worked when last used", ["dependency"], registry=registry)
        self._dependencies: Mapping[str, DependencyMetrics] = {
            name: _Dependency(up.labels(name), failures.labels(name, "unreachable"), failures.labels(name, "refused"))
            for name in get_args(Dependency)
        }

    def exposition(self, accepted: str = "") -> Exposition:
        """In Prometheus's text format; in that of OpenMetrics for who asks for it, whichever version he names."""
        registry = _WithoutBirthdays(self._registry)
        if _OPENMETRICS in accepted.lower():
            content = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]  # as the library has it
            return Exposition(content, openmetrics.CONTENT_TYPE_LATEST)
        return Exposition(generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        seen = self._seen.get((route, method, status))
        if seen is None:
            method = method if method in _METHODS else "other"
            seen = self._requests.labels(route, method, f"{status // 100}xx" if status else "none")
            self._seen[route, method, status] = seen
        seen.observe(seconds)

    def picture(self, origin: str) -> None:
        self._pictures[origin].inc()

    def rendering(self, seconds: float, failure: str | None) -> None:
        self._renderings.observe(seconds)
        if failure is not None:
            self._failures.labels(failure).inc()

    def job_ended(self, result: JobResult) -> None:
        self._jobs[result].inc()

    def jobs_given_back(self, reason: Return, count: int = 1) -> None:
        self._returns[reason].inc(count)

    def jobs_waiting(self, count: Callable[[], int] | None) -> None:
        self._waiting.number = None if count is None else AskedNumber(count)

    def render_slots(self, count: int) -> None:
        self._slots.set(count)

    def busy_slot(self) -> AbstractContextManager[None]:
        return self._busy.track_inprogress()

    def child_lost(self, cause: Loss) -> None:
        self._losses[cause].inc()

    def message_sent(self, *, is_taken: bool) -> None:
        self._messages["taken" if is_taken else "not_taken"].inc()

    def dependency(self, name: Dependency) -> DependencyMetrics:
        return self._dependencies[name]

    def _counters(self, name: str, meaning: str, label: str, values: Iterable[str]) -> Mapping[str, Counter]:
        """One for each value of the label."""
        counter = Counter(name, meaning, [label], registry=self._registry)
        return {value: counter.labels(value) for value in values}


@frozen
class _Dependency:
    up: Gauge
    unreachable: Counter
    refused: Counter

    def __attrs_post_init__(self) -> None:
        self.changed(is_well=True)

    def failed(self, *, is_there: bool) -> None:
        (self.refused if is_there else self.unreachable).inc()

    def changed(self, *, is_well: bool) -> None:
        self.up.set(is_well)


@define(eq=False)
class _JobsWaiting(Collector):
    """No sample where it is not known: an old number would look like one of now."""

    number: AskedNumber | None = None

    def collect(self) -> Iterator[Metric]:
        asked = self.number  # looked at once: it may be taken away meanwhile
        number = None if asked is None else asked()
        told = GaugeMetricFamily("imgsvc_jobs_waiting", "Jobs of the whole installation that nobody has begun yet")
        if number is not None:
            told.add_metric([], number)
        yield told


@frozen
class _WithoutBirthdays(Collector):
    """The library would tell of each number since when it counts, in a gauge that nobody asks for."""

    registry: CollectorRegistry

    def collect(self) -> Iterator[Metric]:
        for metric in self.registry.collect():
            metric.samples = [sample for sample in metric.samples if sample.name != f"{metric.name}_created"]
            yield metric
