"""What webhooks are told, in a SQL database; what is due, and leases, are on its clock."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

from attrs import frozen
from sqlalchemy import (
    BindParameter,
    Engine,
    Float,
    Row,
    Select,
    and_,
    bindparam,
    case,
    insert,
    or_,
    select,
    update,
)

from imgsvc.adapters.repositories.pages import Order, read_page
from imgsvc.adapters.repositories.portable_sql import TimeFromNow
from imgsvc.adapters.repositories.removing import remove_older
from imgsvc.adapters.repositories.tables import webhook_deliveries as deliveries
from imgsvc.adapters.repositories.tables import webhooks
from imgsvc.adapters.repositories.transactions import noting, reading, repeated_if_overtaken, writing
from imgsvc.adapters.repositories.variant_rows import failure_of_row
from imgsvc.domain.delivery import ABANDONED, Attempt, Delivery, DeliveryId, DeliveryStatus, EndedJob
from imgsvc.domain.errors import DeliveryNotFound, WebhookNotFound
from imgsvc.domain.webhook import WebhookId
from imgsvc.ports.deliveries import DueDelivery
from imgsvc.ports.pages import Page, PageRequest

_NEWEST = Order(deliveries.c.created_at, deliveries.c.id)
_PENDING = DeliveryStatus.PENDING.value
_NOT_DUE = {"due_at": None, "claim_token": None}
_ENDED = {"ended_at": TimeFromNow(), **_NOT_DUE}

_busy: BindParameter[Any] = bindparam("busy", expanding=True)
_oldest_due = (
    select(deliveries.c.id)
    .where(deliveries.c.due_at <= TimeFromNow(), deliveries.c.webhook_id.not_in(_busy))
    .order_by(deliveries.c.due_at)
    .limit(1)
)
# On SQLite, where no other writer is about, this locks nothing.
_CLAIM = (
    update(deliveries)
    .where(deliveries.c.id == _oldest_due.with_for_update(skip_locked=True).scalar_subquery())
    .values(attempts=deliveries.c.attempts + 1, claim_token=bindparam("token"), last_attempt_at=TimeFromNow())
    .values(due_at=TimeFromNow(bindparam("lease_seconds", type_=Float)))
    .returning(*deliveries.c)
)
_is_overlapping = webhooks.c.old_secret_ends_at > TimeFromNow()
_RECEIVER: Select[Any] = select(
    *webhooks.c, case((_is_overlapping, webhooks.c.old_secret)).label("second_secret")
).where(webhooks.c.id == bindparam("wanted"))


@frozen
class SqlDeliveries:
    engine: Engine
    on_delivery: Callable[[], None] = lambda: None  # called where one is due at once

    @repeated_if_overtaken
    def add(self, delivery: Delivery) -> None:
        there = select(webhooks.c.id).where(webhooks.c.id == delivery.webhook_id, webhooks.c.deleted_at.is_(None))
        with writing(self.engine) as connection:
            if connection.execute(there.with_for_update(read=True, key_share=True)).one_or_none() is None:
                raise WebhookNotFound(f"no webhook {delivery.webhook_id}")
            connection.execute(insert(deliveries).values(_row(delivery)))
        self.on_delivery()

    def list_of(
        self, webhook_id: WebhookId, page: PageRequest, *, status: DeliveryStatus | None = None
    ) -> Page[Delivery]:
        query = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
        if status is not None:
            query = query.where(deliveries.c.status == status.value)
        with reading(self.engine) as connection:
            return read_page(connection, query, _NEWEST, page, _delivery)

    @repeated_if_overtaken
    def replay(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> Delivery:
        is_it = and_(deliveries.c.id == delivery_id, deliveries.c.webhook_id == webhook_id)
        again = {"status": _PENDING, "attempts": 0, "due_at": TimeFromNow(), "ended_at": None}
        with writing(self.engine) as connection:
            connection.execute(update(deliveries).where(is_it, deliveries.c.claim_token.is_(None)).values(again))
            row = connection.execute(select(deliveries).where(is_it)).one_or_none()
        if row is None:
            raise DeliveryNotFound(f"no delivery {delivery_id}")
        self.on_delivery()
        return _delivery(row)

    @repeated_if_overtaken
    def claim(self, lease: timedelta, busy: Collection[WebhookId] = ()) -> DueDelivery | None:
        others = {"busy": list(busy)}
        with reading(self.engine) as connection:  # which keeps nobody from writing, where there is nothing to do
            if connection.execute(_oldest_due, others).one_or_none() is None:
                return None
        token = uuid4()
        with noting(self.engine) as connection:
            named = {"token": token, "lease_seconds": lease.total_seconds(), **others}
            row = connection.execute(_CLAIM, named).one_or_none()
        if row is None:
            return None
        with reading(self.engine) as connection:
            receiver = connection.execute(_RECEIVER, {"wanted": row.webhook_id}).one_or_none()
        return None if receiver is None else _due(row, token, receiver)

    @repeated_if_overtaken
    def conclude(self, due: DueDelivery, attempt: Attempt, retry_in: timedelta | None) -> bool:
        values: dict[str, Any] = {"last_status": attempt.status, "last_trouble": attempt.trouble}
        if attempt.is_taken:
            values |= {"status": DeliveryStatus.SUCCEEDED.value, **_ENDED}
        elif retry_in is None:
            values |= {"status": DeliveryStatus.FAILED.value, **_ENDED}
        else:
            values |= {"due_at": TimeFromNow(retry_in), "claim_token": None}
        held = and_(deliveries.c.id == due.delivery.id, deliveries.c.claim_token == due.token)
        with noting(self.engine) as connection:
            return connection.execute(update(deliveries).where(held).values(values)).rowcount > 0

    @repeated_if_overtaken
    def abandon(self, webhook_id: WebhookId, limit: int) -> int:
        is_waiting = or_(deliveries.c.claim_token.is_(None), deliveries.c.due_at <= TimeFromNow())
        pending = select(deliveries.c.id).where(
            deliveries.c.webhook_id == webhook_id, deliveries.c.status == _PENDING, is_waiting
        )
        values = {"status": DeliveryStatus.FAILED.value, "last_trouble": ABANDONED.trouble, **_ENDED}
        with writing(self.engine) as connection:
            # Those passed over that somebody else has in hand.
            oldest = pending.order_by(deliveries.c.created_at).limit(limit).with_for_update(skip_locked=True)
            some = connection.scalars(oldest).all()
            connection.execute(update(deliveries).where(deliveries.c.id.in_(some)).values(values))
        return len(some)

    @repeated_if_overtaken
    def prune(self, age: timedelta, limit: int) -> int:
        with writing(self.engine) as connection:
            return remove_older(connection, deliveries.c.id, deliveries.c.ended_at, age, limit)


def _row(delivery: Delivery) -> dict[str, Any]:
    """Of one that tells of no job: those that do are added by the ends of jobs."""
    assert delivery.job is None
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event": delivery.event,
        "created_at": delivery.created_at,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "due_at": TimeFromNow(),
    }


def _due(row: Row[Any], token: Any, receiver: Row[Any]) -> DueDelivery:
    return DueDelivery(
        delivery=_delivery(row),
        owner=receiver.owner,
        token=token,
        url=receiver.url,
        secrets=tuple(filter(None, (receiver.secret, receiver.second_secret))),
        is_failing=receiver.failing_since is not None,
        is_wanted=receiver.disabled_at is None and receiver.deleted_at is None,
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        event=row.event,
        job=None if row.variant_id is None else _job(row),
        created_at=row.created_at,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        next_attempt_at=None if row.claim_token is not None else row.due_at,
        last_attempt_at=row.last_attempt_at,
        last_status=row.last_status,
        last_trouble=row.last_trouble,
    )


def _job(row: Row[Any]) -> EndedJob:
    failure = None if row.failure_code is None else failure_of_row(row)
    return EndedJob(id=row.variant_id, image_id=row.image_id, failure=failure)
