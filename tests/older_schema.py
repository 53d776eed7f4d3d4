"""A database as an earlier version of the service left it."""

from alembic import command
from sqlalchemy import Engine

from imgsvc.adapters.repositories import schema
from imgsvc.adapters.repositories.transactions import writing


def migrate_to(revision: str, engine: Engine) -> None:
    """Of an empty database, up to that revision."""
    with writing(engine) as connection:
        command.upgrade(schema._config(connection), revision)
    engine.dispose()
