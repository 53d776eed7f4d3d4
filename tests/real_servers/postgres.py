"""Postgres: a server of ours, and databases on any."""

import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.real_servers.finding import RealServer
from tests.real_servers.local import LocalServer, as_user, data_folder, free_port, program, unprivileged_user

_SCHEME = "postgresql+psycopg://"
# What a power cut would lose; tests only kill processes.
_QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200")


@contextmanager
def postgres_server(*more_options: str) -> Iterator[LocalServer]:
    """A running Postgres that belongs to the caller alone; the last of equal options counts. Raises NotInstalled."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))  # where Debian puts it, off the PATH
    server, initdb = program("postgres", *folders), program("initdb", *folders)
    user, port = unprivileged_user(), free_port()
    with data_folder("postgres", user) as folder:
        data = folder / "data"
        _make(initdb, data, user)
        options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *_QUICK, *more_options]
        command = [server, "-D", data, *(word for option in options for word in ("-c", option))]
        url = f"{_SCHEME}postgres@127.0.0.1:{port}/postgres"
        # Interrupted, it does not wait for its clients to leave.
        local = LocalServer(url, command, folder, lambda: _answers(url), user, stop_signal=signal.SIGINT)
        with local.running():
            yield local


@contextmanager
def local_postgres() -> Iterator[str]:
    with postgres_server() as server:
        yield server.url


@contextmanager
def contained_postgres() -> Iterator[str]:
    with ExitStack() as running:
        with warnings.catch_warnings(action="ignore"):  # the library's own
            from testcontainers.postgres import PostgresContainer

            container = running.enter_context(PostgresContainer("postgres:15-alpine", driver="psycopg"))
        yield container.get_connection_url()


POSTGRES = RealServer("postgres", contained_postgres, local_postgres, "the package postgresql")


@contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """The URL of an empty database that is there for as long as the context lasts."""
    name = f"imgsvc_test_{uuid4().hex[:12]}"
    execute(server_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        execute(server_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def execute(url: str, statement: sql.Composable | str) -> list[tuple[object, ...]]:
    """One statement on a connection of its own; its rows, if it has any."""
    with psycopg.connect(plain_url(url), autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _make(initdb: str, data: Path, user: str | None) -> None:
    """A folder of data for a server that lets everybody in."""
    command = [initdb, "-D", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=data.parent, **as_user(user))


def _answers(url: str) -> bool:
    try:
        return execute(url, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def plain_url(url: str) -> str:
    """As psycopg knows it, without the name of the driver that SQLAlchemy wants."""
    return url.replace(_SCHEME, "postgresql://", 1)
