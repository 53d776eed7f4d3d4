"""The ends of jobs, and who is told of them: both happen, or neither does.

A job whose owner has no webhook costs a look at their index and no round trip more: on Postgres all of it is one
statement, SQLite is no trip away.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
)

from imgsvc.adapters.repositories.portable_sql import RandomUuid, TimeFromNow
from imgsvc.adapters.repositories.statements import HELD, NO_CLAIM
from imgsvc.adapters.repositories.tables import is_stallable, variants, webhook_deliveries, webhooks
from imgsvc.adapters.repositories.variant_rows import NO_FAILURE, NO_RENDITION
from imgsvc.domain.delivery import DeliveryStatus
from imgsvc.domain.variant import VariantStatus
from imgsvc.domain.webhook import WebhookEvent

_TOLD = ("id", "owner", "image_id", "queued_at", "finished_at", "failure_code", "failure_detail")


def _deliveries(
    event: WebhookEvent, job: FromClause, finished_at: ColumnElement[Any], **locked: Any
) -> tuple[list[str], Select[Any]]:
    """One for each webhook that is to be told, due at once; ``job`` has rows of jobs that end."""
    failed = event is WebhookEvent.VARIANT_FAILED
    columns: dict[str, ColumnElement[Any]] = {
        "id": RandomUuid(),
        "webhook_id": webhooks.c.id,
        "event": literal(event.value, Text),
        "variant_id": job.c.id,
        "image_id": job.c.image_id,
        "failure_code": job.c.failure_code if failed else null(),
        "failure_detail": job.c.failure_detail if failed else null(),
        "created_at": finished_at,
        "status": literal(DeliveryStatus.PENDING.value, Text),
        "attempts": literal(0),
        "due_at": TimeFromNow(),
    }
    is_told = and_(
        webhooks.c.owner == job.c.owner,
        (literal(",") + webhooks.c.events + ",").contains(f",{event.value},", autoescape=True),
        webhooks.c.disabled_at.is_(None),
        webhooks.c.deleted_at.is_(None),
    )
    # Locked, since a webhook whose row goes meanwhile would break the foreign key, and with it the end of the job.
    found = select(*columns.values()).select_from(job.join(webhooks, is_told)).where(job.c.queued_at.is_not(None))
    return list(columns), found.with_for_update(key_share=True, **locked)


def _noting(columns: list[str], found: Select[Any]) -> Insert:
    return insert(webhook_deliveries).from_select(columns, found)


@frozen
class JobEnd:
    """How a claimed job ends, put together once."""

    change: Update
    noting: Insert  # after the change
    both: Select[Any]  # in one statement: how many jobs have ended, and how many deliveries are due

    @classmethod
    def of(cls, event: WebhookEvent, columns: Iterable[str], **values: Any) -> "JobEnd":
        """``columns`` are given when it is executed."""
        given = {name: bindparam(f"its_{name}", type_=variants.c[name].type) for name in ("finished_at", *columns)}
        change = HELD.values(**given, **values, **NO_CLAIM)
        told = [variants.c[name] for name in _TOLD]
        changed = select(*told).where(variants.c.id == bindparam("wanted")).subquery()
        ended = change.returning(*told).cte("ended")
        noting = _noting(*_deliveries(event, ended, ended.c.finished_at, read=True, of=webhooks))
        noted = noting.returning(webhook_deliveries.c.id).cte("noted")
        counts = (select(func.count()).select_from(one).scalar_subquery() for one in (ended, noted))
        return cls(change, _noting(*_deliveries(event, changed, changed.c.finished_at)), select(*counts))

    def execute(self, connection: Connection, wanted: UUID, token: UUID, values: dict[str, Any]) -> tuple[bool, int]:
        """Whether the claim was the latest, so that the job has ended; and how many deliveries are due."""
        held = {"wanted": wanted, "token": token, **{f"its_{name}": value for name, value in values.items()}}
        if connection.dialect.name == "postgresql":
            ended, noted = connection.execute(self.both, held).one()
            return ended > 0, noted
        if not connection.execute(self.change, held).rowcount:
            return False, 0
        return True, connection.execute(self.noting, {"wanted": wanted}).rowcount


FINISH = JobEnd.of(WebhookEvent.VARIANT_READY, NO_RENDITION, status=VariantStatus.READY, used_at=TimeFromNow())
FAIL = JobEnd.of(WebhookEvent.VARIANT_FAILED, NO_FAILURE, status=VariantStatus.FAILED)

# The job that somebody makes on the spot, who could not wait: to be executed before it is ready, with its key.
_made_elsewhere = _deliveries(
    WebhookEvent.VARIANT_READY,
    variants,
    bindparam("its_finished_at", type_=variants.c.finished_at.type),
    of=[variants, webhooks],
)
MADE_ON_THE_SPOT = _noting(
    _made_elsewhere[0],
    _made_elsewhere[1].where(
        is_stallable,
        variants.c.image_id == bindparam("its_image_id"),
        variants.c.spec_id == bindparam("its_spec_id"),
        variants.c.fingerprint == bindparam("its_fingerprint"),
    ),
)
