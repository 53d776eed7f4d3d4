"""What ``imgsvc doctor`` says of a Postgres: each thing that can be wrong, with the words that tell how to mend it."""

from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from imgsvc.adapters.repositories import migrate
from tests.entrypoints.doctor.conftest import SECRET, TwoMinutesAhead
from tests.real_servers.postgres import execute, new_database

SECRETS = {"TOKEN_SECRET": SECRET, "PASSWORD_SECRET": SECRET, "LINK_KEYS": SECRET}


@pytest.fixture(scope="module")
def migrated(own_postgres):
    with new_database(own_postgres.url) as url:
        migrate(url)
        yield url


@pytest.fixture
def empty(own_postgres):
    with new_database(own_postgres.url) as url:
        yield url


@pytest.fixture(scope="module")
def visitor(own_postgres):
    """A user who may do nothing yet."""
    execute(own_postgres.url, f"CREATE ROLE visitor LOGIN PASSWORD '{SECRET}'")
    yield "visitor"
    execute(own_postgres.url, "DROP ROLE visitor")


def with_login(url, user, password=SECRET):
    host = urlsplit(url).netloc.rpartition("@")[2]
    return urlsplit(url)._replace(netloc=f"{user}:{password}@{host}").geturl()


@contextmanager
def passwords_asked_for(server, user):
    """The server lets everybody in otherwise."""
    file = server.folder / "data" / "pg_hba.conf"
    before = file.read_text()
    file.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{before}")
    execute(server.url, "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        file.write_text(before)
        execute(server.url, "SELECT pg_reload_conf()")


def test_a_database_that_is_migrated_and_ours_is_well(examine, migrated):
    examined = examine(DATABASE_URL=migrated, **SECRETS)

    version, schema, rights, clock, connections = examined.of("database", "ok")
    assert (examined.exit_code, examined.of("settings", "warning")) == (0, [])
    assert version.startswith("Postgres at 127.0.0.1:")
    assert "which is this program's" in schema
    assert "may read and write" in rights
    assert "clock and ours agree" in clock
    assert "a process of ours takes up to 10" in connections


def test_a_database_that_was_never_migrated_is_to_be(examine, empty):
    examined = examine(DATABASE_URL=empty)

    assert examined.told("database", "error").endswith("| run imgsvc migrate")
    assert examined.exit_code == 1


@pytest.mark.parametrize(("revision", "words"), [("0001", "run imgsvc migrate"), ("9999", "or a newer one")])
def test_a_schema_of_another_version_is_told(examine, migrated, revision, words):
    ((before,),) = execute(migrated, "SELECT version_num FROM alembic_version")
    execute(migrated, f"UPDATE alembic_version SET version_num = '{revision}'")
    try:
        told = examine(DATABASE_URL=migrated).told("database", "error")
    finally:
        execute(migrated, f"UPDATE alembic_version SET version_num = '{before}'")

    assert (revision in told, words in told) == (True, True)


def test_a_user_without_rights_is_told_which_to_grant(examine, migrated, visitor):
    url = with_login(migrated, visitor)
    (at_first,) = examine(DATABASE_URL=url).of("database", "error")[:1]
    execute(migrated, "GRANT SELECT ON alembic_version TO visitor")
    then = examine(DATABASE_URL=url)
    execute(migrated, "REVOKE ALL ON alembic_version FROM visitor")

    assert "GRANT SELECT ON alembic_version" in at_first
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON users" in then.told("database", "error")
    assert any("not run imgsvc migrate: another one must" in one for one in then.of("database", "ok"))


def test_a_user_who_may_not_make_tables_cannot_migrate(examine, empty, visitor):
    told = examine(DATABASE_URL=with_login(empty, visitor)).of("database", "error")

    assert any("GRANT CREATE ON SCHEMA" in one for one in told)


def test_a_database_that_is_read_only_is_told(examine, migrated, own_postgres):
    name = urlsplit(migrated).path.removeprefix("/")
    execute(own_postgres.url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        told = examine(DATABASE_URL=migrated).told("database", "error")
    finally:
        execute(own_postgres.url, f"ALTER DATABASE {name} RESET default_transaction_read_only")

    assert "name the primary" in told


def test_a_wrong_password_is_told_and_not_shown(examine, migrated, visitor, own_postgres):
    with passwords_asked_for(own_postgres, visitor):
        wrong = examine(DATABASE_URL=with_login(migrated, visitor, f"not-{SECRET}"))

    assert "correct user and password in IMGSVC_DATABASE_URL" in wrong.told("database", "error")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: with_login(url, "nobody9"), "make the user"),
        (lambda url: url.rpartition("/")[0] + "/nowhere", "CREATE DATABASE"),
        (lambda url: "postgresql+psycopg://u@no.such.host.invalid/d", "or the DNS"),
        (lambda url: "postgresql+psycopg://u@127.0.0.1:1/d", "start it, or correct host and port"),
    ],
    ids=["user", "database", "host", "port"],
)
def test_a_url_that_leads_nowhere_is_told(examine, migrated, change, words):
    assert words in examine(DATABASE_URL=change(migrated)).told("database", "error")


def test_a_pool_that_the_server_has_no_room_for_is_a_warning(examine, migrated):
    told = examine(DATABASE_URL=migrated, DATABASE_POOL="900").told("database", "warning")

    assert "lower IMGSVC_DATABASE_POOL" in told


def test_a_server_that_hangs_is_waited_for_briefly(examine, migrated, own_postgres):
    with own_postgres.frozen():
        told = examine(DATABASE_URL=migrated).told("database", "error")

    assert "see whether it hangs" in told


def test_a_clock_that_is_wrong_is_a_warning(examine, migrated, monkeypatch):
    monkeypatch.setattr("imgsvc.adapters.repositories.postgres_diagnosis.datetime", TwoMinutesAhead)

    told = examine(DATABASE_URL=migrated).told("database", "warning")
    assert ("120 s behind ours" in told or "119 s behind ours" in told, "NTP" in told) == (True, True)
