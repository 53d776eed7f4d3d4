"""Postgres: a pool of connections, none of which waits longer than it was told."""

import select
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf, isinf
from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from attrs import define, field, frozen
from psycopg.abc import RV, PQGen
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from imgsvc.adapters.repositories.transactions import BEGUN

_EXAMPLE = "postgresql+psycopg://user:password@host:5432/database"

# What an operator may say about the way to the server; all the rest is ours to know.
_OPTIONS = {
    "application_name",
    "channel_binding",
    "gssencmode",
    "host",  # the folder of a socket
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
}
_POOL_WAIT = 2.0  # seconds for a connection to become free
_CONNECT_SECONDS = 2  # the least that libpq knows
# A connection that has not been used for this long is asked whether it still lives, and must say so in that time.
_TRUSTED_SECONDS, _PING_SECONDS = 5.0, 0.7
_USED_AT = "imgsvc_used_at"
# Of a machine that is gone without a word the system itself tells after this time, in milliseconds.
_SILENCE = 5000


@frozen
class Patience:
    """Seconds to wait for the end of a statement, and for a lock."""

    statement: float
    lock: float

    @property
    def answer(self) -> float:
        """The server ends a statement by itself; this is for one that does not answer at all."""
        return self.statement + 0.5


SERVING = Patience(statement=2.0, lock=2.0)
MIGRATING = Patience(statement=inf, lock=60.0)


def postgres_engine(url: str, pool_size: int, patience: Patience = SERVING) -> Engine:
    """Connects when it is first used. Raises ValueError where the URL has an unknown option or names no database."""
    engine = create_engine(
        URL.create("postgresql+psycopg"),
        creator=_Connector({**_connect_arguments(url), **_limits(patience)}, patience.answer),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT,
        pool_use_lifo=True,
        use_native_hstore=False,  # saves a query
        isolation_level="AUTOCOMMIT",  # which saves two trips of a single statement; what writes more says so
        skip_autocommit_rollback=True,
        hide_parameters=True,
        execution_options={BEGUN: _begun},
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _must_live)
    return engine


@contextmanager
def _begun(engine: Engine, *, may_be_lost: bool) -> Iterator[Connection]:
    """What may be lost is one statement, and a transaction by itself."""
    with engine.connect() as connection:
        if may_be_lost:
            yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.autocommit = False  # by itself, since SQLAlchemy's way to say so costs as much as a statement
        try:
            with connection.begin():
                yield connection
        finally:
            if not driver.closed:
                driver.autocommit = True


@define
class _Connector:
    """Opens connections. While the server does not answer, one thread asks for one and the others fail at once."""

    arguments: Mapping[str, Any] = field(repr=False)  # the password is among them
    patience: float
    _is_silent: bool = field(default=False, init=False)
    _asking: Lock = field(factory=Lock, init=False)

    def __call__(self) -> "PatientConnection":
        if not self._is_silent:
            return self._connect()
        if not self._asking.acquire(blocking=False):
            raise psycopg.OperationalError("the server did not answer, and is being asked again")
        try:
            return self._connect()
        finally:
            self._asking.release()

    def _connect(self) -> "PatientConnection":
        try:
            connection = PatientConnection.connect(**self.arguments, cursor_factory=BriefCursor)
        except psycopg.errors.ConnectionTimeout:
            self._note_silence()
            raise
        self._is_silent = False
        connection.patience, connection.note_silence = self.patience, self._note_silence
        return connection

    def _note_silence(self) -> None:
        self._is_silent = True


class PatientConnection(psycopg.Connection[Any]):
    """Gives up, and closes itself, when the server does not answer for ``patience`` seconds.

    A server that hangs keeps its connections open: its own timeouts do not run, and the system sees nothing amiss.
    """

    patience: float = inf
    note_silence: Callable[[], None] = staticmethod(lambda: None)

    def wait(self, gen: PQGen[RV], *options: Any, **named_options: Any) -> RV:
        return super().wait(self._in_time(gen), *options, **named_options)

    def _in_time(self, talk: PQGen[RV]) -> PQGen[RV]:
        """What psycopg and the server have to say to each other, which psycopg looks after every 0.1 s at least."""
        deadline = monotonic() + self.patience
        try:
            awaited = next(talk)
            while True:
                ready = yield awaited
                if monotonic() > deadline:
                    self.close()
                    self.note_silence()
                    raise psycopg.OperationalError(f"the server did not answer within {self.patience:g} seconds")
                awaited = talk.send(ready)
        except StopIteration as ended:
            said: RV = ended.value
            return said

    @property
    def is_hung_up(self) -> bool:
        """Whether the server has said good-bye, or anything else that nobody asked for."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def answers(self, seconds: float) -> bool:
        """Whether the server does, within that time; outside of any transaction."""
        usual, self.patience = self.patience, seconds
        try:
            self.execute("")
        except psycopg.Error:
            return False
        finally:
            self.patience = usual
        return True


class BriefCursor(psycopg.Cursor[Any]):
    """Tells of the columns of a result their names and types alone, and makes no object for each.

    SQLAlchemy asks after every statement, and wants no more: the whole would cost more than to fetch the row.
    """

    @property
    def description(self) -> list[Any] | None:
        result = self.pgresult
        if result is None or not result.nfields:
            return super().description
        return [
            ((result.fname(column) or b"").decode(self._encoding), result.ftype(column), None, None, None, None, None)
            for column in range(result.nfields)
        ]


def _note_use(connection: PatientConnection | None, record: Any) -> None:
    record.info[_USED_AT] = monotonic()


def _must_live(connection: PatientConnection, record: Any, _: object) -> None:
    """Raises DisconnectionError, whereupon the pool connects anew."""
    used_at = record.info.get(_USED_AT)
    if used_at is None:  # it is new
        return
    is_trusted = monotonic() - used_at < _TRUSTED_SECONDS
    if connection.is_hung_up or not (is_trusted or connection.answers(_PING_SECONDS)):
        raise DisconnectionError


def _connect_arguments(url: str) -> dict[str, Any]:
    """The URL as psycopg wants it."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"the database's URL is not understood; {_EXAMPLE}") from None
    if not parts.database:
        raise ValueError(f"the database's URL names no database; {_EXAMPLE}")
    for name, value in parts.query.items():
        if name not in _OPTIONS or not isinstance(value, str):
            known = ", ".join(sorted(_OPTIONS))
            raise ValueError(f"unknown option of a postgresql: URL, or given twice: {name}; known: {known}")
    named = {"host": parts.host, "port": parts.port, "user": parts.username, "password": parts.password}
    given = {name: value for name, value in named.items() if value is not None}
    return {"dbname": parts.database, "application_name": "imgsvc", **given, **parts.query}


def _limits(patience: Patience) -> dict[str, Any]:
    """What the server and the system are told about waiting, and about what our statements rely on."""
    session = {
        "statement_timeout": _milliseconds(patience.statement),
        "lock_timeout": _milliseconds(patience.lock),
        "idle_in_transaction_session_timeout": 10_000,
        "default_transaction_isolation": r"read\ committed",
    }
    return {
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": _SILENCE,
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
    }


def _milliseconds(seconds: float) -> int:
    return 0 if isinf(seconds) else round(seconds * 1000)  # 0: without end
