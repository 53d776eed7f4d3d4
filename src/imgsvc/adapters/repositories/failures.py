"""What databases raise, as our failures."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError, TimeoutError

from imgsvc.domain.errors import StorageFull, Unavailable

# SQLite's codes and Postgres's SQLSTATEs. The second is what SQLite says when its shared memory file cannot grow.
_STORAGE_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE, "53100"}
_FOREIGN_KEY = {sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "23503"}


@contextmanager
def translated_failures() -> Iterator[None]:
    """Raises Unavailable or StorageFull; what waiting cannot mend (a constraint, a mistake of ours) stays as it is."""
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError, NotSupportedError):
        raise
    except (DBAPIError, TimeoutError) as error:
        if isinstance(error, DBAPIError) and _code(error) in _STORAGE_FULL:
            raise StorageFull("the database has no room left") from error
        raise Unavailable("the database does not answer") from error


def breaks_foreign_key(error: IntegrityError) -> bool:
    return _code(error) in _FOREIGN_KEY


def _code(error: DBAPIError) -> int | str | None:
    code: int | str | None = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    return code
