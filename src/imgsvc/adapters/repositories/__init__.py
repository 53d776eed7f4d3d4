"""Users, images and variants in the database that a URL names."""

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import field, frozen
from sqlalchemy import Engine, select

from imgsvc.adapters.repositories import schema
from imgsvc.adapters.repositories.sql_images import SqlImages
from imgsvc.adapters.repositories.sql_users import SqlUsers
from imgsvc.adapters.repositories.sql_variants import SqlVariants
from imgsvc.adapters.repositories.tables import users
from imgsvc.adapters.repositories.transactions import reading
from imgsvc.ports.repositories import ImageRepository, UserRepository, VariantRepository

# Seconds to wait for another process that migrates.
_MIGRATION_WAIT = 60.0


@frozen
class Repositories:
    """The repositories of one database."""

    users: UserRepository
    images: ImageRepository
    variants: VariantRepository
    _engine: Engine = field(repr=False)

    def check(self) -> None:
        """A round trip to the database's data. Raises Unavailable."""
        with reading(self._engine) as connection:
            connection.execute(select(users.c.id).limit(1)).all()


@contextmanager
def open_repositories(url: str) -> Iterator[Repositories]:
    """``sqlite:///relative/path`` or ``sqlite:////absolute/path``; made and migrated where it needs to be.

    Raises ValueError where the URL is not understood, RuntimeError where the schema is newer than this program,
    Unavailable.
    """
    migrate(url)
    with _opened(url) as engine:
        yield Repositories(SqlUsers(engine), SqlImages(engine), SqlVariants(engine), engine)


def migrate(url: str) -> None:
    """Bring the schema up to date; several processes may do so at once. Raises like ``open_repositories``."""
    with _opened(url, lock_wait=_MIGRATION_WAIT) as engine:
        schema.upgrade(engine)


def has_current_schema(url: str) -> bool:
    """Whether there is nothing to migrate. Raises like ``open_repositories``."""
    with _opened(url) as engine:
        return schema.is_current(engine)


@contextmanager
def _opened(url: str, lock_wait: float = 5.0) -> Iterator[Engine]:
    engine = _engine(url, lock_wait)
    try:
        yield engine
    finally:
        engine.dispose()


def _engine(url: str, lock_wait: float) -> Engine:
    # Only what stands before the colon may be shown: a password can be anywhere behind it.
    match url.partition(":")[0] if ":" in url else "":
        case "sqlite":
            from imgsvc.adapters.repositories.sqlite import sqlite_engine

            return sqlite_engine(url, lock_wait)
        case scheme:
            raise ValueError(f"unknown scheme {scheme!r} of the database's URL; known: sqlite")
