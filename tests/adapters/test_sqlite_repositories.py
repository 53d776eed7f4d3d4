"""What only the SQLite repositories do: their file, their lock, their indexes, their migrations."""

import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event, select
from sqlalchemy.exc import ProgrammingError

from imgsvc.adapters.repositories import has_current_schema, migrate, open_repositories
from imgsvc.adapters.repositories.failures import translated_failures
from imgsvc.adapters.repositories.sql_users import SqlUsers
from imgsvc.adapters.repositories.sqlite import sqlite_engine
from imgsvc.adapters.repositories.tables import metadata, users
from imgsvc.adapters.repositories.transactions import noting, reading, writing
from imgsvc.domain.errors import Busy, StorageFull, Unavailable, UserNotFound
from imgsvc.domain.variant import RenderingName, VariantStatus
from imgsvc.ports.pages import PageRequest, Position
from tests.entities import NOW, RENDITION, a_job, a_user, an_image
from tests.migrated import put_new_database
from tests.older_schema import migrate_to

NO_TIME = timedelta(0)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "imgsvc.db"


@pytest.fixture
def url(file):
    return f"sqlite:///{file}"


@pytest.fixture
def repositories(file):
    with open_repositories(put_new_database(file)) as repositories:
        yield repositories


@pytest.fixture
def engine(repositories):
    return repositories.users.engine


@contextmanager
def somebody_writes(file):
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


# the URL


def test_a_relative_path_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with open_repositories("sqlite:///data/new/imgsvc.db") as repositories:
        repositories.check()
    assert (tmp_path / "data/new/imgsvc.db").is_file()


@pytest.mark.parametrize("name", ["with space.db", "ünï.db", "a'b.db", "#1.db", "100%.db", "100%25.db", "what?.db"])
def test_any_file_can_be_named(tmp_path, name):
    with open_repositories(f"sqlite:///{tmp_path}/{name.replace('%', '%25').replace('?', '%3F')}") as repositories:
        repositories.check()

    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_what_was_kept_is_there_when_it_is_opened_again(url):
    user = a_user()
    with open_repositories(url) as repositories:
        repositories.users.add(user)

    with open_repositories(url) as repositories:
        assert repositories.users.get(user.id) == user


def test_closing_leaves_one_file(url, file):
    with open_repositories(url) as repositories:
        repositories.users.add(a_user())

    assert list(file.parent.iterdir()) == [file]  # no write-ahead log that a copy of the file would miss


@pytest.mark.parametrize("url", ["mysql://root:hunter2@host/db", "hunter2", "", "://hunter2", "sqlite+x:///hunter2"])
def test_an_unknown_scheme_is_named_without_the_rest(url):
    with pytest.raises(ValueError, match="known: sqlite") as caught, open_repositories(url):
        pass

    assert "hunter2" not in str(caught.value)
    assert repr(url.partition(":")[0] if ":" in url else "") in str(caught.value)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("sqlite:///a.db?mode=ro", "mode"),
        ("sqlite://", "names a file"),
        ("sqlite:///", "names a file"),
        ("sqlite:///:memory:", "names a file"),
        ("sqlite://a.db", "names a file"),
        ("sqlite:a.db", "names a file"),
    ],
)
def test_a_url_that_is_more_or_less_than_a_file_is_refused(tmp_path, monkeypatch, url, named):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ValueError, match=named), open_repositories(url):
        pass
    assert list(tmp_path.iterdir()) == []


# the connections


@pytest.mark.parametrize("transaction", [reading, writing])
def test_every_connection_is_safe_and_patient(engine, transaction):
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}

    # Two at once cannot be the same one.
    with reading(engine), transaction(engine) as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected}

    assert pragmas == expected


def test_only_what_writes_begins_a_transaction(engine):
    begun = []
    for transaction in (reading, noting, writing):
        with transaction(engine) as connection:
            connection.execute(select(users)).all()
            begun.append(connection.connection.driver_connection.in_transaction)

    assert begun == [False, True, True]


def test_a_write_waits_for_another_process_that_writes(repositories, file):
    user = a_user()
    writer = Thread(target=repositories.users.add, args=(user,))

    with somebody_writes(file) as somebody:
        writer.start()
        writer.join(timeout=0.3)
        waited = writer.is_alive()
        somebody.execute("COMMIT")
        writer.join()

    assert waited
    assert repositories.users.get(user.id) == user


def test_a_read_does_not_wait_for_a_write(repositories, file):
    user = a_user()
    repositories.users.add(user)

    with somebody_writes(file):
        assert repositories.users.get(user.id) == user


def test_many_threads_write_at_once(repositories):
    owner = a_user()
    repositories.users.add(owner)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(repositories.images.add, [an_image(owner) for _ in range(160)]))

    assert repositories.images.count_of(owner.id) == 160


def test_what_was_returned_from_is_on_disk_for_others(repositories, file):
    repositories.users.add(a_user())

    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_many_ids_are_looked_up_within_the_limit_of_a_statement(repositories, engine):
    with reading(engine) as connection:
        # What SQLite has by default; Linux distributions often allow more.
        connection.connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)

    assert repositories.images.existing([uuid4() for _ in range(40_000)]) == set()


# failures


def test_a_write_that_waited_too_long_is_unavailable(repositories, engine, file):
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")

    with somebody_writes(file), pytest.raises(Unavailable) as caught:
        repositories.users.add(a_user())
    assert_tells_nothing(caught.value, file)


def test_a_thread_whose_turn_to_write_did_not_come_is_told_to_come_back(url, repositories):
    impatient = SqlUsers(sqlite_engine(url, lock_wait=0.01))
    user = a_user()

    with writing(impatient.engine), ThreadPoolExecutor(1) as thread, pytest.raises(Busy):
        thread.submit(impatient.add, a_user()).result()
    impatient.add(user)
    impatient.engine.dispose()
    assert repositories.users.get(user.id) == user


def test_a_full_disk_is_told_as_such_and_left_behind(repositories, engine, file):
    user, refused = a_user(), a_user(password_hash="x" * 1_000_000)
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # that is: no more than there are

    with pytest.raises(StorageFull) as caught:
        repositories.users.add(refused)

    assert_tells_nothing(caught.value, file)
    with pytest.raises(UserNotFound):
        repositories.users.get(refused.id)
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    repositories.users.add(user)
    assert repositories.users.get(user.id) == user


def test_a_file_that_is_no_database_is_unavailable(file, url):
    file.write_bytes(b"not a database, but long enough to be looked at" * 100)

    with pytest.raises(Unavailable) as caught, open_repositories(url):
        pass
    assert_tells_nothing(caught.value, file)


def test_the_check_notices_that_the_data_is_gone(repositories, engine, file):
    repositories.check()

    engine.dispose()
    file.unlink()
    with pytest.raises(Unavailable) as caught:
        repositories.check()
    assert_tells_nothing(caught.value, file)


def test_mistakes_of_ours_are_not_called_unavailable():
    with pytest.raises(ProgrammingError), translated_failures():
        raise ProgrammingError("SELECT", {}, Exception())


def assert_tells_nothing(error, file):
    text = str(error).lower()
    assert not [word for word in (str(file.parent), "sqlite", "insert", "select", "users") if word in text]


# the indexes


def indexes_used_by(engine, call):
    """How SQLite goes about the SELECTs of a call: the details of their query plans."""
    queries = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("SELECT"):
            queries.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    call()
    event.remove(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values) for query, values in queries]
        return [row.detail for plan in plans for row in plan]


PAGES = {
    "the first page": PageRequest(),
    "a later page": PageRequest(page=3),
    "behind a cursor": PageRequest(after=Position(NOW, a_user().id)),
}
USER, IMAGE = a_user().id, an_image(a_user()).id
LISTS = {
    "ix_images_owner": lambda of, page: of.images.list_of(USER, page),
    "ix_variants_image": lambda of, page: of.variants.list_of_image(IMAGE, page),
    "ix_jobs_owner": lambda of, page: of.variants.list_jobs(USER, page),
    "ix_jobs_owner_status": lambda of, page: of.variants.list_jobs(USER, page, status=VariantStatus.READY),
    "ix_jobs_owner_image": lambda of, page: of.variants.list_jobs(USER, page, image_id=IMAGE),
    "ix_jobs_owner_image ": lambda of, page: of.variants.list_jobs(
        USER, page, image_id=IMAGE, status=VariantStatus.READY
    ),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("index", LISTS)
def test_each_list_is_read_from_its_index_in_order(repositories, engine, index, page):
    plan = indexes_used_by(engine, lambda: LISTS[index](repositories, PAGES[page]))

    # One line: a search of one index, and no sorting after it.
    assert len(plan) == 1
    assert plan[0].split(" (")[0].endswith(f"USING INDEX {index.strip()}")
    assert ("_at,id)<" in plan[0]) == (page == "behind a cursor")


@pytest.mark.parametrize(
    ("call", "index"),
    [
        (lambda of: of.images.count_of(USER), "INDEX sqlite_autoindex_usage_1"),
        (lambda of: of.images.existing([IMAGE, USER]), "COVERING INDEX sqlite_autoindex_images_1"),
        (lambda of: of.variants.find(RenderingName(IMAGE, "spec", "engine")), "INDEX sqlite_autoindex_variants_2"),
        (lambda of: of.users.find_by_username("anna"), "INDEX sqlite_autoindex_users_2"),
    ],
)
def test_counts_and_look_ups_are_read_from_an_index(repositories, engine, call, index):
    plan = indexes_used_by(engine, lambda: call(repositories))

    assert len(plan) == 1
    assert plan[0].startswith("SEARCH")
    assert f"USING {index} " in plan[0]


def test_what_is_stalled_is_found_by_two_indexes(repositories, engine):
    claimed, waiting = indexes_used_by(engine, lambda: repositories.variants.take_stalled(NO_TIME, 10))

    assert "INDEX ix_jobs_claimed" in claimed
    assert "INDEX ix_jobs_stalled" in waiting


# the migrations


def schema_of(file):
    """The words of each definition, sorted: a column that was added later stands last in the text."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version'").fetchall()
    return {name: sorted(re.split(r",?\s+|\)$", sql)) if sql else None for name, sql in rows}


def test_the_migrations_make_what_the_tables_say(url, file, tmp_path):
    migrate(url)

    declared = create_engine(f"sqlite:///{tmp_path}/declared.db")
    metadata.create_all(declared)
    declared.dispose()
    assert schema_of(file) == schema_of(tmp_path / "declared.db")


def test_there_is_nothing_left_to_migrate(engine):
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(repositories, url, file):
    user = a_user()
    repositories.users.add(user)
    before = schema_of(file)

    migrate(url)
    assert schema_of(file) == before
    assert repositories.users.get(user.id) == user


def test_a_schema_is_current_once_it_is_migrated(url):
    before = has_current_schema(url)
    migrate(url)

    assert (before, has_current_schema(url)) == (False, True)


def test_a_schema_of_the_future_is_refused(url, file):
    migrate(url)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(RuntimeError, match="9999"), open_repositories(url):
        pass


def test_a_migration_that_breaks_off_leaves_nothing(url, file, monkeypatch):
    def break_off(*_):
        raise RuntimeError("broken off")

    with monkeypatch.context() as broken:
        broken.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", break_off)
        with pytest.raises(RuntimeError, match="broken off"):
            migrate(url)
    left = schema_of(file)

    migrate(url)
    assert left == {}
    assert has_current_schema(url)


OPENER = """
import sys
from imgsvc.adapters.repositories import migrate, open_repositories
from alembic import command
print("ready", flush=True)
sys.stdin.readline()
with open_repositories(sys.argv[1]) as repositories:
    repositories.check()
"""


def test_several_processes_may_migrate_an_empty_file_at_once(url):
    command = [sys.executable, "-W", "error", "-c", OPENER, url]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=30)[1] for process in processes]

    assert errors == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]


@pytest.mark.parametrize("files", [1, 8])
def test_several_threads_may_open_empty_files_at_once(tmp_path, files):
    urls = [f"sqlite:///{tmp_path}/{number % files}.db" for number in range(8)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(migrate, urls))

    assert all(has_current_schema(url) for url in urls)


# the disk


def test_what_is_accepted_waits_for_the_disk_and_how_far_a_job_has_come_does_not(repositories, engine):
    owner = a_user()
    image = an_image(owner)
    job = a_job(image)
    waited = []
    full = 2
    event.listen(
        engine,
        "commit",
        lambda connection: waited.append(connection.exec_driver_sql("PRAGMA synchronous").scalar() == full),
    )

    repositories.users.add(owner)
    repositories.images.add(image)
    repositories.variants.add_if_absent(job)
    claim = repositories.variants.claim(job.id, timedelta(hours=1))
    repositories.variants.renew([claim], timedelta(hours=1))
    repositories.variants.finish(claim, RENDITION, NOW)
    repositories.images.delete(image.id)

    assert waited == [True, True, True, False, False, False, True]


# the clock


def test_a_lease_ends_on_the_clock_of_the_database(repositories, engine):
    owner = a_user()
    repositories.users.add(owner)
    image = an_image(owner)
    repositories.images.add(image)
    job = a_job(image)
    repositories.variants.add_if_absent(job)

    repositories.variants.claim(job.id, timedelta(hours=1))
    with reading(engine) as connection:
        minutes = "SELECT (julianday(lease_ends_at) - julianday('now')) * 24 * 60, lease_ends_at FROM variants"
        left, stored = connection.exec_driver_sql(minutes).one()
    assert left == pytest.approx(60, abs=0.1)
    assert len(stored) == len(
        "2026-03-01 12:30:45.678901"
    )  # the form in which all times are kept, so that they compare


IMAGES_OF_BEFORE = """
INSERT INTO users (id, username, username_key, password_hash, created_at)
    VALUES ('{owner}', 'ada', 'ada', '', '2026-03-01 12:00:00.000000');
INSERT INTO images (id, owner, name, media_type, stored_width, stored_height, orientation, frames, has_alpha,
                    byte_count, sha256, created_at)
    SELECT lower(hex(randomblob(16))), '{owner}', 'tree.jpg', 'image/jpeg', 60, 40, 1, 1, 0, 4321, '',
           '2026-03-01 12:00:00.000000'
    FROM (VALUES (1), (2), (3))
"""


def test_images_of_before_counts_were_kept_are_counted(url, file):
    owner = uuid4()
    migrate_to("0001", sqlite_engine(url, lock_wait=1))
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(IMAGES_OF_BEFORE.format(owner=owner.hex))

    with open_repositories(url) as repositories:
        assert repositories.images.count_of(owner) == 3
