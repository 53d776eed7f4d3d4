"""``imgsvc doctor`` where everything is embedded, and what it says of settings."""

import json
import sqlite3
import subprocess
import sys
from importlib.metadata import version

import pytest

from imgsvc import Settings, compose
from imgsvc.adapters.imaging.children import ChildProcessEngine
from tests.entrypoints.commands import environment, run, run_script
from tests.entrypoints.doctor.conftest import SECRET


@pytest.fixture
def used(tmp_path):
    """A data folder that has been in use."""
    with compose(Settings(data_dir=tmp_path, password_cost=4)) as service:
        service.use_cases.register_user("ada", "correct horse battery")
    return tmp_path


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(examine, tmp_path):
    examined = examine(DATA_DIR=str(tmp_path / "data"))

    assert examined.exit_code == 0
    assert {one.level for one in examined.findings} == {"ok"}
    assert sum("is made at the first start" in one.found for one in examined.findings) == 6
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_use_is_well(examine, used):
    examined = examine()

    assert (examined.exit_code, {one.level for one in examined.findings}) == (0, {"ok"})
    assert "which is this program's" in examined.of("database")[1]
    assert "can be written" in examined.of("blobs")[0]
    assert "for this user alone" in examined.of("secrets")[0]


def test_the_engine_is_tried_in_a_child_as_the_server_has_it(examine):
    (renders, formats, fonts, landlock) = examine(RENDER_IN="auto").of("engine")

    assert "in a child with 1024 MiB" in renders
    assert "jpeg, png, webp, avif, gif, tiff" in formats
    assert "sans, sans-bold, serif, mono" in fonts
    assert "Landlock" in landlock


def test_a_kernel_without_landlock_is_a_warning(examine, monkeypatch):
    monkeypatch.setattr(ChildProcessEngine, "is_confined", False)

    assert "run on Linux 6.7 or newer" in examine(RENDER_IN="children").told("engine", "warning")


def test_a_child_that_cannot_start_is_an_error_with_a_remedy(examine, monkeypatch):
    monkeypatch.setattr("imgsvc.adapters.imaging.child_process._BEGIN", "raise SystemExit(3) # {folder}")

    examined = examine(RENDER_IN="children")

    assert "raise IMGSVC_RENDER_MEMORY" in examined.told("engine", "error")
    assert examined.exit_code == 1


def test_a_secret_that_others_may_read_is_an_error(examine, used):
    (used / "secrets" / "token_secret").chmod(0o644)

    assert "chmod 600" in examine().told("secrets", "error")


def test_a_data_folder_that_everybody_may_read_is_a_warning(examine, used):
    used.chmod(0o755)

    assert f"chmod o-rwx {used}" in examine().told("data folder", "warning")


def test_places_that_are_no_folders_are_told(examine, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    examined = examine(DATA_DIR=str(file), BLOBS_URL=file.as_uri())

    assert "correct IMGSVC_DATA_DIR" in examined.told("data folder", "error")
    assert "correct IMGSVC_BLOBS_URL" in examined.told("blobs", "error")


@pytest.mark.parametrize(
    ("statement", "level", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "error", "a newer one"),
        ("UPDATE alembic_version SET version_num = '0001'", None, "to which the next start brings it"),
    ],
    ids=["newer", "older"],
)
def test_a_database_of_another_version_is_told(examine, used, statement, level, words):
    with sqlite3.connect(used / "imgsvc.sqlite3") as connection:
        connection.execute(statement)
    connection.close()

    assert any(words in one for one in examine().of("database", level))


def test_a_file_that_is_no_database_is_told(examine, used):
    (used / "imgsvc.sqlite3").write_bytes(b"no database at all, but long enough to be taken for one" * 100)

    assert "restore it" in examine().told("database", "error")


def test_a_database_that_others_hold_is_told(examine, used):
    with sqlite3.connect(used / "imgsvc.sqlite3", isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        told = examine().told("database", "error")
    connection.close()

    assert "see which other process works on the same file" in told


def test_the_storage_of_another_installation_is_an_error_and_stays_as_it_is(examine, used, tmp_path):
    (told,) = examine().of("installation", "ok")
    other = tmp_path / "other"
    other.mkdir(mode=0o700)

    examined = examine(DATA_DIR=str(other), BLOBS_URL=used.as_uri())

    assert told.startswith("the mark in the storage is that of this database")
    assert "that of another installation | correct IMGSVC_DATABASE_URL" in examined.told("installation", "error")
    assert list(other.iterdir()) == []


def test_a_storage_that_has_no_mark_yet_is_well(examine, used):
    (used / "blobs" / "installation+").unlink()

    assert "the next start makes it" in examine().told("installation", "ok")


def test_what_lives_in_memory_only_is_a_warning(examine):
    assert "name a folder or a bucket" in examine(BLOBS_URL="memory:").told("blobs", "warning")


def test_settings_that_are_set_are_named_and_secrets_are_not_shown(examine, tmp_path):
    url = f"s3://key:{SECRET}@127.0.0.1:1/bucket?secure=0"
    (told, *_) = examine(BLOBS_URL=url, TOKEN_SECRET=SECRET, DATABASE_POOL="7", PORT="8000").of("settings")

    names = "IMGSVC_DATA_DIR=, IMGSVC_DATABASE_POOL=7, IMGSVC_BLOBS_URL, IMGSVC_TOKEN_SECRET, IMGSVC_RENDER_IN=process"
    assert told == f"set: {names.replace('DIR=', f'DIR={tmp_path}')} | "


@pytest.mark.parametrize(
    ("variables", "level", "words"),
    [
        (
            {"DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "PASSWORD_SECRET": SECRET, "LINK_KEYS": SECRET},
            "warning",
            "openssl rand",
        ),
        ({"WORKER_SLOTS": "0"}, "error", "raise IMGSVC_WORKER_SLOTS"),
        ({"WORKER_HEALTH_FILE": "/dev/null/health"}, "error", "name a file in a folder"),
        ({"JOBS_URL": "amqp://127.0.0.1:1/"}, "warning", "name a Postgres in IMGSVC_DATABASE_URL"),
        (
            {"JOBS_URL": "amqp://127.0.0.1:1/", "DATABASE_URL": "postgresql://u@127.0.0.1:1/d"},
            "error",
            "name what all processes see in IMGSVC_BLOBS_URL",
        ),
        (
            {"JOBS_URL": "amqp://127.0.0.1:1/", "DATABASE_URL": "postgresql://u@127.0.0.1:1/d", "JOB_SECONDS": "1801"}
            | {"TOKEN_SECRET": SECRET, "PASSWORD_SECRET": SECRET, "LINK_KEYS": SECRET},
            "warning",
            "raise consumer_timeout",
        ),
    ],
    ids=[
        "shared database",
        "nobody works",
        "no place for health",
        "broker beside a file",
        "broker beside a folder",
        "long jobs",
    ],
)
def test_settings_that_do_not_fit_together_are_told(examine, variables, level, words):
    assert words in examine(**variables).told("settings", level)


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("database", f"mysql://u:{SECRET}@h/d", "unknown scheme"),
        ("blobs", f"s3://k:{SECRET}@h/bucket?colour=red", "unknown blob store option"),
        ("jobs", f"amqp://u:{SECRET}@h/?colour=red", "unknown job queue option"),
        ("cache", f"redis://:{SECRET}@h/0?colour=red", "unknown cache option"),
    ],
)
def test_a_setting_that_means_nothing_is_told_with_its_name_and_ends_with_2(examine, name, url, words):
    examined = examine(**{f"{name.upper()}_URL": url})

    told = examined.told(name, "error")
    assert (words in told, told.rpartition("| ")[2]) == (True, f"correct IMGSVC_{name.upper()}_URL")
    assert examined.exit_code == 2


def test_settings_that_cannot_be_read_at_all_end_it_with_2():
    result = run("doctor", DATABASE_POLO="7")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean IMGSVC_DATABASE_POOL?" in result.stderr


def test_people_get_a_table_and_a_last_line_that_sums_it_up(tmp_path):
    result = run_script("doctor", DATA_DIR=str(tmp_path), RENDER_IN="process", WORKER_SLOTS="0")

    first, *lines, last = result.stdout.splitlines()
    assert (result.returncode, result.stderr) == (1, "")
    assert first == f"imgsvc {version('imgsvc')}"
    assert "\x1b" not in result.stdout
    assert last == "1 error, no warnings, 14 ok: not everything works."
    at_error = next(number for number, line in enumerate(lines) if "error" in line)
    assert lines[at_error].index("jobs are queued") == lines[at_error + 1].index(
        "To mend it: raise IMGSVC_WORKER_SLOTS"
    )
    assert [line.split()[0] for line in lines if line[:1].strip()] == [
        "settings", "data", "secrets", "database", "blobs", "jobs", "cache", "engine"
    ]  # fmt: skip


def test_programs_get_the_same_as_json(tmp_path):
    result = run("doctor", "--json", DATA_DIR=str(tmp_path), RENDER_IN="process")

    document = json.loads(result.stdout)
    assert document["version"] == version("imgsvc")
    assert document["summary"] == {"ok": len(document["findings"]), "warning": 0, "error": 0}
    assert set(document["findings"][0]) == {"dependency", "level", "found", "remedy"}


def test_servers_that_are_all_gone_make_one_report_and_no_other_noise(tmp_path):
    gone = {
        "DATABASE_URL": f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/d",
        "BLOBS_URL": f"s3://key:{SECRET}@127.0.0.1:1/bucket?secure=0",
        "JOBS_URL": f"amqp://u:{SECRET}@127.0.0.1:1/",
        "CACHE_URL": f"redis://:{SECRET}@127.0.0.1:1/0",
    }
    result = run_script("doctor", DATA_DIR=str(tmp_path), RENDER_IN="process", **gone)

    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.count("nobody listens there") == 4
    assert result.stdout.count("To mend it: start it, or correct host and port in IMGSVC_") == 4
    assert SECRET not in result.stdout


# What root may do, nobody else may: so it is done once to load all modules, and then again as somebody else.
_AS_SOMEBODY_ELSE = """
import os, sys
from click.testing import CliRunner
from imgsvc.entrypoints.cli import main

CliRunner().invoke(main, ["doctor"])
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
print(CliRunner().invoke(main, ["doctor", "--json"]).stdout)
"""


def test_a_user_who_may_use_nothing_is_told_so_of_each_place(used):
    used.chmod(0o500)
    command = [sys.executable, "-c", _AS_SOMEBODY_ELSE]
    settings = environment(DATA_DIR=str(used), RENDER_IN="process")
    try:
        result = subprocess.run(command, env=settings, check=True, capture_output=True, text=True, timeout=60)
    finally:
        used.chmod(0o700)

    findings = json.loads(result.stdout)["findings"]
    told = {one["dependency"]: one["found"] for one in findings if one["level"] == "error"}
    expected = {"data folder", "database", "blobs"}
    assert {name for name, found in told.items() if "cannot be written by this user" in found} == expected
    assert set(told) <= {*expected, "secrets"}
