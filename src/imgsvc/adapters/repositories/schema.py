"""The schema of a database, brought up to date by Alembic, which takes long to load and is where it is needed."""

from functools import cache
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from imgsvc.adapters.repositories.portable_sql import hold_migrations
from imgsvc.adapters.repositories.transactions import reading, writing
from imgsvc.ports.diagnosis import Finding, Subject

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic hands its environment to env.py through a global.
_alembic = Lock()
_versions = Table("alembic_version", MetaData(), Column("version_num", String))


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """To the newest schema, wholly or not at all: the revision that it had, None for no schema, and the one it has.

    Raises RuntimeError where the schema is newer than this program.
    """
    # The lock is taken before the version is read, so of several processes one migrates and the others wait.
    with _alembic, writing(engine) as connection:
        hold_migrations(connection)
        revision = _revision(connection)
        _must_be_known(revision)
        if revision != _head():
            from alembic import command

            command.upgrade(_config(connection), "head")
    return revision, _head()


def is_current(engine: Engine) -> bool:
    with reading(engine) as connection:
        return _revision(connection) == _head()


def must_be_current(engine: Engine) -> None:
    """Raises RuntimeError, which tells the remedy."""
    with reading(engine) as connection:
        revision = _revision(connection)
    _must_be_known(revision)
    if revision != _head():
        has = "no schema yet" if revision is None else f"schema {revision}"
        raise RuntimeError(f"the database has {has}, and needs {_head()}: run imgsvc migrate")


def finding_of(subject: Subject, revision: str | None, *, is_migrated_at_start: bool) -> Finding:
    """Of the revision that a database says it has."""
    head = _head()
    if revision == head:
        return subject.ok(f"it has schema {head}, which is this program's")
    try:
        _must_be_known(revision)
    except RuntimeError as error:
        return subject.error(str(error), "run the version of imgsvc that migrated it, or a newer one")
    has = "no schema yet" if revision is None else f"schema {revision}"
    found = f"it has {has}, and this program needs {head}"
    if is_migrated_at_start:
        return subject.ok(f"{found}, to which the next start brings it")
    return subject.error(found, "run imgsvc migrate")


@cache
def revisions() -> tuple[str, ...]:
    """All that this program knows, oldest first: a migration's file is named for its revision, as in ``0001_name.py``.

    That Alembic has the same is tested.
    """
    scripts = files("imgsvc.adapters.repositories").joinpath("migrations", "versions").iterdir()
    return tuple(sorted(one.name.partition("_")[0] for one in scripts if one.name.endswith(".py")))


def _head() -> str:
    return revisions()[-1]


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "imgsvc.adapters.repositories:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_versions.name):
        return None
    return connection.execute(select(_versions.c.version_num)).scalar_one_or_none()


def _must_be_known(revision: str | None) -> None:
    if revision is not None and revision not in revisions():
        raise RuntimeError(f"the database has schema {revision}, which this version of imgsvc does not know")
