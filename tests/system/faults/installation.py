"""One installation on four real servers: a database, a bucket and a queue of its own, and its processes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field, frozen

from imgsvc.adapters.repositories import migrate
from tests.proxies import Way, way_to
from tests.real_servers.local import LocalServer
from tests.real_servers.postgres import new_database
from tests.real_servers.rabbitmq import channel_on, new_queue
from tests.real_servers.redis import forget_ours
from tests.real_servers.s3 import new_bucket
from tests.servers import UNLIMITED
from tests.system.faults.processes import Alteration, Point, ServiceProcess, greeting_of, started
from tests.system.faults.record import Record, Somebody, register

_URLS = {"postgres": "DATABASE_URL", "s3": "BLOBS_URL", "rabbitmq": "JOBS_URL", "redis": "CACHE_URL"}


@frozen
class Servers:
    """Tests may stop, freeze and kill them, and leave them running."""

    postgres: LocalServer
    s3: LocalServer
    rabbitmq: LocalServer
    redis: LocalServer

    def __getitem__(self, name: str) -> LocalServer:
        found: LocalServer = getattr(self, name)
        return found


@define
class Installation:
    """Any number of APIs and workers that share all they keep."""

    servers: Servers
    folder: Path
    variables: dict[str, str]  # of every process, without their IMGSVC_
    opened: ExitStack
    record: Record = field(factory=Record)
    processes: list[ServiceProcess] = field(factory=list)
    # What a test may say of the end: see invariants.py.
    most_attempts: int = 1
    may_leave_orphans: bool = False
    failures: frozenset[str] = frozenset()  # codes with which its jobs may end; none, and each must be ready

    @classmethod
    @contextmanager
    def on(cls, servers: Servers, folder: Path) -> Iterator["Installation"]:
        with (
            new_database(servers.postgres.url) as database,
            new_bucket(servers.s3.url) as bucket,
            new_queue(servers.rabbitmq.url) as jobs,
            ExitStack() as opened,
        ):
            migrate(database)
            cache = servers.redis.url.removesuffix("/0") + "/1"
            opened.callback(forget_ours, cache)
            urls = {"DATABASE_URL": database, "BLOBS_URL": bucket, "JOBS_URL": jobs, "CACHE_URL": cache}
            (folder / "tmp").mkdir()
            yield cls(servers, folder, {**_COMMON, **urls}, opened)

    @property
    def database_url(self) -> str:
        """Past every proxy."""
        return self.servers.postgres.url.removesuffix("/postgres") + urlsplit(self.variables["DATABASE_URL"]).path

    @property
    def blobs(self) -> Path:
        """Where the bucket's server keeps its files: ``<key>+`` each."""
        return self.servers.s3.folder / "files" / urlsplit(self.variables["BLOBS_URL"]).path.strip("/")

    def signals(self) -> int:
        """How many wait in the queue for somebody to take them."""
        with channel_on(self.servers.rabbitmq.url) as channel:
            waiting: int = channel.queue_declare(self.queue, passive=True).method.message_count
            return waiting

    @property
    def queue(self) -> str:
        """The name of the queue that workers take from."""
        return dict(parse_qsl(urlsplit(self.variables["JOBS_URL"]).query))["queue"]

    def api(self, *, slots: int = 0, altered: Alteration | None = None, **variables: str) -> ServiceProcess:
        """``imgsvc serve``, which makes ``slots`` jobs at once; it answers when this returns."""
        # Pictures are decoded by the server itself, which starts sooner without children.
        given = {"WORKER_SLOTS": str(slots), "RENDER_IN": "process", **variables}
        one = self._start(["serve", "--port", "0"], given, makes_jobs=slots > 0, altered=altered)
        one.address = greeting_of(one).split()[-1]
        return one

    def worker(
        self, slots: int = 1, *, altered: Alteration | None = None, within: Sequence[str] = (), **variables: str
    ) -> ServiceProcess:
        """``imgsvc worker``; it takes jobs when this returns, and decodes in children."""
        command = ["worker", "--slots", str(slots)]
        one = self._start(command, variables, makes_jobs=True, altered=altered, within=within)
        greeting_of(one)
        return one

    def _start(
        self,
        command: list[str],
        variables: dict[str, str],
        *,
        makes_jobs: bool,
        altered: Alteration | None,
        within: Sequence[str] = (),
    ) -> ServiceProcess:
        log_file = self.folder / f"{command[0]}-{len(self.processes)}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("IMGSVC_")}
        environment |= {"PYTHONUNBUFFERED": "1", "TMPDIR": str(self.folder / "tmp")}
        given = {**self.variables, "DATA_DIR": str(self.folder / "data"), **variables}
        environment |= {f"IMGSVC_{name}": value for name, value in given.items()}
        process = started(command, environment, log_file, makes_jobs=makes_jobs, altered=altered, within=within)
        one = self.opened.enter_context(process)
        self.processes.append(one)
        return one

    def behind(self, server: str) -> Way:
        """The way to a server, by its name; processes that are started from here on go it."""
        variable = _URLS[server]
        parts = urlsplit(self.variables[variable])
        assert parts.port is not None
        way = self.opened.enter_context(way_to(parts.port))
        login, at, _ = parts.netloc.rpartition("@")
        self.variables[variable] = parts._replace(netloc=f"{login}{at}127.0.0.1:{way.port}").geturl()
        return way

    def somebody(self, api: ServiceProcess) -> Somebody:
        """A new user, who talks to that process."""
        with self.record.client(api.address) as anyone:
            name, token = register(anyone)
        return self.at(api, token, name)

    def at(self, api: ServiceProcess, token: str, name: str = "") -> Somebody:
        """A user, at that process."""
        return Somebody(self.opened.enter_context(self.record.client(api.address, token)), token, name)

    def point(self, call: str, *, is_after: bool = True, is_pause: bool = False, is_count: bool = False) -> Point:
        """See Point."""
        mark = self.folder / f"{call}-{len(self.processes)}.reached"
        return Point(call, mark, is_after, is_pause, is_count)


_COMMON = {
    "TOKEN_SECRET": "tokens of the tests, 32 bytes at the least",
    "PASSWORD_SECRET": "passwords of the tests, 32 bytes at the least",
    "LINK_KEYS": "links-of-the-tests-32-bytes-at-the-least",
    "PASSWORD_COST": "4",
    **UNLIMITED,
    "RENDER_SLOTS": "1",
    "LEASE_SECONDS": "2",
    "REQUEUE_AFTER_SECONDS": "1",
    "LOG_FORMAT": "json",
}
