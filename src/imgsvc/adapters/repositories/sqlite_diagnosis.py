"""What is right and wrong with a file that is to be our database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from imgsvc.adapters.common.folders import examine_room, may_use, nearest_folder
from imgsvc.adapters.repositories import schema
from imgsvc.adapters.repositories.troubles import trouble_of
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("database")
_LOCK_WAIT = 2.0  # seconds
_QUICKLY_CHECKED = 256 * 1024**2  # bytes of a file that is read as a whole within a second or so


def diagnose_sqlite(path: Path) -> Iterator[Finding]:
    """Changes nothing, and makes no file."""
    folder = nearest_folder(path.parent)
    if not may_use(folder):
        yield _SUBJECT.error(f"{folder} cannot be written by this user", "change its owner or its mode")
        return
    if not path.exists():
        yield _SUBJECT.ok(f"SQLite {sqlite3.sqlite_version}: {path} is made at the first start")
        return
    try:
        # Read-write, and never made: closing, the last one tidies up the log, as every process does.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", _LOCK_WAIT, uri=True)) as connection:
            connection.isolation_level = None
            yield from _findings(connection, path)
    except sqlite3.Error as error:
        trouble = trouble_of(error)
        yield _SUBJECT.error(f"SQLite in {path}: {trouble.trouble}: {trouble.detail}", trouble.remedy)


def _findings(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    has_schema = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if has_schema else None
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
    size = path.stat().st_size
    yield _SUBJECT.ok(f"SQLite {sqlite3.sqlite_version} in {path} can be written ({size / 1024**2:.1f} MiB)")
    yield schema.finding_of(_SUBJECT, row[0] if row else None, is_migrated_at_start=True)
    if size <= _QUICKLY_CHECKED:
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            yield _SUBJECT.error("the file is damaged", "restore it from a backup")
    yield examine_room(_SUBJECT, path.parent.absolute())
