"""Variants in a SQL database; the lease is on the database's clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from attrs import evolve, field, frozen
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.functions import count

from imgsvc.adapters.repositories.failures import Overtaken, breaks_foreign_key
from imgsvc.adapters.repositories.image_rows import image_of_row
from imgsvc.adapters.repositories.job_ends import FAIL, FINISH, MADE_ON_THE_SPOT, JobEnd
from imgsvc.adapters.repositories.pages import Order, read_page
from imgsvc.adapters.repositories.portable_sql import TimeFromNow, insert_into, is_one_of, rows_of
from imgsvc.adapters.repositories.sql_invalidations import note_invalidation
from imgsvc.adapters.repositories.statements import (
    CANCEL,
    CLAIM,
    CLAIM_WITH_IMAGE,
    HELD,
    NO_CLAIM,
    ONE_IMAGE,
    ONE_VARIANT,
    RELEASE,
    RENEW,
    VARIANT_ADDITIONS,
    VARIANT_BY_KEY,
    WAITING,
    is_pending,
    lease_is_over,
)
from imgsvc.adapters.repositories.tables import is_claimed, is_queued, is_stallable, variants
from imgsvc.adapters.repositories.transactions import noting, reading, repeated_if_overtaken, writing
from imgsvc.adapters.repositories.variant_rows import (
    NO_FAILURE,
    NO_RENDITION,
    failure_row,
    rendition_row,
    variant_of_row,
    variant_row,
)
from imgsvc.domain.errors import ImageNotFound, VariantNotFound
from imgsvc.domain.image import ImageId
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Failure, RenderingName, Rendition, Variant, VariantId, VariantStatus
from imgsvc.ports.pages import Page, PageRequest
from imgsvc.ports.variants import Claim, Progress

_KEY = (variants.c.image_id, variants.c.spec_id, variants.c.fingerprint)
_CLAIM_KEY = (variants.c.id, variants.c.claim_token)
_MOST_RENEWED = 100  # by one statement
_NEWEST = Order(variants.c.created_at, variants.c.id)
_LAST_QUEUED = Order(variants.c.queued_at, variants.c.id)


@frozen
class SqlVariants:
    engine: Engine
    # Called when the end of a job has added some.
    on_delivery: Callable[[], None] = field(default=lambda: None, kw_only=True)

    @repeated_if_overtaken
    def add_if_absent(self, variant: Variant) -> tuple[Variant, bool]:
        with _image_kept(variant.image_id), writing(self.engine) as connection:
            if (added := _added(connection, variant)) is not None:
                return added, True
            if variant.queued_at is not None:
                queue = update(variants).where(*_has_key_of(variant), ~is_queued)
                connection.execute(queue.values(queued_at=variant.queued_at, signalled_at=TimeFromNow()))
            return _one_like(connection, variant), False

    def get(self, variant_id: VariantId) -> Variant:
        with reading(self.engine) as connection:
            return _get(connection, variant_id)

    def find(self, name: RenderingName) -> Variant | None:
        with reading(self.engine) as connection:
            return _find(connection, name)

    def list_of_image(self, image_id: ImageId, page: PageRequest) -> Page[Variant]:
        query = select(variants).where(variants.c.image_id == image_id)
        with reading(self.engine) as connection:
            return read_page(connection, query, _NEWEST, page, variant_of_row)

    def list_jobs(
        self, owner: UserId, page: PageRequest, *, status: VariantStatus | None = None, image_id: ImageId | None = None
    ) -> Page[Variant]:
        query = select(variants).where(variants.c.owner == owner, is_queued)
        if status is not None:
            query = query.where(variants.c.status == status)
        if image_id is not None:
            query = query.where(variants.c.image_id == image_id)
        with reading(self.engine) as connection:
            return read_page(connection, query, _LAST_QUEUED, page, variant_of_row)

    def count_unfinished(self, owner: UserId, most: int) -> int:
        unfinished = variants.c.status.in_((VariantStatus.PENDING, VariantStatus.PROCESSING))
        query = select(variants.c.id).where(variants.c.owner == owner, is_queued, unfinished).limit(most)
        with reading(self.engine) as connection:
            return connection.scalar(select(count()).select_from(query.subquery())) or 0

    def count_waiting(self, most: int) -> int:
        query = select(variants.c.id).where(is_stallable, is_pending).limit(most)
        with reading(self.engine) as connection:
            return connection.scalar(select(count()).select_from(query.subquery())) or 0

    def progress(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, Progress]:
        query = select(variants.c.id, variants.c.status, variants.c.attempts)
        with reading(self.engine) as connection:
            rows = rows_of(connection, query, variants.c.id, variant_ids)
            return {row.id: Progress(row.status, row.attempts) for row in rows}

    @repeated_if_overtaken
    def claim(self, variant_id: VariantId, lease: timedelta) -> Claim | None:
        token = uuid4()
        named = {"wanted": variant_id, "token": token, "lease_seconds": lease.total_seconds()}
        with noting(self.engine) as connection:
            rows = _claimed(connection, named)
        return None if rows is None else Claim(variant_of_row(rows[0]), image_of_row(rows[1]), token)

    def finish(self, claim: Claim, rendition: Rendition, now: datetime) -> bool:
        return self._end(claim, FINISH, finished_at=now, **rendition_row(rendition))

    def fail(self, claim: Claim, failure: Failure, now: datetime) -> bool:
        return self._end(claim, FAIL, finished_at=now, **failure_row(failure))

    @repeated_if_overtaken
    def _end(self, claim: Claim, end: JobEnd, **values: Any) -> bool:
        with noting(self.engine) as connection:
            has_ended, deliveries = end.execute(connection, claim.variant.id, claim.token, values)
        if deliveries:
            self.on_delivery()
        return has_ended

    @repeated_if_overtaken
    def adopt(self, claim: Claim, fingerprint: str) -> Claim | None:
        change = HELD.values(fingerprint=fingerprint).returning(*variants.c)
        try:
            with writing(self.engine) as connection:
                row = connection.execute(change, _held(claim)).one_or_none()
        except IntegrityError:
            return None  # there is one of this image, spec and fingerprint
        return None if row is None else evolve(claim, variant=variant_of_row(row))

    @repeated_if_overtaken
    def renew(self, claims: Sequence[Claim], lease: timedelta) -> int:
        held = [(claim.variant.id, claim.token) for claim in claims]
        renewed = 0
        for start in range(0, len(held), _MOST_RENEWED):
            with noting(self.engine) as connection:
                are_held = is_one_of(connection, _CLAIM_KEY, held[start : start + _MOST_RENEWED])
                renewed += connection.execute(RENEW.where(are_held), {"lease_seconds": lease.total_seconds()}).rowcount
        return renewed

    @repeated_if_overtaken
    def release(self, claim: Claim, *, charged: bool) -> bool:
        with noting(self.engine) as connection:
            return connection.execute(RELEASE, {**_held(claim), "refund": 0 if charged else 1}).rowcount > 0

    @repeated_if_overtaken
    def record(self, variant: Variant) -> Variant:
        with _image_kept(variant.image_id), noting(self.engine) as connection:
            added = _added(connection, variant)
        return self._record_over_another(variant) if added is None else added

    def _record_over_another(self, variant: Variant) -> Variant:
        key = _named_key(variant.name)
        with _image_kept(variant.image_id), writing(self.engine) as connection:
            # First, while it can be told from one that had ended; and locked, so that it ends but once.
            due = connection.execute(MADE_ON_THE_SPOT, {**key, "its_finished_at": variant.finished_at}).rowcount
            moments = dict.fromkeys(_moments(variant), TimeFromNow())
            insertion = insert_into(connection, variants).values(variant_row(variant) | moments)
            kept = ("status", "finished_at", "used_at", *NO_RENDITION, *NO_FAILURE, *NO_CLAIM)
            changes = {name: insertion.excluded[name] for name in kept}
            unless_ready = variants.c.status != VariantStatus.READY
            recording = insertion.on_conflict_do_update(index_elements=_KEY, set_=changes, where=unless_ready)
            row = connection.execute(recording.returning(*variants.c)).one_or_none()
            recorded = _one_like(connection, variant) if row is None else variant_of_row(row)
        if due:
            self.on_delivery()
        return recorded

    @repeated_if_overtaken
    def retry(self, variant_id: VariantId, queued_at: datetime) -> Variant:
        failed = and_(variants.c.id == variant_id, variants.c.status == VariantStatus.FAILED)
        again = {"status": VariantStatus.PENDING, "attempts": 0, "finished_at": None, **NO_FAILURE}
        signal = {"queued_at": queued_at, "signalled_at": TimeFromNow()}
        with writing(self.engine) as connection:
            connection.execute(update(variants).where(failed).values(**again, **signal))
            return _get(connection, variant_id)

    @repeated_if_overtaken
    def cancel(self, variant_id: VariantId, failure: Failure, now: datetime) -> Variant:
        with writing(self.engine) as connection:
            named = {"wanted": variant_id, "finished_at": now, **failure_row(failure)}
            connection.execute(CANCEL, named)
            return _get(connection, variant_id)

    @repeated_if_overtaken
    def delete(self, variant_id: VariantId) -> Variant | None:
        deletion = delete(variants).where(variants.c.id == variant_id).returning(*variants.c)
        with writing(self.engine) as connection:
            row = connection.execute(deletion).one_or_none()
            if row is None:
                return None
            deleted = variant_of_row(row)
            note_invalidation(connection, deleted.image_id)
        return deleted

    @repeated_if_overtaken
    def take_stalled(self, idle: timedelta, limit: int) -> Sequence[VariantId]:
        waiting = and_(is_pending, is_stallable, variants.c.signalled_at <= TimeFromNow(-idle))
        with writing(self.engine) as connection:
            taken = _oldest(connection, and_(is_claimed, lease_is_over), variants.c.lease_ends_at, limit)
            taken += _oldest(connection, waiting, variants.c.signalled_at, limit - len(taken))
            if taken:
                connection.execute(update(variants).where(variants.c.id.in_(taken)).values(**WAITING))
        return taken


def _claimed(connection: Connection, named: dict[str, Any]) -> tuple[Row[Any], Sequence[Any]] | None:
    """The variant's row and its image's; on Postgres by one statement, while SQLite is no trip away."""
    if connection.dialect.name == "postgresql":
        row = connection.execute(CLAIM_WITH_IMAGE, named).one_or_none()
        return None if row is None else (row, row[len(variants.c) :])
    row = connection.execute(CLAIM, named).one_or_none()
    return None if row is None else (row, connection.execute(ONE_IMAGE, {"wanted": row.image_id}).one())


def _held(claim: Claim) -> dict[str, Any]:
    """The parameters of statements that go by it."""
    return {"wanted": claim.variant.id, "token": claim.token}


def _oldest(
    connection: Connection, found: ColumnElement[bool], moment: ColumnElement[Any], limit: int
) -> list[VariantId]:
    """Those that nobody else takes just now."""
    query = select(variants.c.id).where(found).order_by(moment, variants.c.created_at, variants.c.id).limit(limit)
    # On SQLite, where no other writer is about, this locks nothing.
    return list(connection.scalars(query.with_for_update(skip_locked=True)))


@contextmanager
def _image_kept(image_id: ImageId) -> Iterator[None]:
    """Raises ImageNotFound where a variant has lost its image."""
    try:
        yield
    except IntegrityError as error:
        if breaks_foreign_key(error):
            raise ImageNotFound(f"no image {image_id}") from error
        raise


def _has_key_of(variant: Variant) -> list[ColumnElement[bool]]:
    key = (variant.image_id, variant.spec_id, variant.fingerprint)
    return [column == value for column, value in zip(_KEY, key, strict=True)]


def _find(connection: Connection, name: RenderingName) -> Variant | None:
    row = connection.execute(VARIANT_BY_KEY, _named_key(name)).one_or_none()
    return None if row is None else variant_of_row(row)


def _named_key(name: RenderingName) -> dict[str, Any]:
    """The parameters of statements that go by it."""
    return {"its_image_id": name.image_id, "its_spec_id": name.spec_id, "its_fingerprint": name.fingerprint}


def _get(connection: Connection, variant_id: VariantId) -> Variant:
    row = connection.execute(ONE_VARIANT, {"wanted": variant_id}).one_or_none()
    if row is None:
        raise VariantNotFound(f"no variant {variant_id}")
    return variant_of_row(row)


def _one_like(connection: Connection, variant: Variant) -> Variant:
    """The kept variant of the same image, spec and fingerprint, which was there just now. Raises Overtaken."""
    found = _find(connection, variant.name)
    if found is None:  # deleted within the last instant; where its image was, the next try finds that out
        raise Overtaken("the variant was deleted meanwhile")
    return found


def _added(connection: Connection, variant: Variant) -> Variant | None:
    """As it is kept; None where there is one of the same image, spec and fingerprint."""
    addition = VARIANT_ADDITIONS[connection.dialect.name, _moments(variant)]
    row = connection.execute(addition, variant_row(variant)).one_or_none()
    return None if row is None else evolve(variant, used_at=row.used_at)


def _moments(variant: Variant) -> tuple[str, ...]:
    """The columns of a new row that have the time of the database."""
    signalled = () if variant.queued_at is None else ("signalled_at",)
    return (*signalled, "used_at") if variant.status is VariantStatus.READY else signalled
