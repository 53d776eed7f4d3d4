"""SQLite: one file on a local disk, many readers, one writer at a time."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import TimeoutError

from imgsvc.adapters.repositories.portable_sql import MAY_BE_LOST, WRITES

_KEPT = "PRAGMA synchronous=FULL"  # what was answered 201 or 202 survives a power cut
_SOON_KEPT = "PRAGMA synchronous=NORMAL"  # by what is written next, or within a thousand pages
_PRAGMAS = (_KEPT, "PRAGMA foreign_keys=ON")
# More threads than these would only wait for the one writer.
_MOST_CONNECTIONS = 64
_HAS_TURN = "imgsvc_has_turn"
_SYNCHRONOUS = "imgsvc_synchronous"  # which of the two a connection was told last


def sqlite_engine(url: str, lock_wait: float) -> Engine:
    """``lock_wait``: seconds to wait for other writers. Raises ValueError where the URL is more or less than a file."""
    path = path_of(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=_connector(path, lock_wait),
        pool_size=_MOST_CONNECTIONS,
        max_overflow=0,
        pool_timeout=lock_wait,
        hide_parameters=True,
    )
    _begin_by_turns(engine, lock_wait)
    return engine


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


def _begin_by_turns(engine: Engine, lock_wait: float) -> None:
    """Let the threads of this process write one after the other.

    SQLite makes those who wait sleep up to 0.1 s and look again: among 40 threads some would wait for seconds.
    """
    turn = Lock()

    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get(WRITES):
            connection.exec_driver_sql("BEGIN")
            return
        if not turn.acquire(timeout=lock_wait):
            raise TimeoutError("other threads are writing")
        connection.info[_HAS_TURN] = True
        _synchronize(connection, _SOON_KEPT if options.get(MAY_BE_LOST) else _KEPT)
        # A deferred transaction that has read fails its first write at once when another process is writing,
        # whatever the timeout; one that begins with the lock waits for it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def give_back(_: object, record: Any) -> None:
        if record.info.pop(_HAS_TURN, False):
            turn.release()

    event.listen(engine, "begin", begin)
    event.listen(engine, "checkin", give_back)


def _synchronize(connection: Connection, pragma: str) -> None:
    if connection.info.get(_SYNCHRONOUS, _KEPT) != pragma:
        connection.exec_driver_sql(pragma)
        connection.info[_SYNCHRONOUS] = pragma
