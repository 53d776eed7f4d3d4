"""What databases raise, as our failures."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError, TimeoutError

from imgsvc.domain.errors import Busy, StorageFull, Unavailable

# SQLite's codes and Postgres's SQLSTATEs. The second is what SQLite says when its shared memory file cannot grow.
_STORAGE_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE, "53100"}
_OVERTAKEN = {"40001", "40P01"}
_FOREIGN_KEY = {sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "23503"}


class Overtaken(Unavailable):
    """The transaction lost to others, and nothing of it has happened: it can be done again at once."""


@contextmanager
def translated_failures() -> Iterator[None]:
    """Raises Busy, Unavailable, StorageFull or Overtaken.

    What waiting cannot mend (a constraint, a mistake of ours) stays as it is. The cause is the database's own error,
    since SQLAlchemy's repeats the statement.
    """
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError, NotSupportedError):
        raise
    except TimeoutError as error:
        raise Busy("too many are using the database") from error
    except DBAPIError as error:
        raise _failure(error) from error.orig


def _failure(error: DBAPIError) -> Unavailable:
    code = _code(error)
    if code in _STORAGE_FULL:
        return StorageFull("the database has no room left")
    if code in _OVERTAKEN:
        return Overtaken("others were changing the same")
    return Unavailable("the database does not answer")


def breaks_foreign_key(error: IntegrityError) -> bool:
    return _code(error) in _FOREIGN_KEY


def _code(error: DBAPIError) -> int | str | None:
    code: int | str | None = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    return code
