"""``imgsvc worker``."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import click
from attrs import evolve, frozen

from imgsvc.entrypoints.cli.memory import keep_memory_at_hand
from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.cli.stopping import told_to_stop
from imgsvc.entrypoints.composition import compose
from imgsvc.entrypoints.logs import configure_logs
from imgsvc.entrypoints.settings import CORES, PREFIX, Settings
from imgsvc.entrypoints.worker import Worker, running_worker

logger = logging.getLogger(__name__)

_HEALTH_EVERY = 2.0  # seconds

_EPILOG = """\b
Examples:
  imgsvc worker --slots 4
  IMGSVC_JOBS_URL=amqp://imgsvc:secret@broker.example.org/ imgsvc worker
"""


class _Slots(click.IntRange):
    name = "number"  # what is shown of a value that is none


@click.command(epilog=_EPILOG)
@click.option("--slots", type=_Slots(1, 256), help="Jobs made at once; one for each core unless set.")
def worker(slots: int | None) -> None:
    """Make what is queued, beside the servers that queue it.

    Needs the servers' database, blobs and broker. Ctrl-C, or SIGTERM, takes no more jobs, finishes what runs within
    IMGSVC_WORKER_GRACE_SECONDS, gives back what does not, and ends; a second one ends at once.
    """
    settings = settings_with(worker_slots=slots)
    if settings.worker_slots == 0:
        raise click.UsageError(
            "IMGSVC_WORKER_SLOTS is 0: a worker must have 1 at least; unset it for one for each core"
        )
    if urlsplit(settings.jobs_url).scheme == "memory":
        raise click.UsageError(
            "IMGSVC_JOBS_URL is memory:, a queue inside the server, where no other process can work; "
            "set it to the amqp: URL of a broker, for the servers too"
        )
    _must_see_what_servers_see(settings)
    settings = _for_jobs(settings)
    configure_logs(settings.log_level, settings.log_format)
    keep_memory_at_hand()
    # A worker that dies of the second signal costs time: its leases end by themselves, the broker gives its messages to
    # others, and its children end with it.
    wait_for_signal = told_to_stop()
    slots = settings.worker_slots or CORES
    with ExitStack() as opened:
        with explained_failures():
            service = opened.enter_context(compose(settings))
            health = _HealthFile.made(settings.worker_health_file)
            running = opened.enter_context(running_worker(service, slots))
        opened.enter_context(health.kept_young(running))
        click.echo(f"imgsvc worker is ready and makes up to {slots} jobs at once. Stop with Ctrl-C.")
        wait_for_signal()
        logger.info("stopping: no more jobs are taken")
        running.finish()  # while the file still tells that it is well


def _must_see_what_servers_see(settings: Settings) -> None:
    """Who has their rows and not their bytes would find every original lost, and fail its jobs for good."""
    if urlsplit(settings.blobs_url).scheme == "memory":
        raise click.UsageError("IMGSVC_BLOBS_URL is memory:, which no other process sees; name what the servers have")
    unset = [name for name in ("database_url", "blobs_url") if not getattr(settings, name)]
    if len(unset) == 1:
        raise click.UsageError(
            f"{PREFIX}{unset[0].upper()} is not set, and would be in this worker's own data folder; "
            "name what the servers have"
        )


def _for_jobs(settings: Settings) -> Settings:
    """Every slot renders for itself: who has a job has waited already."""
    slots = settings.worker_slots or CORES
    return evolve(settings.of_server(), worker_slots=slots, render_slots=slots)


@frozen
class _HealthFile:
    """Touched while the worker is well, also while it finishes; gone at the end. There may be none."""

    path: Path | None

    @classmethod
    def made(cls, name: str) -> "_HealthFile":
        """Raises OSError where it cannot be, ValueError for a folder."""
        path = Path(name) if name else None
        if path is not None:
            if path.is_dir():
                raise ValueError("IMGSVC_WORKER_HEALTH_FILE names a folder: it must be a file, which need not be there")
            path.touch()
        return cls(path)

    @contextmanager
    def kept_young(self, running: Worker) -> Iterator[None]:
        ended = Event()
        thread = Thread(target=self._keep_young, args=(running, ended), name="health", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            if self.path is not None:
                self.path.unlink(missing_ok=True)

    def _keep_young(self, running: Worker, ended: Event) -> None:
        while self.path is not None and not ended.wait(_HEALTH_EVERY):
            if running.is_well:
                try:
                    self.path.touch()
                except OSError as error:  # a full disk, say, which passes
                    logger.warning("the health file cannot be touched: %s", error.strerror)
