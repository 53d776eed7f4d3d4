"""``imgsvc migrate``: the database's schema, brought up to date."""

import re
import sqlite3
import subprocess

from imgsvc import Settings, compose
from tests.entrypoints.commands import SCRIPT, environment, run, run_script


def test_the_script_makes_a_database_that_the_service_can_use(tmp_path):
    result = run_script("migrate", DATA_DIR=str(tmp_path / "data"))

    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"The database is up to date: it had no schema, and has \d{4} now\.\n", result.stdout)
    with compose(Settings(data_dir=tmp_path / "data", password_cost=4)) as service:
        assert service.health()[0].level == "ok"


def test_migrating_again_changes_nothing(tmp_path):
    with compose(Settings(data_dir=tmp_path, password_cost=4)) as service:
        user = service.use_cases.register_user("ada", "correct horse")

    result = run("migrate", DATA_DIR=str(tmp_path))

    assert result.exit_code == 0
    assert re.search(r"it had schema \d{4} already", result.output)
    with compose(Settings(data_dir=tmp_path, password_cost=4)) as service:
        token = service.use_cases.log_in("ada", "correct horse").token
        assert service.use_cases.authenticate(token).user == user


def test_many_may_migrate_a_new_database_at_once(tmp_path):
    running = [
        subprocess.Popen([SCRIPT, "migrate"], env=environment(DATA_DIR=str(tmp_path)), stderr=subprocess.PIPE)
        for _ in range(3)
    ]

    assert [(process.communicate(timeout=60)[1], process.returncode) for process in running] == [(b"", 0)] * 3


def test_a_database_that_nobody_understands_is_refused_by_its_scheme(tmp_path):
    result = run("migrate", DATABASE_URL="mysql://ada:hush@host/db")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "'mysql'" in result.stderr
    assert "hush" not in result.stderr


def test_a_setting_that_is_wrong_is_refused_by_name():
    result = run("migrate", PROT="1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "unknown variable IMGSVC_PROT; did you mean IMGSVC_PORT?" in result.stderr


def test_a_place_that_cannot_be_used_is_named_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    result = run("migrate", DATA_DIR=str(tmp_path / "file" / "data"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: cannot use {tmp_path}/file/data: Not a directory\n"


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path):
    (tmp_path / "imgsvc.sqlite3").write_text("hello, I am a letter " * 100)

    result = run("migrate", DATA_DIR=str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "the file is no database" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_database_that_is_newer_than_this_program_is_left_alone(tmp_path):
    assert run("migrate", DATA_DIR=str(tmp_path)).exit_code == 0
    with sqlite3.connect(tmp_path / "imgsvc.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    result = run("migrate", DATA_DIR=str(tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "schema 9999, which this version of imgsvc does not know" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_help_has_examples():
    assert "imgsvc migrate" in run("migrate", "--help").stdout.partition("Examples:")[2]
