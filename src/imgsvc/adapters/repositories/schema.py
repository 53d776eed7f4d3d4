"""The schema of a database, brought up to date by Alembic."""

from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from imgsvc.adapters.repositories.portable_sql import hold_migrations
from imgsvc.adapters.repositories.transactions import reading, writing

# Alembic hands its environment to env.py through a global.
_alembic = Lock()


def upgrade(engine: Engine) -> None:
    """To the newest schema, wholly or not at all. Raises RuntimeError where the schema is newer than this program."""
    # The lock is taken before the version is read, so of several processes one migrates and the others wait.
    with _alembic, writing(engine) as connection:
        hold_migrations(connection)
        config = _config(connection)
        _must_be_known(_revision(connection), ScriptDirectory.from_config(config))
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    with reading(engine) as connection:
        head = ScriptDirectory.from_config(_config(connection)).get_current_head()
        return _revision(connection) == head


def must_be_current(engine: Engine) -> None:
    """Raises RuntimeError, which tells the remedy."""
    with reading(engine) as connection:
        revision, scripts = _revision(connection), ScriptDirectory.from_config(_config(connection))
    _must_be_known(revision, scripts)
    if revision != scripts.get_current_head():
        has = "no schema yet" if revision is None else f"schema {revision}"
        raise RuntimeError(f"the database has {has}, and needs {scripts.get_current_head()}: run imgsvc migrate")


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "imgsvc.adapters.repositories:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _must_be_known(revision: str | None, scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise RuntimeError(f"the database has schema {revision}, which this version of imgsvc does not know")
