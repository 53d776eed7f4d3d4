"""Lists in parts: by cursor, which stays exact while the list grows, or by page."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.domain.errors import ConflictingParameters, InvalidCursor
from imgsvc.domain.field_rules import within
from imgsvc.domain.user import User
from imgsvc.ports.repositories import MAX_PAGE_SIZE, Page, PageRequest, Position

_VERSION = 1


@frozen(kw_only=True)
class PageQuery:
    """Which part of a list; ``cursor`` is what an earlier part gave as ``next_cursor``."""

    limit: int = field(default=20, validator=within(1, MAX_PAGE_SIZE))
    cursor: str | None = None
    page: int | None = field(default=None, validator=optional(within(1, 1_000_000)))

    def request(self, path: str, caller: User) -> PageRequest:
        """Of the list at ``path``, as ``caller`` sees it. Raises InvalidCursor, ConflictingParameters."""
        if self.cursor is not None and self.page is not None:
            detail, allowed = "give a cursor or a page, not both", "a cursor or a page"
            raise ConflictingParameters(detail, parameter="page", value=self.page, allowed=allowed)
        after = None if self.cursor is None else _position(self.cursor, path, caller)
        return PageRequest(limit=self.limit, after=after, page=self.page or 1)


def next_links(
    path: str, caller: User, query: PageQuery, page: Page[Any], **filters: str | None
) -> tuple[str | None, str | None]:
    """The address of the next part and its cursor; None where there is none."""
    if page.next is None:
        return None, None
    cursor = _cursor(page.next, path, caller)
    where: dict[str, Any] = {"page": query.page + 1} if query.page is not None else {"cursor": cursor}
    given = {name: value for name, value in filters.items() if value is not None}
    return f"{path}?{urlencode({'limit': query.limit, **where, **given})}", cursor


def _cursor(position: Position, path: str, caller: User) -> str:
    plain = json.dumps([_VERSION, position.moment.isoformat(), str(position.id), _seal(position, path, caller)])
    return base64.urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()


def _position(cursor: str, path: str, caller: User) -> Position:
    try:
        encoded = cursor.encode("ascii")
        version, moment, identity, seal = json.loads(
            base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        )
        position = Position(datetime.fromisoformat(moment).astimezone(UTC), UUID(identity))
        if version == _VERSION and seal == _seal(position, path, caller):
            return position
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        pass
    raise InvalidCursor("this cursor is not one of ours", parameter="cursor", allowed="a next_cursor of this list")


def _seal(position: Position, path: str, caller: User) -> str:
    """Tells a cursor of another list from a fitting one; a secret it is not, since a list shows one's own alone."""
    sealed = f"{caller.id} {path} {position.moment.isoformat()} {position.id}"
    return hashlib.sha256(sealed.encode()).hexdigest()[:16]
