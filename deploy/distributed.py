"""``make run-distributed``: the service as on many machines, on this one: an API, workers, and the four servers.

Servers that the settings name are used as they are. For the others, programs of this machine are started on free ports,
with data that goes when this ends.
"""

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from time import sleep

from attrs import frozen

from tests.real_servers.finding import NotInstalled
from tests.real_servers.postgres import POSTGRES, local_postgres
from tests.real_servers.rabbitmq import RABBITMQ, local_rabbitmq
from tests.real_servers.redis import REDIS, local_redis
from tests.real_servers.s3 import S3, local_s3

_END_SECONDS = 60.0  # what a process has to end in when it is told to; longer than any grace time by default


@frozen
class Dependency:
    """A setting that names a server, and how to have one where it is not set."""

    setting: str
    start: Callable[[], AbstractContextManager[str]]
    to_install: str


DEPENDENCIES = (
    Dependency("IMGSVC_DATABASE_URL", local_postgres, POSTGRES.to_install),
    Dependency("IMGSVC_BLOBS_URL", lambda: _with_bucket(local_s3), S3.to_install),
    Dependency("IMGSVC_JOBS_URL", local_rabbitmq, RABBITMQ.to_install),
    Dependency("IMGSVC_CACHE_URL", local_redis, REDIS.to_install),
)


def main() -> None:
    parser = ArgumentParser(prog="python -m deploy.distributed", description=__doc__)
    port = os.environ.get("IMGSVC_PORT", "8000")
    parser.add_argument("--port", type=int, default=port, help="of the API; 0 takes any free one")
    parser.add_argument("--workers", type=int, default=2, help="processes that make jobs")
    given = parser.parse_args()
    told: list[int] = []  # signals; their handlers must take no lock
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, lambda number, frame: told.append(number))
    with ExitStack() as opened:
        run(opened, given.port, given.workers, told)


def run(opened: ExitStack, port: int, workers: int, told: list[int]) -> None:
    """Everything, until it is told to stop or a part of it ends by itself."""
    environment = dict(os.environ) | {
        one.setting: opened.enter_context(_server(one)) for one in DEPENDENCIES if not os.environ.get(one.setting)
    }
    if not environment.get("IMGSVC_DATA_DIR"):
        environment["IMGSVC_DATA_DIR"] = opened.enter_context(TemporaryDirectory(prefix="imgsvc-"))
        _show("IMGSVC_DATA_DIR", environment["IMGSVC_DATA_DIR"])
    subprocess.run(_command("migrate"), env=environment, check=True, start_new_session=True)
    processes = [opened.enter_context(_process(environment, "worker", "--slots", "1")) for _ in range(workers)]
    processes.append(opened.enter_context(_process(environment, "serve", "--port", str(port))))
    while not told:
        sleep(0.2)
        if any(process.poll() is not None for process in processes):
            sys.exit("A part of it has ended by itself; what it said stands above.")


@contextmanager
def _server(dependency: Dependency) -> Iterator[str]:
    with ExitStack() as opened:
        try:
            url = opened.enter_context(dependency.start())
        except NotInstalled:
            sys.exit(f"Set {dependency.setting} to the URL of a server, or install {dependency.to_install}.")
        _show(dependency.setting, url)
        yield url


def _show(setting: str, value: str) -> None:
    """As a shell in another terminal takes it, for commands that are to use the same."""
    print(f"export {setting}={quote(value)}", flush=True)


@contextmanager
def _with_bucket(started: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with started() as url:
        yield url.replace("/?", "/imgsvc?")


@contextmanager
def _process(environment: Mapping[str, str], *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """One of ours, in a session of its own: Ctrl-C reaches us, and we tell it, once."""
    process = subprocess.Popen(_command(*arguments), env=environment, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("imgsvc")), *arguments]


if __name__ == "__main__":
    main()
