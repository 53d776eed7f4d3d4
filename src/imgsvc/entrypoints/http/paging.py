"""Lists in parts: by cursor, which stays exact while the list grows, or by page."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from attrs import field, fields, fields_dict, frozen
from attrs.validators import optional

from imgsvc.domain.errors import ConflictingParameters, InvalidCursor
from imgsvc.domain.field_rules import is_text, within
from imgsvc.domain.plain_data import plain
from imgsvc.domain.user import User
from imgsvc.entrypoints.http.endpoint import Answer
from imgsvc.ports.pages import MAX_PAGE_SIZE, Page, PageRequest, Position
from imgsvc.ports.signatures import Sealer

T = TypeVar("T")
View = TypeVar("View")

_VERSION = 3
_INT64 = 2**63


@frozen(kw_only=True, slots=False)
class PageQuery:
    """Which part of a list; ``cursor`` is what an earlier part gave as ``next_cursor``.

    The fields of a class that is made of this one say what the list is of, and in what order.
    """

    limit: int = field(default=20, validator=within(1, MAX_PAGE_SIZE))
    cursor: str | None = None
    page: int | None = field(default=None, validator=optional(within(1, 1_000_000)))

    @property
    def filters(self) -> Mapping[str, Any]:
        """What was asked for besides the part, as plain data."""
        others = [one for one in fields(type(self)) if one.name not in fields_dict(PageQuery)]
        found = {one.name: getattr(self, one.name) for one in others if getattr(self, one.name) != one.default}
        return dict(plain(found))


@frozen
class Listing:
    """The list at ``path``, as ``caller`` sees it, and which part of it is asked for.

    A cursor is sealed, so that nobody but us can have written what is read from it.
    """

    path: str
    caller: User
    query: PageQuery
    sealer: Sealer

    def request(self) -> PageRequest:
        """Raises InvalidCursor, ConflictingParameters."""
        query = self.query
        if query.cursor is not None and query.page is not None:
            detail, allowed = "give a cursor or a page, not both", "a cursor or a page"
            raise ConflictingParameters(detail, parameter="page", value=query.page, allowed=allowed)
        after = None if query.cursor is None else self._position(query.cursor)
        return PageRequest(limit=query.limit, after=after, page=query.page or 1)

    def answer(
        self, page: Page[T], view: Callable[..., View], item_view: Callable[[T], object], **more: object
    ) -> Answer[View]:
        """The part as a ``view`` of its items, with ``more`` of its fields, and the other parts in its headers."""
        following, cursor = self.next_of(page)
        items = tuple(item_view(one) for one in page.items)
        return Answer(view(items=items, next=following, next_cursor=cursor, **more), 200, self._link_header(following))

    def next_of(self, page: Page[Any]) -> tuple[str | None, str | None]:
        """The address of the next part and its cursor; None where there is none."""
        if page.next is None:
            return None, None
        cursor = self._cursor(page.next)
        is_by_page = self.query.page is not None
        return self._address({"page": (self.query.page or 0) + 1} if is_by_page else {"cursor": cursor}), cursor

    def _link_header(self, following: str | None) -> Mapping[str, str]:
        """The first, the next and, by page, the previous part (RFC 8288)."""
        page = self.query.page
        addresses = {
            "first": self._address({} if page is None else {"page": 1}),
            "prev": self._address({"page": page - 1}) if page and page > 1 else None,
            "next": following,
        }
        return {"Link": ", ".join(f'<{address}>; rel="{name}"' for name, address in addresses.items() if address)}

    def _address(self, where: Mapping[str, Any]) -> str:
        return f"{self.path}?{urlencode({'limit': self.query.limit, **where, **self.query.filters})}"

    def _cursor(self, position: Position) -> str:
        mark = position.mark.isoformat() if isinstance(position.mark, datetime) else position.mark
        kind = type(position.mark).__name__
        parts = [_VERSION, kind, mark, str(position.id), _digest(self.query.filters)]
        document = json.dumps([*parts, self.sealer.seal(self._sealed(parts))])
        return base64.urlsafe_b64encode(document.encode()).rstrip(b"=").decode()

    def _position(self, cursor: str) -> Position:
        try:
            position, digest = self._decoded(cursor)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
            allowed = "a next_cursor of this list"
            raise InvalidCursor("this cursor is not one of ours", parameter="cursor", allowed=allowed) from None
        if digest != _digest(self.query.filters):
            detail, allowed = "this cursor is of other filters or of another order", "those of the part that gave it"
            raise ConflictingParameters(detail, parameter="cursor", allowed=allowed)
        return position

    def _decoded(self, cursor: str) -> tuple[Position, str]:
        encoded = cursor.encode("ascii")
        *parts, seal = json.loads(base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
        if not self.sealer.is_seal_of(self._sealed(parts), seal):
            raise ValueError("somebody else's")
        version, kind, mark, identity, digest = parts
        if version != _VERSION:
            raise ValueError("of another version")
        return Position(_READERS[kind](mark), UUID(identity)), digest

    def _sealed(self, parts: list[Any]) -> str:
        return json.dumps([str(self.caller.id), self.path, *parts])


def _moment(mark: Any) -> datetime:
    moment = datetime.fromisoformat(mark)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone could be any of 24")
    return moment.astimezone(UTC)


def _text(mark: Any) -> str:
    if not is_text(mark):
        raise ValueError("no text")
    return mark


def _number(mark: Any) -> int:
    if type(mark) is not int or not -_INT64 <= mark < _INT64:
        raise ValueError("no number that a database has")
    return mark


_READERS: Mapping[str, Callable[[Any], datetime | str | int]] = {"datetime": _moment, "str": _text, "int": _number}


def _digest(filters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(filters, sort_keys=True).encode()).hexdigest()[:16]
