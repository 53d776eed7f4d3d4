"""Parts of lists, newest first, in the order of an index."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select, tuple_

from imgsvc.ports.repositories import Page, PageRequest, Position

T = TypeVar("T")


def read_page(
    connection: Connection,
    query: Select[Any],
    order: tuple[Column[Any], Column[Any]],
    page: PageRequest,
    entity: Callable[[Row[Any]], T],
) -> Page[T]:
    """``order`` is a time and an id, both columns of the query."""
    query = query.order_by(*(column.desc() for column in order))
    if page.after is not None:
        query = query.where(tuple_(*order) < (page.after.moment, page.after.id))
    # One more than asked for tells whether there is a next part.
    rows = connection.execute(query.offset((page.page - 1) * page.limit).limit(page.limit + 1)).all()
    shown = rows[: page.limit]
    more = len(rows) > len(shown)
    following = Position(*(shown[-1]._mapping[column] for column in order)) if more else None
    return Page([entity(row) for row in shown], following)
