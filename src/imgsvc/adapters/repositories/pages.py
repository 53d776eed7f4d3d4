"""Parts of lists, in the order of an index."""

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen
from sqlalchemy import Column, Connection, Row, Select, tuple_

from imgsvc.ports.pages import Page, PageRequest, Position

T = TypeVar("T")


@frozen
class Order:
    """By a mark and an id, both columns of one index and of the query."""

    mark: Column[Any]
    id: Column[Any]
    goes_down: bool = True


def read_page(
    connection: Connection,
    query: Select[Any],
    order: Order,
    page: PageRequest,
    entity: Callable[[Row[Any]], T],
) -> Page[T]:
    columns = (order.mark, order.id)
    query = query.order_by(*(column.desc() if order.goes_down else column for column in columns))
    if page.after is not None:
        behind = (page.after.mark, page.after.id)
        query = query.where(tuple_(*columns) < behind if order.goes_down else tuple_(*columns) > behind)
    # One more than asked for tells whether there is a next part.
    rows = connection.execute(query.offset((page.page - 1) * page.limit).limit(page.limit + 1)).all()
    shown = rows[: page.limit]
    more = len(rows) > len(shown)
    following = Position(*(shown[-1]._mapping[column] for column in columns)) if more else None
    return Page([entity(row) for row in shown], following)
