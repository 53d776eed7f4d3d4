"""Variants in a SQL database; the lease is on the database's clock."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from imgsvc.adapters.repositories.failures import breaks_foreign_key
from imgsvc.adapters.repositories.pages import read_page
from imgsvc.adapters.repositories.portable_sql import TimeFromNow, insert_into
from imgsvc.adapters.repositories.tables import is_queued, is_stallable, variants
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import ImageNotFound, VariantNotFound
from imgsvc.domain.image import ImageId
from imgsvc.domain.plain_data import read
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantId, VariantStatus
from imgsvc.ports.repositories import Claim, Page, PageRequest

_KEY = (variants.c.image_id, variants.c.spec_id, variants.c.fingerprint)
_NEWEST = (variants.c.created_at, variants.c.id)
_LAST_QUEUED = (variants.c.queued_at, variants.c.id)
_NO_RENDITION = {"media_type": None, "width": None, "height": None, "byte_count": None, "frames": None}
_NO_FAILURE = {"failure_code": None, "failure_detail": None}
_NO_CLAIM = {"claim_token": None, "lease_ends_at": None}


@frozen
class SqlVariants:
    engine: Engine

    @repeated_if_overtaken
    def add_if_absent(self, variant: Variant) -> tuple[Variant, bool]:
        with _image_kept(variant.image_id), writing(self.engine) as connection:
            insertion = insert_into(connection, variants).values(_row(variant)).on_conflict_do_nothing()
            is_new = connection.execute(insertion.returning(variants.c.id)).one_or_none() is not None
            if not is_new and variant.queued_at is not None:
                queue = update(variants).where(*_has_key_of(variant), ~is_queued)
                connection.execute(queue.values(queued_at=variant.queued_at, signalled_at=TimeFromNow()))
            return _one_like(connection, variant), is_new

    def get(self, variant_id: VariantId) -> Variant:
        with reading(self.engine) as connection:
            return _get(connection, variant_id)

    def find(self, image_id: ImageId, spec_id: str, fingerprint: str) -> Variant | None:
        query = select(variants).where(*_has_key(image_id, spec_id, fingerprint))
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _variant(row)

    def list_of_image(self, image_id: ImageId, page: PageRequest) -> Page[Variant]:
        query = select(variants).where(variants.c.image_id == image_id)
        with reading(self.engine) as connection:
            return read_page(connection, query, _NEWEST, page, _variant)

    def list_jobs(
        self, owner: UserId, page: PageRequest, *, status: VariantStatus | None = None, image_id: ImageId | None = None
    ) -> Page[Variant]:
        query = select(variants).where(variants.c.owner == owner, is_queued)
        if status is not None:
            query = query.where(variants.c.status == status)
        if image_id is not None:
            query = query.where(variants.c.image_id == image_id)
        with reading(self.engine) as connection:
            return read_page(connection, query, _LAST_QUEUED, page, _variant)

    @repeated_if_overtaken
    def claim(self, variant_id: VariantId, lease: timedelta) -> Claim | None:
        token = uuid4()
        change = (
            update(variants)
            .where(variants.c.id == variant_id, _is_free())
            .values(status=VariantStatus.PROCESSING, attempts=variants.c.attempts + 1)
            .values(claim_token=token, lease_ends_at=TimeFromNow(lease))
        )
        with writing(self.engine) as connection:
            row = connection.execute(change.returning(*variants.c)).one_or_none()
        return None if row is None else Claim(_variant(row), token)

    def finish(self, claim: Claim, rendition: Rendition, now: datetime) -> bool:
        ready = {"status": VariantStatus.READY, "finished_at": now, **_rendition_row(rendition)}
        return self._change(claim, **ready, **_NO_CLAIM)

    def fail(self, claim: Claim, failure: Failure, now: datetime) -> bool:
        failed = {"status": VariantStatus.FAILED, "finished_at": now, **_failure_row(failure)}
        return self._change(claim, **failed, **_NO_CLAIM)

    @repeated_if_overtaken
    def adopt(self, claim: Claim, fingerprint: str) -> Claim | None:
        held = and_(variants.c.id == claim.variant.id, variants.c.claim_token == claim.token)
        change = update(variants).where(held).values(fingerprint=fingerprint).returning(*variants.c)
        try:
            with writing(self.engine) as connection:
                row = connection.execute(change).one_or_none()
        except IntegrityError:
            return None  # there is one of this image, spec and fingerprint
        return None if row is None else Claim(_variant(row), claim.token)

    def renew(self, claim: Claim, lease: timedelta) -> bool:
        return self._change(claim, lease_ends_at=TimeFromNow(lease))

    def release(self, claim: Claim, *, charged: bool) -> bool:
        attempts = variants.c.attempts - (0 if charged else 1)
        return self._change(claim, status=VariantStatus.PENDING, attempts=attempts, **_NO_CLAIM)

    @repeated_if_overtaken
    def _change(self, claim: Claim, **changes: Any) -> bool:
        # Whatever ends a claim takes its token out of the row, so no older claim can be mistaken for the latest.
        held = and_(variants.c.id == claim.variant.id, variants.c.claim_token == claim.token)
        with writing(self.engine) as connection:
            return connection.execute(update(variants).where(held).values(**changes)).rowcount > 0

    @repeated_if_overtaken
    def record(self, variant: Variant) -> Variant:
        with _image_kept(variant.image_id), writing(self.engine) as connection:
            insertion = insert_into(connection, variants).values(_row(variant))
            kept = ("status", "finished_at", *_NO_RENDITION, *_NO_FAILURE, *_NO_CLAIM)
            changes = {name: insertion.excluded[name] for name in kept}
            unless_ready = variants.c.status != VariantStatus.READY
            connection.execute(insertion.on_conflict_do_update(index_elements=_KEY, set_=changes, where=unless_ready))
            return _one_like(connection, variant)

    @repeated_if_overtaken
    def retry(self, variant_id: VariantId, queued_at: datetime) -> Variant:
        failed = and_(variants.c.id == variant_id, variants.c.status == VariantStatus.FAILED)
        again = {"status": VariantStatus.PENDING, "attempts": 0, "finished_at": None, **_NO_FAILURE}
        signal = {"queued_at": queued_at, "signalled_at": TimeFromNow()}
        with writing(self.engine) as connection:
            connection.execute(update(variants).where(failed).values(**again, **signal))
            return _get(connection, variant_id)

    @repeated_if_overtaken
    def take_stalled(self, idle: timedelta, limit: int) -> Sequence[VariantId]:
        order = (variants.c.signalled_at, variants.c.created_at, variants.c.id)
        stalled = (
            select(variants.c.id)
            .where(is_stallable, variants.c.signalled_at <= TimeFromNow(-idle), _is_free())
            .order_by(*order)
            .limit(limit)
            .with_for_update(skip_locked=True)  # nothing on SQLite, where no other writer is about
        )
        with writing(self.engine) as connection:
            taken = connection.scalars(stalled).all()
            connection.execute(update(variants).where(variants.c.id.in_(taken)).values(signalled_at=TimeFromNow()))
        return taken


@contextmanager
def _image_kept(image_id: ImageId) -> Iterator[None]:
    """Raises ImageNotFound where a variant has lost its image."""
    try:
        yield
    except IntegrityError as error:
        if breaks_foreign_key(error):
            raise ImageNotFound(f"no image {image_id}") from error
        raise


def _is_free() -> ColumnElement[bool]:
    """Waiting, or claimed by somebody whose lease is over."""
    lease_is_over = variants.c.lease_ends_at <= TimeFromNow()
    return or_(
        variants.c.status == VariantStatus.PENDING, and_(variants.c.status == VariantStatus.PROCESSING, lease_is_over)
    )


def _has_key(*key: object) -> list[ColumnElement[bool]]:
    return [column == value for column, value in zip(_KEY, key, strict=True)]


def _has_key_of(variant: Variant) -> list[ColumnElement[bool]]:
    return _has_key(variant.image_id, variant.spec_id, variant.fingerprint)


def _get(connection: Connection, variant_id: VariantId) -> Variant:
    row = connection.execute(select(variants).where(variants.c.id == variant_id)).one_or_none()
    if row is None:
        raise VariantNotFound(f"no variant {variant_id}")
    return _variant(row)


def _one_like(connection: Connection, variant: Variant) -> Variant:
    """The kept variant of the same image, spec and fingerprint. Raises ImageNotFound."""
    row = connection.execute(select(variants).where(*_has_key_of(variant))).one_or_none()
    if row is None:  # its image was deleted within the last instant, and took it along
        raise ImageNotFound(f"no image {variant.image_id}")
    return _variant(row)


def _row(variant: Variant) -> dict[str, Any]:
    return {
        "id": variant.id,
        "owner": variant.owner,
        "image_id": variant.image_id,
        "spec": variant.spec.canonical_json,
        "spec_id": variant.spec_id,
        "fingerprint": variant.fingerprint,
        "status": variant.status,
        "attempts": variant.attempts,
        "created_at": variant.created_at,
        "queued_at": variant.queued_at,
        "finished_at": variant.finished_at,
        "signalled_at": None if variant.queued_at is None else TimeFromNow(),
        **(_NO_RENDITION if variant.rendition is None else _rendition_row(variant.rendition)),
        **(_NO_FAILURE if variant.failure is None else _failure_row(variant.failure)),
        **_NO_CLAIM,
    }


def _variant(row: Row[Any]) -> Variant:
    return Variant(
        id=row.id,
        owner=row.owner,
        image_id=row.image_id,
        spec=read(TransformSpec, json.loads(row.spec)),
        fingerprint=row.fingerprint,
        status=row.status,
        attempts=row.attempts,
        created_at=row.created_at,
        queued_at=row.queued_at,
        finished_at=row.finished_at,
        rendition=_rendition(row) if row.status is VariantStatus.READY else None,
        failure=_failure(row) if row.status is VariantStatus.FAILED else None,
    )


def _rendition_row(rendition: Rendition) -> dict[str, Any]:
    return {
        "media_type": rendition.media_type,
        "width": rendition.width,
        "height": rendition.height,
        "byte_count": rendition.byte_count,
        "frames": rendition.frames,
    }


def _rendition(row: Row[Any]) -> Rendition:
    return Rendition(
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        byte_count=row.byte_count,
        frames=row.frames,
    )


def _failure_row(failure: Failure) -> dict[str, Any]:
    return {"failure_code": failure.code, "failure_detail": failure.detail}


def _failure(row: Row[Any]) -> Failure:
    return Failure(code=row.failure_code, detail=row.failure_detail)
