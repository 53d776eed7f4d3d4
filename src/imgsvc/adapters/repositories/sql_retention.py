"""What nobody needs any more in a SQL database; ages are on the database's clock."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from attrs import astuple, frozen
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, delete, false, func, select, tuple_, update

from imgsvc.adapters.repositories.portable_sql import TimeFromNow, is_one_of
from imgsvc.adapters.repositories.tables import images, is_finished_job, is_perishable, is_ready, variants
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.variant import RenderingName, VariantId
from imgsvc.ports.pages import Position
from imgsvc.ports.retention import Named, Original, PrunedJobs

_NAME = (variants.c.image_id, variants.c.spec_id, variants.c.fingerprint)
_MOST_NAMES = 100  # in one statement; SQLite takes expressions that are 1000 deep


@frozen
class SqlRetention:
    engine: Engine

    @repeated_if_overtaken
    def note_use(self, variant_id: VariantId) -> bool:
        use = update(variants).where(variants.c.id == variant_id).values(used_at=TimeFromNow())
        with writing(self.engine) as connection:
            return connection.execute(use).rowcount > 0

    def unused(self, idle: timedelta, limit: int, after: Position | None = None) -> Sequence[Position]:
        return self._oldest(variants.c.used_at, _is_unused(idle), limit, after)

    @repeated_if_overtaken
    def expire(self, variant_ids: Collection[VariantId], idle: timedelta) -> Mapping[VariantId, RenderingName]:
        with writing(self.engine) as connection:
            taken = _taken(connection, variant_ids, _is_unused(idle))
            removal = delete(variants).where(variants.c.id.in_(taken), _is_unused(idle))
            rows = connection.execute(removal.returning(variants.c.id, *_NAME)).all()
        return {row.id: RenderingName(*row[1:]) for row in rows}

    def finished_jobs(self, age: timedelta, limit: int, after: Position | None = None) -> Sequence[Position]:
        return self._oldest(variants.c.finished_at, _is_finished(age), limit, after)

    @repeated_if_overtaken
    def prune(self, variant_ids: Collection[VariantId], age: timedelta) -> PrunedJobs:
        with writing(self.engine) as connection:
            taken = and_(variants.c.id.in_(_taken(connection, variant_ids, _is_finished(age))), is_finished_job)
            keep = update(variants).where(taken, is_ready).values(queued_at=None, signalled_at=None)
            kept = connection.scalars(keep.returning(variants.c.id)).all()
            removed = connection.scalars(delete(variants).where(taken, ~is_ready).returning(variants.c.id)).all()
        return PrunedJobs(removed=removed, kept=kept)

    def existing(self, names: Collection[RenderingName]) -> set[RenderingName]:
        wanted = list(names)
        found: set[RenderingName] = set()
        with reading(self.engine) as connection:
            for start in range(0, len(wanted), _MOST_NAMES):
                some = [astuple(name) for name in wanted[start : start + _MOST_NAMES]]
                rows = connection.execute(select(*_NAME).where(is_one_of(connection, _NAME, some)))
                found.update(RenderingName(*row) for row in rows)
        return found

    def by_name(self, idle: timedelta, limit: int, after: Named | None = None) -> Sequence[Named]:
        # Null where it was never used.
        is_unused = func.coalesce(_is_unused(idle), false()).label("is_unused")
        query = select(*_NAME, variants.c.id, is_unused).order_by(*_NAME).limit(limit)
        if after is not None:
            query = query.where(tuple_(*_NAME) > (after.name.image_id, after.name.spec_id, after.name.fingerprint))
        with reading(self.engine) as connection:
            return [Named(row.id, RenderingName(*row[:3]), row.is_unused) for row in connection.execute(query)]

    def originals(self, limit: int, after: Original | None = None) -> Sequence[Original]:
        bytes_id = func.coalesce(images.c.bytes_of, images.c.id)
        query = select(images.c.id, bytes_id).order_by(images.c.id).limit(limit)
        if after is not None:
            query = query.where(images.c.id > after.id)
        with reading(self.engine) as connection:
            return [Original(*row) for row in connection.execute(query)]

    def _oldest(
        self, moment: ColumnElement[Any], found: ColumnElement[bool], limit: int, after: Position | None
    ) -> Sequence[Position]:
        query: Select[Any] = select(moment, variants.c.id).where(found).order_by(moment, variants.c.id).limit(limit)
        if after is not None:
            query = query.where(tuple_(moment, variants.c.id) > (after.mark, after.id))
        with reading(self.engine) as connection:
            return [Position(*row) for row in connection.execute(query)]


def _taken(
    connection: Connection, variant_ids: Collection[VariantId], found: ColumnElement[bool]
) -> Sequence[VariantId]:
    """Those that are as described, locked until the transaction ends; not those that somebody else has in hand."""
    query = select(variants.c.id).where(variants.c.id.in_(variant_ids), found)
    # On SQLite, where no other writer is about, this locks nothing.
    return connection.scalars(query.with_for_update(skip_locked=True)).all()


def _is_unused(idle: timedelta) -> ColumnElement[bool]:
    return and_(is_perishable, variants.c.used_at <= TimeFromNow(-idle))


def _is_finished(age: timedelta) -> ColumnElement[bool]:
    # What was ready already may have been asked for again since.
    before = TimeFromNow(-age)
    return and_(is_finished_job, variants.c.finished_at <= before, variants.c.queued_at <= before)
