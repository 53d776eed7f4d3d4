"""Job queues, picked by URL: ``memory:``, inside this process, or ``amqp:``, on RabbitMQ."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from imgsvc.ports.diagnosis import Finding, Subject
from imgsvc.ports.jobs import JobQueue, JobSource
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics


@frozen
class Jobs:
    """The two ends of one queue."""

    queue: JobQueue
    source: JobSource


def _no_request() -> str | None:
    return None


@contextmanager
def open_jobs(
    url: str,
    *,
    slots: int = 1,
    request_id: Callable[[], str | None] = _no_request,
    metrics: DependencyMetrics = NO_DEPENDENCY_METRICS,
) -> Iterator[Jobs]:
    """The queue of ``memory:``, or ``amqp://user:password@host:port/vhost?queue=NAME&heartbeat=SECONDS``.

    ``slots``: how many signals this process holds at once, which others then do not get. ``request_id`` is asked for
    the id of the request that publishes just now, and ``metrics`` hear how the broker fares. At the end whoever waits
    for a job is sent home.

    Raises ValueError for a URL that means nothing here, RuntimeError for a broker that refuses what we need.
    """
    match urlsplit(url).scheme:
        case "memory":
            from imgsvc.adapters.jobs.in_process import InProcessJobs

            _must_be_bare(url)
            jobs = InProcessJobs(request_id)
            try:
                yield Jobs(queue=jobs, source=jobs)
            finally:
                jobs.close()
        case "amqp" | "amqps":
            from imgsvc.adapters.jobs.rabbitmq import open_rabbitmq

            with open_rabbitmq(url, slots, request_id, metrics) as (publisher, consumer):
                yield Jobs(queue=publisher, source=consumer)
        case scheme:
            raise ValueError(f"unknown job queue scheme {scheme!r}; known are memory:, amqp: and amqps:")


def diagnose_jobs(url: str) -> Iterator[Finding]:
    """What is right and wrong with it, also where it cannot be opened. Raises ValueError like ``open_jobs``."""
    if urlsplit(url).scheme in ("amqp", "amqps"):
        from imgsvc.adapters.jobs.rabbitmq.address import address_of
        from imgsvc.adapters.jobs.rabbitmq.diagnosis import diagnose_rabbitmq

        yield from diagnose_rabbitmq(address_of(url))
        return
    with open_jobs(url):
        yield Subject("jobs").ok("jobs are queued inside the server, which makes them itself")


def _must_be_bare(url: str) -> None:
    parts = urlsplit(url)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        raise ValueError(f"unknown job queue option {name!r}; memory: has none")
    if parts.netloc or parts.path or parts.fragment:
        raise ValueError("a job queue in this process is just memory:")
