"""SQL that SQLite and Postgres both know, each in its own words."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Float, Table, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from imgsvc.adapters.repositories.column_types import UtcTime

_MIGRATIONS = 0x696D67737663  # a number that no other program on the same server is likely to lock: imgsvc


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def reading_options(engine: Engine) -> dict[str, Any]:
    """How to read: on Postgres each statement for itself, which saves a BEGIN and a ROLLBACK."""
    return {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {}


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

    def __init__(self, delay: timedelta = timedelta()) -> None:
        super().__init__(literal(delay.total_seconds(), Float))


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
