"""The service as it is run: embedded in one process, or an API and a worker on the four servers."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
from attrs import frozen

from bench.measuring import cpu_seconds_of
from imgsvc import TransformSpec
from tests.deployments import running_deployment
from tests.real_servers.finding import RealServer
from tests.real_servers.local import LocalServer
from tests.real_servers.postgres import POSTGRES, new_database, plain_url, postgres_server
from tests.real_servers.rabbitmq import RABBITMQ, new_queue, rabbitmq_server
from tests.real_servers.redis import REDIS, redis_server
from tests.real_servers.s3 import S3, new_bucket, s3_server
from tests.servers import Account, running_server

# What tests leave away: a commit is to cost here what it costs elsewhere.
_DURABLE = ("fsync=on", "full_page_writes=on")
_SERVERS = (
    (POSTGRES, lambda: postgres_server(*_DURABLE)),
    (S3, s3_server),
    (RABBITMQ, rabbitmq_server),
    (REDIS, redis_server),
)
_LONGEST_JOB = 60.0  # seconds
_LOOK_EVERY = 0.001  # seconds
_LOOK_AT_ALL_EVERY = 0.02  # seconds; to look at all is work, which takes time from those that are looked at


@frozen
class Installation:
    """A running service with an account on it; ``ask_database`` answers with the first row, past the service."""

    process_ids: tuple[int, ...]
    account: Account
    ask_database: Callable[[str], tuple[object, ...]]

    def submit(self, image_id: str, spec: TransformSpec) -> UUID:
        """Returns when the service has accepted the job."""
        answer = self.account.client.post(
            f"/v1/images/{image_id}/transform?mode=async",
            content=spec.canonical_json,
            headers={"Content-Type": "application/json"},
        )
        if answer.status_code != httpx.codes.ACCEPTED:
            raise RuntimeError(f"a job was answered with {answer.status_code}: {answer.text}")
        return UUID(answer.json()["id"])

    def await_job(self, job: UUID) -> None:
        """Returns when the database has it that the job is done, at most a millisecond later."""
        # SQLite keeps ids without hyphens; Postgres takes them with or without.
        self._await(f"SELECT status = 'ready', status = 'failed' FROM variants WHERE id = '{job.hex}'", _LOOK_EVERY)

    def await_all(self) -> None:
        """Returns when nothing is left to do."""
        open_jobs = "FROM variants WHERE status IN ('pending', 'processing')"
        failed = "EXISTS (SELECT 1 FROM variants WHERE status = 'failed')"
        self._await(f"SELECT NOT EXISTS (SELECT 1 {open_jobs}), {failed}", _LOOK_AT_ALL_EVERY)

    def count_ready(self) -> int:
        return int(str(self.ask_database("SELECT count(*) FROM variants WHERE status = 'ready'")[0]))

    def cpu_seconds(self) -> float | None:
        """Of all the service's own processes; not of the servers."""
        spent = [cpu_seconds_of(one) for one in self.process_ids]
        return None if None in spent else sum(one or 0 for one in spent)

    def _await(self, question: str, every: float) -> None:
        """Until the first column is true; the second one must never be."""
        deadline = time.monotonic() + _LONGEST_JOB
        while time.monotonic() < deadline:
            is_done, has_failed = self.ask_database(question)
            if has_failed:
                raise RuntimeError("a job has failed")
            if is_done:
                return
            time.sleep(every)
        raise RuntimeError(f"a job was not done after {_LONGEST_JOB:g} seconds")


@contextmanager
def embedded(folder: Path, slots: int) -> Iterator[Installation]:
    """One process with everything in it."""
    data = folder / "data"
    with running_server(data, WORKER_SLOTS=str(slots), RENDER_SLOTS=str(slots)) as server:
        account = server.account()
        (file,) = data.glob("*.sqlite3")
        with account.client, closing(sqlite3.connect(file, isolation_level=None)) as database:
            yield Installation((server.process.pid,), account, lambda query: database.execute(query).fetchone())


@contextmanager
def distributed(folder: Path, slots: int) -> Iterator[Installation]:
    """An API without slots and one worker process. Raises NotInstalled where a server is missing."""
    with ExitStack() as opened:
        postgres, s3, rabbitmq, redis = (_server_url(opened, *one) for one in _SERVERS)
        database = opened.enter_context(new_database(postgres))
        servers = {
            "DATABASE_URL": database,
            "BLOBS_URL": opened.enter_context(new_bucket(s3)),
            "JOBS_URL": opened.enter_context(new_queue(rabbitmq)),
            "CACHE_URL": redis,
        }
        server, worker = opened.enter_context(running_deployment(folder, servers, slots=slots))
        account = server.account()
        opened.enter_context(account.client)
        watcher = opened.enter_context(closing(psycopg.connect(plain_url(database), autocommit=True)))
        processes = (server.process.pid, worker.process.pid)
        yield Installation(processes, account, lambda query: watcher.execute(query).fetchone() or ())


KINDS = {"embedded": embedded, "four servers": distributed}


def _server_url(opened: ExitStack, kind: RealServer, start: Callable[[], AbstractContextManager[LocalServer]]) -> str:
    """The one that a variable names, else one of our own."""
    return os.environ.get(kind.variable) or opened.enter_context(start()).url
