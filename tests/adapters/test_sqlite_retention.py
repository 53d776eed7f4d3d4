"""How SQLite looks for what is not needed any more: by an index, never through a whole table."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event

from imgsvc.adapters.repositories import open_repositories
from imgsvc.adapters.repositories.transactions import reading
from imgsvc.domain.variant import RenderingName
from imgsvc.ports.pages import Position
from imgsvc.ports.retention import Named, Original
from tests.entities import NOW
from tests.migrated import put_new_database

DAY = timedelta(days=1)
NOBODY = UUID(int=0)
BEHIND = Position(NOW, NOBODY)
NAME = RenderingName(NOBODY, "spec", "engine")
CALLS = {
    "note_use": (lambda of: of.note_use(NOBODY), "INDEX sqlite_autoindex_variants_1 (id=?)"),
    "unused": (lambda of: of.unused(DAY, 10, BEHIND), "INDEX ix_variants_unused ((used_at,id)>(?,?)"),
    "expire": (lambda of: of.expire([NOBODY], DAY), "INDEX sqlite_autoindex_variants_1 (id=?)"),
    "finished_jobs": (lambda of: of.finished_jobs(DAY, 10, BEHIND), "INDEX ix_jobs_finished ((finished_at,id)>(?,?)"),
    "prune": (lambda of: of.prune([NOBODY], DAY), "INDEX sqlite_autoindex_variants_1 (id=?)"),
    "existing": (lambda of: of.existing([NAME] * 500), "(image_id=? AND spec_id=? AND fingerprint=?)"),
    "by_name": (lambda of: of.by_name(DAY, 10, Named(NOBODY, NAME, True)), "((image_id,spec_id,fingerprint)>(?,?,?))"),
    "originals": (lambda of: of.originals(10, Original(NOBODY, NOBODY)), "INDEX sqlite_autoindex_images_1 (id>?)"),
}


@pytest.fixture
def retention(tmp_path):
    with open_repositories(put_new_database(tmp_path / "imgsvc.db")) as repositories:
        yield repositories.retention


def plan_of(engine, call):
    searches = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            searches.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {search}", values).all() for search, values in searches
        ]
    return "\n".join(row.detail for plan in plans for row in plan)


@pytest.mark.parametrize("name", CALLS)
def test_what_may_go_is_looked_for_by_an_index(retention, name):
    call, index = CALLS[name]

    plan = plan_of(retention.engine, lambda: call(retention))

    assert index in plan
    assert "SCAN variants" not in plan
    assert "SCAN images" not in plan
    assert "TEMP B-TREE" not in plan
