"""Job queues, picked by URL: ``memory:``, inside this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from imgsvc.ports.jobs import JobQueue, JobSource


@frozen
class Jobs:
    """The two ends of one queue."""

    queue: JobQueue
    source: JobSource


@contextmanager
def open_jobs(url: str) -> Iterator[Jobs]:
    """Raises ValueError for a URL that means nothing here; at the end whoever waits for a job is sent home."""
    parts = urlsplit(url)
    match parts.scheme:
        case "memory":
            from imgsvc.adapters.jobs.in_process import InProcessJobs

            for name, _ in parse_qsl(parts.query, keep_blank_values=True):
                raise ValueError(f"unknown job queue option {name!r}; memory: has none")
            if parts.netloc or parts.path or parts.fragment:
                raise ValueError("a job queue in this process is just memory:")
            jobs = InProcessJobs()
            try:
                yield Jobs(queue=jobs, source=jobs)
            finally:
                jobs.close()
        case scheme:
            raise ValueError(f"unknown job queue scheme {scheme!r}; known is memory:")
