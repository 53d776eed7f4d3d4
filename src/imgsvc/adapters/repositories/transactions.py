"""The two kinds of transactions; each repository call is one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from random import uniform
from time import sleep
from typing import ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from imgsvc.adapters.repositories.failures import Overtaken, translated_failures
from imgsvc.adapters.repositories.portable_sql import reading_options

P = ParamSpec("P")
T = TypeVar("T")

_ATTEMPTS = 4
WRITES = "imgsvc_writes"  # the execution option that tells an engine's "begin" event what is coming


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Raises Busy, Unavailable."""
    with translated_failures(), engine.connect().execution_options(**reading_options(engine)) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Committed at the end, rolled back on any exception. Raises Busy, Unavailable, StorageFull, Overtaken."""
    with (
        translated_failures(),
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


def repeated_if_overtaken(call: Callable[P, T]) -> Callable[P, T]:
    """A call of one transaction, done a few times where that one loses to others."""

    @wraps(call)
    def repeated(*arguments: P.args, **named: P.kwargs) -> T:
        for attempt in range(_ATTEMPTS - 1):
            try:
                return call(*arguments, **named)
            except Overtaken:
                sleep(uniform(0, 0.02) * (attempt + 1))  # noqa: S311  # no secret, but no two alike
        return call(*arguments, **named)

    return repeated
