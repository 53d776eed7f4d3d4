"""Column types that keep what the database would lose."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TEXT, DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

_ESCAPES = {"\\": "\\\\", "\0": "\\0"}
_ORIGINALS = {escape: original for original, escape in _ESCAPES.items()}


class UtcTime(TypeDecorator[datetime]):
    """A moment to the microsecond: any time zone goes in, UTC comes out, and the stored form sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone could be any of 24")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        # SQLite forgets the zone, Postgres answers in that of the session.
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


class VerbatimText(TypeDecorator[str]):
    r"""Any text that UTF-8 can hold, NUL included, which Postgres refuses: ``\`` is kept as ``\\``, NUL as ``\0``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and re.sub(r"[\\\0]", lambda found: _ESCAPES[found[0]], value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return value and re.sub(r"\\[\\0]", lambda found: _ORIGINALS[found[0]], value)


class SortedText(VerbatimText):
    """The same in the order of its characters' numbers, which is no language's and everywhere alike."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return TEXT(collation="C" if dialect.name == "postgresql" else None)
