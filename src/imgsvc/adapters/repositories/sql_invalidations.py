"""What ended, in a SQL database: noted by other repositories within their own transactions."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, Engine, bindparam, select

from imgsvc.adapters.repositories.local_news import LocalNews
from imgsvc.adapters.repositories.portable_sql import LaterThan, TimeFromNow, insert_into
from imgsvc.adapters.repositories.removing import remove_older
from imgsvc.adapters.repositories.tables import invalidations
from imgsvc.adapters.repositories.transactions import NEWS, NOTED, reading, repeated_if_overtaken, writing

# Made once, since it is asked many times a second.
_RECENT = select(invalidations.c.subject, invalidations.c.noted_at).where(
    invalidations.c.noted_at >= TimeFromNow(bindparam("age"))
)


@frozen
class SqlInvalidations:
    engine: Engine

    def within(self, age: timedelta) -> Mapping[UUID, datetime]:
        with reading(self.engine) as connection:
            rows = connection.execute(_RECENT, {"age": -age.total_seconds()})
            return {row.subject: row.noted_at for row in rows}

    def subscribed(self, hear: Callable[[Collection[UUID]], None]) -> AbstractContextManager[None]:
        news: LocalNews = self.engine.get_execution_options()[NEWS]
        return news.subscribed(hear)

    @repeated_if_overtaken
    def prune(self, age: timedelta, limit: int) -> int:
        with writing(self.engine) as connection:
            return remove_older(connection, invalidations.c.subject, invalidations.c.noted_at, age, limit)


def note_invalidation(connection: Connection, *subjects: UUID) -> None:
    """Within a transaction that is under way (``writing``). What is noted again counts from then on."""
    connection.get_execution_options()[NOTED].update(subjects)
    for subject in subjects:
        noting = insert_into(connection, invalidations).values(subject=subject, noted_at=TimeFromNow())
        again = {"noted_at": LaterThan(invalidations.c.noted_at, noting.excluded.noted_at)}
        connection.execute(noting.on_conflict_do_update(index_elements=[invalidations.c.subject], set_=again))
