"""How repositories read, and the two kinds of transactions that write; a repository call writes in one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from random import uniform
from time import sleep
from typing import ParamSpec, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine

from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.repositories.failures import Overtaken, translated_failures
from imgsvc.adapters.repositories.local_news import LocalNews
from imgsvc.adapters.repositories.troubles import trouble_of
from imgsvc.domain.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

_ATTEMPTS = 4
BEGUN = "imgsvc_begun"  # the execution option of an engine that says how its transactions begin: a Beginning
OUTAGES = "imgsvc_outages"  # of one whose failures are logged
NEWS = "imgsvc_news"  # and of one whose process wants to know at once what ended
NOTED = "imgsvc_noted"  # of a connection that writes: a set, of what the transaction ends


class Beginning(Protocol):
    """How a database's transactions that write begin; they end with the context."""

    def __call__(self, engine: Engine, *, may_be_lost: bool) -> AbstractContextManager[Connection]:
        """``may_be_lost``: in a power cut."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """No transaction, which saves a BEGIN and a ROLLBACK: each statement sees what there is by then.

    Raises Busy, Unavailable.
    """
    with _watched(engine, "reading"), translated_failures(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Committed at the end, rolled back on any exception. Raises Busy, Unavailable, StorageFull, Overtaken."""
    noted: set[UUID] = set()
    try:
        with _watched(engine, "writing"), translated_failures(), _begun(engine, may_be_lost=False) as connection:
            yield connection.execution_options(**{NOTED: noted})
    finally:
        # After the end, and also where nobody knows whether it was a commit: who forgets too much only asks again.
        news: LocalNews | None = engine.get_execution_options().get(NEWS)
        if noted and news is not None:
            news.tell(noted)


@contextmanager
def noting(engine: Engine) -> Iterator[Connection]:
    """For what tells how far a job or a message has come. Raises what ``writing`` does.

    Everybody sees it at once. On SQLite a power cut may undo the last of these, and the job is done again: to wait for
    the disk three times would cost a job more than its row is worth.
    """
    with _watched(engine, "writing"), translated_failures(), _begun(engine, may_be_lost=True) as connection:
        yield connection


def _begun(engine: Engine, *, may_be_lost: bool) -> AbstractContextManager[Connection]:
    begun: Beginning = engine.get_execution_options()[BEGUN]
    return begun(engine, may_be_lost=may_be_lost)


@contextmanager
def _watched(engine: Engine, part: str) -> Iterator[None]:
    outages: Outages | None = engine.get_execution_options().get(OUTAGES)
    if outages is None:
        yield
        return
    attempt = outages.attempt(part)
    try:
        yield
    except Overtaken:
        raise
    except Unavailable as error:
        trouble = trouble_of(error.__cause__ or error)
        tell = attempt.finds_nobody if trouble.is_general else attempt.fails
        tell(trouble.trouble, trouble.detail)
        raise
    attempt.succeeds()


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
