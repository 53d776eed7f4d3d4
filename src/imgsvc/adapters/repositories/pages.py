"""Parts of lists, newest first, in the order of an index."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, tuple_

from imgsvc.ports.repositories import Page, PageRequest, Position

T = TypeVar("T")


def read_page(
    connection: Connection, query: Select[Any], table: Table, page: PageRequest, entity: Callable[[Row[Any]], T]
) -> Page[T]:
    order = (table.c.created_at, table.c.id)
    query = query.order_by(*(column.desc() for column in order))
    if page.after is not None:
        query = query.where(tuple_(*order) < (page.after.created_at, page.after.id))
    # One more than asked for tells whether there is a next part.
    rows = connection.execute(query.offset((page.page - 1) * page.limit).limit(page.limit + 1)).all()
    shown = rows[: page.limit]
    more = len(rows) > len(shown)
    return Page([entity(row) for row in shown], Position(shown[-1].created_at, shown[-1].id) if more else None)
