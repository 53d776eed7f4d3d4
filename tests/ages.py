"""Rows that look older than they are, or newer than this version, because no test can wait for that."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from imgsvc.adapters.repositories.tables import sessions, variants, webhook_deliveries, webhooks
from imgsvc.adapters.repositories.transactions import writing


def ago(**time):
    """That long before now, on the clock of this machine; that of the database need only be near it."""
    return datetime.now(UTC) - timedelta(**time)


def unused_since(retention, moment, *ids):
    """As if nobody had wanted the variants, or any, since that moment."""
    _change(retention, ids, used_at=moment)


def finished_at(retention, moment, *ids):
    """As if the jobs, or all, had been asked for and had ended then."""
    _change(retention, ids, finished_at=moment, queued_at=moment)


def session_ends_at(repositories, moment, *ids):
    """As if the sessions had begun long before."""
    _change(repositories.sessions, ids, sessions, expires_at=moment)


def rotated_at(repositories, moment, *ids):
    """As if the sessions' tokens had been exchanged then."""
    _change(repositories.sessions, ids, sessions, rotated_at=moment)


def delivered_at(repositories, moment, *ids):
    """As if the deliveries had ended then."""
    _change(repositories.deliveries, ids, webhook_deliveries, ended_at=moment)


def failing_since(repositories, moment, *ids):
    """As if the webhooks, or all, had taken nothing since then."""
    _change(repositories.webhooks, ids, webhooks, failing_since=moment)


def told_of(deliveries, events, *ids):
    """As if a later version had written the webhooks, which knows other events."""
    _change(deliveries, ids, webhooks, events=events)


def _change(repository, ids, table=variants, **values):
    change = update(table).where(table.c.id.in_(ids)) if ids else update(table)
    with writing(repository.engine) as connection:
        connection.execute(change.values(**values))
