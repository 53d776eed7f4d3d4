"""Bringing a Postgres database up to date: only when told to, by one at a time, and wholly or not at all."""

import subprocess
from contextlib import closing
from pathlib import Path
from threading import Thread
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from imgsvc.adapters.repositories import has_current_schema, migrate, open_repositories, portable_sql, schema
from imgsvc.adapters.repositories.postgres import postgres_engine
from imgsvc.adapters.repositories.tables import metadata
from imgsvc.adapters.repositories.transactions import reading
from tests.entrypoints.commands import SCRIPT, environment, run
from tests.older_schema import migrate_to
from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute, new_database, plain_url
from tests.servers import running_server
from tests.waiting import wait_for


@pytest.fixture
def url(postgres_url):
    with new_database(postgres_url) as url:
        yield url


def tables_of(url):
    return execute(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")


def test_the_migrations_make_what_the_tables_say(url):
    migrate(url)

    engine = postgres_engine(url, pool_size=1)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_pages_of_variants_have_room_for_rows_that_change(url):
    migrate(url)

    told = execute(url, "SELECT reloptions FROM pg_class WHERE relname = 'variants'")
    assert told == [(["fillfactor=80"],)]
    assert metadata.tables["variants"].dialect_options["postgresql"]["with"] == {"fillfactor": 80}


def test_migrations_are_named_for_their_revisions_and_follow_each_other_in_that_order():
    scripts = ScriptDirectory(Path(schema.__file__).with_name("migrations"))

    assert [one.revision for one in scripts.walk_revisions()] == list(reversed(schema.revisions()))
    assert scripts.get_heads() == [schema.revisions()[-1]]


def test_several_may_migrate_an_empty_database_at_once(url):
    variables = environment(DATABASE_URL=url)
    running = [subprocess.Popen([SCRIPT, "migrate"], env=variables, stderr=subprocess.PIPE) for _ in range(3)]

    assert [(process.communicate(timeout=60)[1], process.returncode) for process in running] == [(b"", 0)] * 3
    assert has_current_schema(url)


def test_a_migration_waits_for_another_one(url):
    migration = Thread(target=migrate, args=(url,))
    with closing(psycopg.connect(plain_url(url))) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [portable_sql._MIGRATIONS])
        migration.start()
        migration.join(0.3)
        waited = migration.is_alive()

    migration.join(30)
    assert waited
    assert has_current_schema(url)


def test_a_migration_that_breaks_off_leaves_nothing(url, monkeypatch):
    def break_off(*_):
        raise RuntimeError("broken off")

    with monkeypatch.context() as broken:
        broken.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", break_off)
        with pytest.raises(RuntimeError, match="broken off"):
            migrate(url)

    assert tables_of(url) == []


def test_a_database_is_not_migrated_by_merely_being_used(url):
    with pytest.raises(RuntimeError, match=r"no schema yet, and needs .*: run imgsvc migrate"):
        open_repositories(url).__enter__()

    assert tables_of(url) == []


def test_an_older_schema_is_named_with_the_remedy(url):
    migrate(url)
    execute(url, "UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(RuntimeError, match=r"schema 0001, and needs .*: run imgsvc migrate"):
        open_repositories(url).__enter__()


def test_a_newer_schema_is_left_alone(url):
    migrate(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")

    for refused in (lambda: open_repositories(url).__enter__(), lambda: migrate(url)):
        with pytest.raises(RuntimeError, match="9999, which this version of imgsvc does not know"):
            refused()


IMAGES_OF_BEFORE = """
INSERT INTO users (id, username, username_key, password_hash, created_at)
    VALUES ('{owner}', 'ada', 'ada', '', now());
INSERT INTO images (id, owner, name, media_type, stored_width, stored_height, orientation, frames, has_alpha,
                    byte_count, sha256, created_at)
    SELECT gen_random_uuid(), '{owner}', 'tree.jpg', 'image/jpeg', 60, 40, 1, 1, false, 4321, '', now()
    FROM generate_series(1, 3)
"""


def test_images_of_before_counts_were_kept_are_counted(url):
    owner = uuid4()
    migrate_to("0001", postgres_engine(url, pool_size=1))
    execute(url, IMAGES_OF_BEFORE.format(owner=owner))

    migrate(url)

    with open_repositories(url) as repositories:
        assert repositories.images.count_of(owner) == 3


@pytest.mark.parametrize("said", ["serve", "migrate"])
def test_a_server_that_is_not_there_is_told_in_one_line_without_the_password(said):
    result = run(said, DATABASE_URL="postgresql://ada:hunter2@127.0.0.1:1/db", PORT="0")

    assert result.exit_code == 1
    assert "nobody listens there" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "hunter2" not in result.output


def test_the_service_does_not_start_on_a_database_that_is_not_up_to_date(url, tmp_path):
    result = run("serve", DATABASE_URL=url, DATA_DIR=str(tmp_path), PORT="0")

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "run imgsvc migrate" in result.stderr


def test_the_service_starts_once_it_is(url, tmp_path):
    assert run("migrate", DATABASE_URL=url).exit_code == 0

    with running_server(tmp_path / "data", DATABASE_URL=url, RENDER_IN="process") as server:
        account = server.account("ada")
        with account.client as client:
            image = account.upload(encoded(quadrants(40, 20), "png"))
            listed = client.get("/v1/images").json()
            job = client.post(f"/v1/images/{image}/transform?mode=async", json={"grayscale": True}).json()["id"]
            wait_for(lambda: client.get(f"/v1/jobs/{job}").json()["status"] == "ready")

    assert [one["id"] for one in listed["items"]] == [image]
    assert listed["total"] == 1
