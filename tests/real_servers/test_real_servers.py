"""The servers that tests run on are found, kept apart, and not left behind."""

import os
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.real_servers import finding
from tests.real_servers.finding import REQUIRED, NotInstalled, RealServer, server_url
from tests.real_servers.postgres import execute, local_postgres, new_database


@contextmanager
def a_container():
    yield "in a container"


@contextmanager
def a_program():
    yield "on this machine"


@contextmanager
def no_program():
    raise NotInstalled("thing")
    yield


@pytest.fixture(autouse=True)
def nothing_is_said(monkeypatch):
    for name in ("IMGSVC_TEST_THING_URL", REQUIRED):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=[True, False], ids=["Docker", "no Docker"])
def docker(request, monkeypatch):
    monkeypatch.setattr(finding, "_docker_answers", lambda: request.param)
    return request.param


def url_of(on_this_machine=a_program):
    with server_url(RealServer("thing", a_container, on_this_machine, "the package thing")) as url:
        return url


def test_a_server_that_is_named_comes_first(docker, monkeypatch):
    monkeypatch.setenv("IMGSVC_TEST_THING_URL", "named")

    assert url_of() == "named"


def test_a_container_comes_before_a_program_of_this_machine(docker):
    assert url_of() == ("in a container" if docker else "on this machine")


def test_without_any_the_test_is_skipped_and_told_what_to_install(monkeypatch):
    monkeypatch.setattr(finding, "_docker_answers", lambda: False)

    with pytest.raises(pytest.skip.Exception, match=r"install the package thing, .* or set IMGSVC_TEST_THING_URL"):
        url_of(no_program)


def test_without_one_that_is_required_the_test_fails(monkeypatch):
    monkeypatch.setattr(finding, "_docker_answers", lambda: False)
    monkeypatch.setenv(REQUIRED, "postgres,thing")

    with pytest.raises(pytest.fail.Exception, match="install the package thing"):
        url_of(no_program)


def test_a_database_is_new_and_gone_in_the_end(own_postgres):
    with new_database(own_postgres.url) as first, new_database(own_postgres.url) as second:
        execute(first, "CREATE TABLE pictures ()")
        with pytest.raises(psycopg.errors.UndefinedTable):
            execute(second, "SELECT FROM pictures")

    assert execute(own_postgres.url, "SELECT FROM pg_database WHERE datname LIKE 'imgsvc%'") == []


def test_a_server_that_was_killed_starts_again_with_its_data(own_postgres):
    execute(own_postgres.url, "CREATE TABLE kept ()")
    own_postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        execute(own_postgres.url, "SELECT 1")

    own_postgres.start()

    assert execute(own_postgres.url, "DROP TABLE kept") == []


def test_a_server_of_this_machine_leaves_nothing_behind(own_postgres):
    before = children()
    with local_postgres():
        during = children()

    assert children() == before
    assert during > before


def children():
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())
