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

_SCHEMES = ("sqlite", "postgresql+psycopg", "postgresql")


@frozen
class Repositories:
    """The repositories of one database."""

    users: UserRepository
    images: ImageRepository
    variants: VariantRepository
    _engine: Engine = field(repr=False)

    def check(self) -> None:
        """A round trip to the database's data. Raises Busy, Unavailable."""
        with reading(self._engine) as connection:
            connection.execute(select(users.c.id).limit(1)).all()


@contextmanager
def open_repositories(url: str, *, pool: int = 10) -> Iterator[Repositories]:
    """``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql+psycopg://user:password@host/name``.

    A file is made and migrated where it needs to be; a server's database must have been (``migrate``), since others
    may be using it. ``pool``: the most connections to a server.

    Raises ValueError where the URL is not understood, RuntimeError where the schema does not fit this program,
    Unavailable.
    """
    if _is_file(url):
        migrate(url)
    with _opened(_engine(url, pool)) as engine:
        if not _is_file(url):
            schema.must_be_current(engine)
        yield Repositories(SqlUsers(engine), SqlImages(engine), SqlVariants(engine), engine)


def migrate(url: str) -> None:
    """Bring the schema up to date; several processes may do so at once. Raises like ``open_repositories``."""
    with _opened(_engine(url, pool=1, migrates=True)) as engine:
        schema.upgrade(engine)


def has_current_schema(url: str) -> bool:
    """Whether there is nothing to migrate. Raises like ``open_repositories``."""
    with _opened(_engine(url, pool=1)) as engine:
        return schema.is_current(engine)


@contextmanager
def _opened(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _engine(url: str, pool: int, *, migrates: bool = False) -> Engine:
    """Whoever migrates may take long, and waits for others who do."""
    if _is_file(url):
        from imgsvc.adapters.repositories.sqlite import sqlite_engine

        return sqlite_engine(url, lock_wait=60.0 if migrates else 5.0)
    from imgsvc.adapters.repositories.postgres import MIGRATING, SERVING, postgres_engine

    return postgres_engine(url, pool, MIGRATING if migrates else SERVING)


def _is_file(url: str) -> bool:
    """Raises ValueError where the database is of no kind that we know."""
    # Only what stands before the colon may be shown: a password can be anywhere behind it.
    scheme = url.partition(":")[0] if ":" in url else ""
    if scheme not in _SCHEMES:
        raise ValueError(f"unknown scheme {scheme!r} of the database's URL; known: {', '.join(_SCHEMES)}")
    return scheme == "sqlite"
