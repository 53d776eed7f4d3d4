"""The two kinds of transactions; each repository call is one."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from imgsvc.adapters.repositories.failures import translated_failures

WRITES = "imgsvc_writes"  # the execution option that tells an engine's "begin" event what is coming


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Raises Unavailable."""
    with translated_failures(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Committed at the end, rolled back on any exception. Raises Unavailable, StorageFull."""
    with (
        translated_failures(),
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection
