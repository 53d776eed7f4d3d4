"""What is right and wrong with a Postgres that is to be our database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from imgsvc.adapters.repositories import schema
from imgsvc.adapters.repositories.tables import metadata
from imgsvc.adapters.repositories.troubles import trouble_of
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("database")
_OLDEST, _OLDEST_KEPT = 10, 13  # the oldest that our driver speaks with, and that its makers still mended in 2025
_MOST_SKEW = 2.0  # seconds; leases and times of rows come from two clocks


def diagnose_postgres(engine: Engine, url: str, pool: int) -> Iterator[Finding]:
    """Changes nothing. ``pool``: the most connections of each process."""
    parts = make_url(url)
    where = f"Postgres at {parts.host or 'its socket'}:{parts.port or 5432}"
    try:
        with engine.connect() as connection:
            yield _version(connection, where)
            yield from _schema(connection)
            yield from _rights(connection)
            yield _clock(connection)
            yield _connections(connection, pool)
    except DBAPIError as error:
        trouble = trouble_of(error.orig or error)
        yield _SUBJECT.error(f"{where}, database {parts.database}: {trouble.trouble}: {trouble.detail}", trouble.remedy)


def _one(connection: Connection, statement: str, **values: Any) -> Any:
    return connection.execute(text(statement), values).scalar_one()


def _version(connection: Connection, where: str) -> Finding:
    number = int(_one(connection, "SHOW server_version_num")) // 10000
    begun = monotonic()  # of the second, for which everything is loaded
    shown = str(_one(connection, "SHOW server_version")).partition(" ")[0]
    found = f"{where} is version {shown} and lets us in; it answers in {(monotonic() - begun) * 1000:.1f} ms"
    if number < _OLDEST:
        return _SUBJECT.error(found, f"use Postgres {_OLDEST_KEPT} or newer")
    if number < _OLDEST_KEPT:
        return _SUBJECT.warning(found, f"move to Postgres {_OLDEST_KEPT} or newer: this one is not maintained any more")
    return _SUBJECT.ok(found)


def _schema(connection: Connection) -> Iterator[Finding]:
    encoding = _one(connection, "SHOW server_encoding")
    if encoding != "UTF8":
        yield _SUBJECT.error(f"it keeps text as {encoding}", "make a database with ENCODING 'UTF8' for it")
    revision = None
    if _one(connection, "SELECT to_regclass('alembic_version') IS NOT NULL"):
        if not _one(connection, "SELECT has_table_privilege('alembic_version', 'SELECT')"):
            yield _SUBJECT.error("our user may not read which schema it has", _granted("SELECT", "alembic_version"))
            return
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    yield schema.finding_of(_SUBJECT, revision, is_migrated_at_start=False)


def _rights(connection: Connection) -> Iterator[Finding]:
    if _one(connection, "SHOW transaction_read_only") == "on":
        yield _SUBJECT.error("it is read-only", "name the primary in IMGSVC_DATABASE_URL, not a replica")
        return
    names = [name for name in metadata.tables if _one(connection, "SELECT to_regclass(:name) IS NOT NULL", name=name)]
    every = "SELECT bool_and(has_table_privilege(CAST(:name AS text), one)) FROM unnest(CAST(:rights AS text[])) AS one"
    rights = ["SELECT", "INSERT", "UPDATE", "DELETE"]
    lacking = [name for name in names if not _one(connection, every, name=name, rights=rights)]
    if lacking:
        tables = ", ".join(lacking)
        yield _SUBJECT.error(f"our user may not read and write {tables}", _granted(", ".join(rights), tables))
    elif names:
        yield _SUBJECT.ok("our user may read and write the tables")
    may_make = "SELECT current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE')"
    if _one(connection, may_make):
        return
    found = "our user may not make tables, so not run imgsvc migrate"
    if names:
        yield _SUBJECT.ok(f"{found}: another one must")
    else:
        yield _SUBJECT.error(found, "GRANT CREATE ON SCHEMA public to it, or migrate as a user who may")


def _granted(rights: str, tables: str) -> str:
    return f"GRANT {rights} ON {tables} to it, or use the user who ran imgsvc migrate"


def _clock(connection: Connection) -> Finding:
    before = datetime.now(UTC)
    theirs = _one(connection, "SELECT clock_timestamp()")
    after = datetime.now(UTC)
    return _SUBJECT.clock((theirs - before - (after - before) / 2).total_seconds(), "the server's", _MOST_SKEW)


def _connections(connection: Connection, pool: int) -> Finding:
    most = int(_one(connection, "SHOW max_connections")) - int(_one(connection, "SHOW superuser_reserved_connections"))
    used = _one(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") - 1
    room = (most - used) // pool
    found = (
        f"of its {most} connections {used} are in use; a process of ours takes up to {pool}, "
        f"so there is room for {room} more"
    )
    if room < 1:
        return _SUBJECT.warning(found, "lower IMGSVC_DATABASE_POOL, or raise max_connections of the server")
    return _SUBJECT.ok(found)
