"""Rows whose time is over, removed so few at once that nobody has to wait for it noticeably."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Column, Connection, delete, select

from imgsvc.adapters.repositories.portable_sql import TimeFromNow


def remove_older(connection: Connection, key: Column[Any], moment: Column[Any], age: timedelta, limit: int) -> int:
    """Remove the ``limit`` oldest of the rows whose ``moment`` is longer ago than ``age``; how many there were."""
    old = select(key).where(moment <= TimeFromNow(-age)).order_by(moment).limit(limit)
    # Locked, and those passed over that somebody else has in hand; on SQLite there is nobody.
    found = connection.scalars(old.with_for_update(skip_locked=True)).all()
    return connection.execute(delete(key.table).where(key.in_(found))).rowcount if found else 0
