"""Lists that are read a part at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import within

T = TypeVar("T", covariant=True)

MAX_PAGE_SIZE = 100


@frozen
class Position:
    """Where a list was left: behind the item of this mark and id."""

    mark: datetime | str | int  # what the list is ordered by
    id: UUID


@frozen(kw_only=True)
class PageRequest:
    """A part of a list: what follows ``after``, or the ``page``-th part counted from 1, but not both."""

    limit: int = field(default=20, validator=within(1, MAX_PAGE_SIZE))
    after: Position | None = None
    page: int = field(default=1, validator=within(1, 1_000_000))

    def __attrs_post_init__(self) -> None:
        if self.after is not None and self.page != 1:
            raise InvalidInput("a list is read by cursor or by page, not by both", path=("page",), value=self.page)


@frozen
class Page(Generic[T]):
    """The part that was asked for, and where the next one begins, if there is one."""

    items: Sequence[T]
    next: Position | None
