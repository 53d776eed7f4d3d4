"""SQLite: one file on a local disk, many readers, one writer at a time."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any
from urllib.parse import unquote

from attrs import define, field
from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError, TimeoutError

from imgsvc.adapters.repositories.transactions import BEGUN

_KEPT = "PRAGMA synchronous=FULL"  # what was answered 201 or 202 survives a power cut
_SOON_KEPT = "PRAGMA synchronous=NORMAL"  # by what is written next, or within a thousand pages
_PRAGMAS = (_KEPT, "PRAGMA foreign_keys=ON")
# More threads than these would only wait for the one writer.
_MOST_CONNECTIONS = 64
_SYNCHRONOUS = "imgsvc_synchronous"  # which of the two a connection was told last


def sqlite_engine(url: str, lock_wait: float) -> Engine:
    """``lock_wait``: seconds to wait for other writers. Raises ValueError where the URL is more or less than a file."""
    path = path_of(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return create_engine(
        URL.create("sqlite", database=str(path)),
        creator=_connector(path, lock_wait),
        pool_size=_MOST_CONNECTIONS,
        max_overflow=0,
        pool_timeout=lock_wait,
        pool_use_lifo=True,
        hide_parameters=True,
        execution_options={BEGUN: _Turns(lock_wait).begun},
    )


def path_of(url: str) -> Path:
    """Raises ValueError."""
    # Not by make_url, which decodes the path or does not, depending on SQLAlchemy's version.
    path, _, options = url.removeprefix("sqlite:///").partition("?")
    if options:
        raise ValueError(f"unknown option of a sqlite: URL: {options.partition('=')[0]}")
    if path in (url, "", ":memory:"):
        raise ValueError("a sqlite: URL names a file: sqlite:///relative/path, sqlite:////absolute/path; %3F for ?")
    return Path(unquote(path))


def _connector(path: Path, lock_wait: float) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        # Without an isolation level the module begins no transactions by itself. Threads share connections through
        # the pool, one at a time.
        connection = sqlite3.connect(path, timeout=lock_wait, isolation_level=None, check_same_thread=False)
        try:
            _log_ahead(connection, lock_wait)
            for pragma in _PRAGMAS:
                connection.execute(pragma).close()
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _log_ahead(connection: sqlite3.Connection, lock_wait: float) -> None:
    """Keep a write-ahead log, so that readers and the writer do not wait for each other."""
    deadline = monotonic() + lock_wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            # When several processes switch a new file at once, SQLite fails without its own waiting.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
        sleep(0.01)


@define(eq=False)
class _Turns:
    """Transactions that write: of the threads of this process, one after the other.

    SQLite makes those who wait sleep up to 0.1 s and look again: among 40 threads some would wait for seconds.
    """

    patience: float  # seconds
    _turn: Lock = field(factory=Lock, init=False)

    @contextmanager
    def begun(self, engine: Engine, *, may_be_lost: bool) -> Iterator[Connection]:
        with self._taken(), engine.connect() as connection, connection.begin():
            _synchronize(connection, _SOON_KEPT if may_be_lost else _KEPT)
            # A deferred transaction that has read fails its first write at once when another process is writing,
            # whatever the timeout; one that begins with the lock waits for it.
            _execute(connection, "BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _taken(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self.patience):
            raise TimeoutError("other threads are writing")
        try:
            yield
        finally:
            self._turn.release()


def _synchronize(connection: Connection, pragma: str) -> None:
    if connection.info.get(_SYNCHRONOUS, _KEPT) != pragma:
        _execute(connection, pragma)
        connection.info[_SYNCHRONOUS] = pragma


def _execute(connection: Connection, statement: str) -> None:
    """One that has neither parameters nor a result, for a tenth of what SQLAlchemy would take."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(statement).close()
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error
