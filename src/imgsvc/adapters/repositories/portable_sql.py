"""SQL that SQLite and Postgres both know, each in its own words."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    Float,
    Row,
    Select,
    Table,
    Uuid,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from imgsvc.adapters.repositories.column_types import UtcTime

_MOST_IDS = 500  # in one statement
_MIGRATIONS = 0x696D67737663  # a number that no other program on the same server is likely to lock: imgsvc


# By the dialect: an INSERT that knows ON CONFLICT.
INSERTS: Mapping[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT."""
    return INSERTS[connection.dialect.name](table)


def rows_of(
    connection: Connection, query: Select[Any], column: ColumnElement[UUID], ids: Collection[UUID]
) -> Iterator[Row[Any]]:
    """What a query finds of so many ids that one statement cannot name them all."""
    left = iter(ids)
    while some := list(islice(left, _MOST_IDS)):
        yield from connection.execute(query.where(column.in_(some)))


def is_one_of(
    connection: Connection, columns: Sequence[ColumnElement[Any]], rows: Sequence[tuple[Any, ...]]
) -> ColumnElement[bool]:
    """Whether the columns together are as in one of the rows, of which there are a hundred at most."""
    if connection.dialect.name == "postgresql":
        return tuple_(*columns).in_(rows)
    # For a list of rows SQLite reads a whole index; alternatives it looks up one by one.
    return or_(*(and_(*(column == value for column, value in zip(columns, row, strict=True))) for row in rows))


def hold_migrations(connection: Connection) -> None:
    """Until the transaction ends, whoever else asks for the same waits. SQLite lets only one write anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATIONS)))
        # From here on nobody who works is to wait for a migration that waits for another one who works.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")


class TimeFromNow(FunctionElement[datetime]):
    """The time on the clock of the database, and then some."""

    type = UtcTime()
    inherit_cache = True

    def __init__(self, delay: timedelta | BindParameter[float] = timedelta()) -> None:
        """A parameter is a number of seconds."""
        super().__init__(literal(delay.total_seconds(), Float) if isinstance(delay, timedelta) else delay)


@compiles(TimeFromNow, "sqlite")
def _on_sqlite(element: TimeFromNow, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite's clock shows milliseconds; the zeros make it the form in which SQLAlchemy stores times.
    delay = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%+.3f seconds', {delay}))"


@compiles(TimeFromNow, "postgresql")
def _on_postgres(element: TimeFromNow, compiler: SQLCompiler, **options: Any) -> str:
    # Not now(), which is the start of the transaction; not clock_timestamp(), with which no index can be searched.
    delay = compiler.process(element.clauses, **options)
    return f"(statement_timestamp() + make_interval(secs => {delay}))"


class LaterThan(FunctionElement[datetime]):
    """``LaterThan(before, wanted)``: the time that is wanted, or the next after one before that is not earlier."""

    type = UtcTime()
    inherit_cache = True


@compiles(LaterThan, "sqlite")
def _later_on_sqlite(element: LaterThan, compiler: SQLCompiler, **options: Any) -> str:
    before, wanted = (compiler.process(one, **options) for one in element.clauses)
    return f"max({wanted}, strftime('%Y-%m-%d %H:%M:%f000', {before}, '+0.001 seconds'))"


@compiles(LaterThan, "postgresql")
def _later_on_postgres(element: LaterThan, compiler: SQLCompiler, **options: Any) -> str:
    before, wanted = (compiler.process(one, **options) for one in element.clauses)
    return f"greatest({wanted}, {before} + interval '1 microsecond')"


class CommitsWithoutFlush(FunctionElement[bool]):
    """True, and has the whole transaction commit without waiting for Postgres' disk; SQLite has other ways.

    For a statement that is a transaction by itself, and may be lost where the server ends at once: every commit that
    waits takes those before it along. It is a condition because ``SET LOCAL`` would cost two more messages.
    """

    type = Boolean()
    inherit_cache = True


@compiles(CommitsWithoutFlush, "sqlite")
def _unflushed_on_sqlite(element: CommitsWithoutFlush, compiler: SQLCompiler, **options: Any) -> str:
    return "1"


@compiles(CommitsWithoutFlush, "postgresql")
def _unflushed_on_postgres(element: CommitsWithoutFlush, compiler: SQLCompiler, **options: Any) -> str:
    return "set_config('synchronous_commit', 'off', true) = 'off'"


class RandomUuid(FunctionElement[UUID]):
    """128 bits of chance, another for each row."""

    type = Uuid()
    inherit_cache = True


@compiles(RandomUuid, "sqlite")
def _random_on_sqlite(element: RandomUuid, compiler: SQLCompiler, **options: Any) -> str:
    return "lower(hex(randomblob(16)))"  # the form in which SQLAlchemy stores ids


@compiles(RandomUuid, "postgresql")
def _random_on_postgres(element: RandomUuid, compiler: SQLCompiler, **options: Any) -> str:
    return "gen_random_uuid()"
