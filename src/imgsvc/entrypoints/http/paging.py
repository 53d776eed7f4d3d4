"""Lists in parts: by cursor, which stays exact while the list grows, or by page."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from attrs import field, fields, fields_dict, frozen
from attrs.validators import optional

from imgsvc.domain.errors import ConflictingParameters, InvalidCursor
from imgsvc.domain.field_rules import within
from imgsvc.domain.plain_data import plain
from imgsvc.domain.user import User
from imgsvc.ports.repositories import MAX_PAGE_SIZE, Page, PageRequest, Position

_VERSION = 2


@frozen(kw_only=True, slots=False)
class PageQuery:
    """Which part of a list; ``cursor`` is what an earlier part gave as ``next_cursor``.

    The fields of a class that is made of this one say what the list is of, and in what order.
    """

    limit: int = field(default=20, validator=within(1, MAX_PAGE_SIZE))
    cursor: str | None = None
    page: int | None = field(default=None, validator=optional(within(1, 1_000_000)))

    def request(self, path: str, caller: User) -> PageRequest:
        """Of the list at ``path``, as ``caller`` sees it. Raises InvalidCursor, ConflictingParameters."""
        if self.cursor is not None and self.page is not None:
            detail, allowed = "give a cursor or a page, not both", "a cursor or a page"
            raise ConflictingParameters(detail, parameter="page", value=self.page, allowed=allowed)
        after = None if self.cursor is None else _position(self.cursor, path, caller, self.filters)
        return PageRequest(limit=self.limit, after=after, page=self.page or 1)

    @property
    def filters(self) -> Mapping[str, Any]:
        """What was asked for besides the part, as plain data."""
        others = [one for one in fields(type(self)) if one.name not in fields_dict(PageQuery)]
        found = {one.name: getattr(self, one.name) for one in others if getattr(self, one.name) != one.default}
        return dict(plain(found))


def next_links(path: str, caller: User, query: PageQuery, page: Page[Any]) -> tuple[str | None, str | None]:
    """The address of the next part and its cursor; None where there is none."""
    if page.next is None:
        return None, None
    cursor = _cursor(page.next, path, caller, query.filters)
    return _address(path, query, {"page": query.page + 1} if query.page is not None else {"cursor": cursor}), cursor


def link_header(path: str, query: PageQuery, following: str | None) -> Mapping[str, str]:
    """The first, the next and, by page, the previous part (RFC 8288)."""
    by_page = query.page is not None
    addresses = {
        "first": _address(path, query, {"page": 1} if by_page else {}),
        "prev": _address(path, query, {"page": query.page - 1}) if query.page and query.page > 1 else None,
        "next": following,
    }
    return {"Link": ", ".join(f'<{address}>; rel="{name}"' for name, address in addresses.items() if address)}


def _address(path: str, query: PageQuery, where: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode({'limit': query.limit, **where, **query.filters})}"


def _cursor(position: Position, path: str, caller: User, filters: Mapping[str, Any]) -> str:
    mark = position.mark.isoformat() if isinstance(position.mark, datetime) else position.mark
    kind = type(position.mark).__name__
    parts = [_VERSION, kind, mark, str(position.id), _digest(filters)]
    return base64.urlsafe_b64encode(json.dumps([*parts, _seal(parts, path, caller)]).encode()).rstrip(b"=").decode()


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "datetime": lambda text: datetime.fromisoformat(text).astimezone(UTC),
    "str": lambda text: text,
    "int": lambda number: number,
}


def _position(cursor: str, path: str, caller: User, filters: Mapping[str, Any]) -> Position:
    try:
        position, digest = _decoded(cursor, path, caller)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        allowed = "a next_cursor of this list"
        raise InvalidCursor("this cursor is not one of ours", parameter="cursor", allowed=allowed) from None
    if digest != _digest(filters):
        detail, allowed = "this cursor is of other filters or of another order", "those of the part that gave it"
        raise ConflictingParameters(detail, parameter="cursor", allowed=allowed)
    return position


def _decoded(cursor: str, path: str, caller: User) -> tuple[Position, str]:
    encoded = cursor.encode("ascii")
    *parts, seal = json.loads(base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
    version, kind, mark, identity, digest = parts
    if version != _VERSION or seal != _seal(parts, path, caller):
        raise ValueError("somebody else's, or of an older version")
    return Position(_READERS[kind](mark), UUID(identity)), digest


def _digest(filters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(filters, sort_keys=True).encode()).hexdigest()[:16]


def _seal(parts: list[Any], path: str, caller: User) -> str:
    """Tells a cursor of another list from a fitting one; a secret it is not, since a list shows one's own alone."""
    return hashlib.sha256(json.dumps([str(caller.id), path, *parts]).encode()).hexdigest()[:16]
