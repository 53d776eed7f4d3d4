"""Webhooks in a SQL database."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, select, update

from imgsvc.adapters.repositories.portable_sql import TimeFromNow
from imgsvc.adapters.repositories.tables import users, webhook_deliveries, webhooks
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.domain.errors import TooManyWebhooks, UserNotFound, WebhookNotFound
from imgsvc.domain.merging import given
from imgsvc.domain.user import UserId
from imgsvc.domain.webhook import DisabledReason, Webhook, WebhookChanges, WebhookEvent, WebhookId

_is_there = webhooks.c.deleted_at.is_(None)
_ENABLED = {"disabled_reason": None, "disabled_at": None, "failing_since": None}


def _disabled(reason: DisabledReason) -> dict[str, Any]:
    return {"disabled_reason": reason.value, "disabled_at": TimeFromNow()}


@frozen
class SqlWebhooks:
    engine: Engine

    @repeated_if_overtaken
    def add(self, webhook: Webhook, secret: str, most: int) -> tuple[Webhook, str]:
        owner = select(users.c.id).where(users.c.id == webhook.owner, users.c.erased_at.is_(None))
        with writing(self.engine) as connection:
            # Locked, so that who adds several at once has them counted one after the other.
            if connection.execute(owner.with_for_update(key_share=True)).one_or_none() is None:
                raise UserNotFound(f"no user {webhook.owner}")
            earlier = connection.execute(select(webhooks).where(*_is(webhook.owner, webhook.id))).one_or_none()
            if earlier is not None:
                return _webhook(earlier), earlier.secret
            count = select(func.count()).select_from(webhooks).where(webhooks.c.owner == webhook.owner, _is_there)
            if connection.execute(count).scalar_one() >= most:
                raise TooManyWebhooks(f"there are {most} webhooks already: delete one that is not needed")
            connection.execute(insert(webhooks).values({**_row(webhook), "secret": secret}))
        return webhook, secret

    def get(self, owner: UserId, webhook_id: WebhookId) -> Webhook:
        with reading(self.engine) as connection:
            return _found(connection.execute(select(webhooks).where(*_is(owner, webhook_id))).one_or_none(), webhook_id)

    def list_of(self, owner: UserId) -> Sequence[Webhook]:
        query = select(webhooks).where(webhooks.c.owner == owner, _is_there)
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(webhooks.c.created_at.desc(), webhooks.c.id.desc())).all()
        return [_webhook(row) for row in rows]

    @repeated_if_overtaken
    def change(self, owner: UserId, webhook_id: WebhookId, changes: WebhookChanges) -> Webhook:
        values = dict(given(changes))
        if "events" in values:
            values["events"] = ",".join(values["events"])
        enabled = values.pop("enabled", None)
        if enabled:
            values |= _ENABLED
        with writing(self.engine) as connection:
            if enabled is False:  # of one that is disabled already the reason stays
                being_on = (*_is(owner, webhook_id), webhooks.c.disabled_at.is_(None))
                connection.execute(update(webhooks).where(*being_on).values(_disabled(DisabledReason.OWNER)))
            return _changed(connection, owner, webhook_id, values)

    @repeated_if_overtaken
    def replace_secret(self, owner: UserId, webhook_id: WebhookId, secret: str, overlap: timedelta) -> Webhook:
        old = {"old_secret": webhooks.c.secret, "old_secret_ends_at": TimeFromNow(overlap)}
        with writing(self.engine) as connection:
            return _changed(connection, owner, webhook_id, {**old, "secret": secret})

    @repeated_if_overtaken
    def disable(self, webhook_id: WebhookId, reason: DisabledReason, failing_for: timedelta | None = None) -> bool:
        is_it = and_(webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
        if failing_for is not None:
            is_it = and_(is_it, webhooks.c.failing_since <= TimeFromNow(-failing_for))
        with writing(self.engine) as connection:
            return connection.execute(update(webhooks).where(is_it).values(_disabled(reason))).rowcount > 0

    @repeated_if_overtaken
    def note_health(self, webhook_id: WebhookId, *, is_failing: bool) -> None:
        since = webhooks.c.failing_since
        is_news = and_(webhooks.c.id == webhook_id, since.is_(None) if is_failing else since.is_not(None))
        change = update(webhooks).where(is_news).values(failing_since=TimeFromNow() if is_failing else None)
        with writing(self.engine) as connection:
            connection.execute(change)

    @repeated_if_overtaken
    def delete(self, owner: UserId, webhook_id: WebhookId) -> bool:
        going = update(webhooks).where(*_is(owner, webhook_id))
        with writing(self.engine) as connection:
            return connection.execute(going.values(deleted_at=TimeFromNow())).rowcount > 0

    @repeated_if_overtaken
    def remove_deleted(self, limit: int, owner: UserId | None = None) -> int:
        one = select(webhooks.c.id).where(webhooks.c.deleted_at.is_not(None)).limit(1)
        if owner is not None:
            one = one.where(webhooks.c.owner == owner)
        with writing(self.engine) as connection:
            # Locked, and passed over by another process that does the same; on SQLite there is none.
            webhook_id = connection.execute(one.with_for_update(skip_locked=True)).scalar_one_or_none()
            if webhook_id is None:
                return 0
            some = select(webhook_deliveries.c.id).where(webhook_deliveries.c.webhook_id == webhook_id).limit(limit)
            removal = delete(webhook_deliveries).where(webhook_deliveries.c.id.in_(some))
            removed = connection.execute(removal).rowcount
            if removed < limit:
                connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
        return removed + 1


def _changed(connection: Connection, owner: UserId, webhook_id: WebhookId, values: dict[str, Any]) -> Webhook:
    # What changes nothing still finds it.
    change = update(webhooks).where(*_is(owner, webhook_id)).values(values or {"url": webhooks.c.url})
    return _found(connection.execute(change.returning(*webhooks.c)).one_or_none(), webhook_id)


def _is(owner: UserId, webhook_id: WebhookId) -> tuple[Any, ...]:
    return (webhooks.c.id == webhook_id, webhooks.c.owner == owner, _is_there)


def _found(row: Row[Any] | None, webhook_id: WebhookId) -> Webhook:
    if row is None:
        raise WebhookNotFound(f"no webhook {webhook_id}")
    return _webhook(row)


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "owner": webhook.owner,
        "url": webhook.url,
        "events": ",".join(webhook.events),
        "created_at": webhook.created_at,
    }


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        owner=row.owner,
        url=row.url,
        events=tuple(WebhookEvent(one) for one in row.events.split(",")),
        created_at=row.created_at,
        disabled_reason=row.disabled_reason and DisabledReason(row.disabled_reason),
        disabled_at=row.disabled_at,
        failing_since=row.failing_since,
    )
