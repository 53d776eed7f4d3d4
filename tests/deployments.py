"""The service as on many machines: an API and a worker, processes that share nothing but four servers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from imgsvc.adapters.repositories import migrate
from tests.entrypoints.commands import environment
from tests.servers import RunningServer, running_server
from tests.system.faults.processes import ServiceProcess, greeting_of, started


@contextmanager
def running_deployment(
    folder: Path, servers: Mapping[str, str], *, slots: int = 1, **variables: str
) -> Iterator[tuple[RunningServer, ServiceProcess]]:
    """An API that makes no jobs, and a worker that makes ``slots`` at once.

    ``servers`` are the settings that name the four servers, and ``variables`` others; without their ``IMGSVC_``.
    """
    migrate(servers["DATABASE_URL"])
    given, data = {**servers, **variables}, folder / "data"  # the folder has the secrets that both must know
    command, log = ["worker", "--slots", str(slots)], folder / "worker.log"
    with (
        running_server(data, **given) as api,
        started(command, environment(**given, DATA_DIR=str(data)), log, makes_jobs=True) as worker,
    ):
        greeting_of(worker)
        yield api, worker
        worker.stop()
