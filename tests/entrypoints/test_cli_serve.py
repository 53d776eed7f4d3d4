"""``imgsvc serve``: starts, says how to try it, and stops well."""

import logging
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import httpx
import pytest

from imgsvc.entrypoints.settings import Settings
from tests.entrypoints.commands import SCRIPT, environment, run, run_script
from tests.pictures import encoded, quadrants
from tests.servers import refuses_connections
from tests.waiting import wait_for


@contextmanager
def serving(*arguments, folder, **variables):
    """A server of the console script, and its greeting; killed at the end unless it has stopped by then."""
    command = [SCRIPT, "serve", "--port", "0", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment(PASSWORD_COST="4", **variables), **streams) as process:
        try:
            greeting = ""
            while "Stop with Ctrl-C" not in greeting:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                greeting += line
            yield process, greeting
        finally:
            process.kill()


def children_of(process_id):
    """Ids of the processes that a process has started."""
    files = Path(f"/proc/{process_id}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


@pytest.fixture(autouse=True)
def restored_logging():
    """The command configures the logs of its process, which here is the test's."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


def address_in(greeting):
    return re.search(r"^imgsvc is ready at (http://127\.0\.0\.1:\d+)$", greeting, re.MULTILINE)[1]


def test_it_starts_on_a_free_port_and_what_it_says_to_try_works(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(encoded(quadrants(), "jpeg"))

    with serving(folder=tmp_path) as (process, greeting):
        commands = re.findall(r"^  (.*)$", greeting, re.MULTILINE)
        alive = httpx.get(f"{address_in(greeting)}/healthz")
        tried = subprocess.run(
            ["bash", "-e"], input="\n".join(commands), cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        process.send_signal(signal.SIGTERM)
        status = process.wait(30)

    assert alive.status_code == 200
    assert which("curl"), "this test needs curl, as whoever pastes the commands does"
    assert tried.returncode == 0, tried.stderr
    assert '"media_type": "image/jpeg"' in tried.stdout
    assert f"Data: {tmp_path}/data." in greeting
    assert (tmp_path / "data" / "imgsvc.sqlite3").exists()
    assert status == 0


def test_ctrl_c_stops_it_well(tmp_path):
    with serving("--data-dir", "elsewhere", folder=tmp_path, LOG_FORMAT="console") as (process, _):
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)

    assert (process.returncode, stdout.strip()) == (0, "")
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def is_rendering(address, token):
    metrics = httpx.get(f"{address}/metrics", headers={"Authorization": f"Bearer {token}"}).text
    return "\nimgsvc_render_slots_busy 1.0\n" in metrics


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_told_twice_it_ends_at_once_whatever_it_renders(tmp_path, first, second):
    token = "tests-" * 6  # without blanks, and of 32 bytes at least
    variables = {"RENDER_SLOTS": "1", "METRICS_TOKEN": token, "LOG_FORMAT": "console"}
    with ThreadPoolExecutor(1) as threads, serving(folder=tmp_path, **variables) as (process, greeting):
        address = address_in(greeting)
        ada = {"username": "ada", "password": "correct horse"}
        httpx.post(f"{address}/v1/auth/register", json=ada)
        access = httpx.post(f"{address}/v1/auth/login", json=ada).json()["access_token"]
        children = children_of(process.pid)
        for child in children:
            os.kill(child, signal.SIGSTOP)  # whatever it is asked takes for ever
        asked = threads.submit(
            httpx.post,
            f"{address}/v1/images",
            files={"file": encoded(quadrants())},
            headers={"Authorization": f"Bearer {access}"},
            timeout=30,
        )
        wait_for(lambda: is_rendering(address, token))
        process.send_signal(first)
        wait_for(lambda: refuses_connections(address))
        process.send_signal(second)
        _, stderr = process.communicate(timeout=5)

    assert process.returncode == 128 + second
    assert "Traceback" not in stderr
    assert isinstance(asked.exception(), httpx.TransportError)  # no answer rather than one that tells of no mistake
    wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_script("serve", "--port", port, folder=tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_while_it_starts_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # The page for metrics listens there after the address was found to be free, and before requests are answered.
    result = run_script("serve", "--port", port, "--data-dir", "data", folder=tmp_path, METRICS_PORT=str(port))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use"


@pytest.mark.parametrize(
    ("host", "reason"), [("192.0.2.1", "Cannot assign requested address"), ("nowhere.invalid", "")]
)
def test_an_address_that_is_not_ours_is_told_in_one_line(host, reason):
    result = run("serve", "--port", "0", "--host", host)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: cannot listen on {host} port 0: {reason}")
    assert "(while" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        ([], {"PROT": "1"}, "unknown variable IMGSVC_PROT; did you mean IMGSVC_PORT?"),
        ([], {"LOG_LEVEL": "loud"}, "IMGSVC_LOG_LEVEL must be one of debug, info, warning, error"),
        ([], {"TOKEN_SECRET": "hush"}, "IMGSVC_TOKEN_SECRET must have at least 32 bytes"),
        ([], {"JOBS_URL": "kafka://ada:hush@host"}, "unknown job queue scheme 'kafka'"),
        ([], {"CONFIG_FILE": "/nowhere.toml"}, "IMGSVC_CONFIG_FILE names /nowhere.toml, which cannot be read"),
        (["--port", "70000"], {}, "port must be 0 to 65535"),
        (["--port", "http"], {}, "Invalid value for '--port'"),
        (["--prot", "1"], {}, "No such option"),
    ],
)
def test_a_setting_that_is_wrong_is_refused_by_name(tmp_path, arguments, variables, told):
    result = run("serve", "--data-dir", tmp_path, "--port", "0", *arguments, **variables)

    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "hush" not in result.stderr


def test_options_come_before_variables(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", port, "--data-dir", tmp_path, PORT="1", HOST="127.0.0.1")

    assert f"port {port}" in result.stderr


@pytest.mark.parametrize("folder", ["file", "file/data"])
def test_a_data_folder_that_cannot_be_used_is_told_in_one_line(tmp_path, folder):
    (tmp_path / "file").write_text("")

    result = run("serve", "--port", "0", "--data-dir", tmp_path / folder)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: cannot use {tmp_path / folder}: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_secret_that_others_may_read_is_refused_by_its_file(tmp_path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "token_secret").write_text("x" * 64)
    (secrets / "token_secret").chmod(0o644)

    result = run("serve", "--port", "0", "--data-dir", tmp_path)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{secrets / 'token_secret'} holds a secret that others may read" in result.stderr


def test_a_service_that_cannot_begin_its_work_does_not_greet_and_fails(tmp_path):
    assert run("migrate", DATA_DIR=str(tmp_path)).exit_code == 0
    with sqlite3.connect(tmp_path / "imgsvc.sqlite3") as database:
        database.execute("DROP TABLE variants")
    database.close()

    result = run_script("serve", "--port", "0", "--data-dir", tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == "Error: the service could not start; the log above says why"


def test_the_help_tells_of_every_command_with_examples():
    shown = run("--help").stdout

    for command in ("serve", "transform", "migrate"):
        assert re.search(rf"^  {command} +[A-Z].*\.$", shown, re.MULTILINE), "the summary is cut off"
        assert f"imgsvc {command}" in run(command, "--help").stdout.partition("Examples:")[2]


def test_the_help_tells_the_defaults():
    shown = " ".join(run("serve", "--help").stdout.split())

    assert f"{Settings().host} unless set" in shown
    assert f"{Settings().port} unless set" in shown


def test_the_version_is_that_of_the_package():
    assert re.fullmatch(r"imgsvc, version \d+\.\d+\.\d+\n", run("--version").stdout)


def test_pictures_are_decoded_in_processes_that_know_no_secret_and_end_with_the_server(tmp_path):
    secret = "a secret of the tests, at least 32 bytes long"
    with serving(folder=tmp_path, RENDER_SLOTS="2", TOKEN_SECRET=secret) as (process, _):
        children = children_of(process.pid)
        environments = [Path(f"/proc/{child}/environ").read_bytes() for child in children]
        process.send_signal(signal.SIGTERM)
        status = process.wait(30)

    assert len(children) == 2
    assert not any(b"IMGSVC" in environment or secret.encode() in environment for environment in environments)
    assert status == 0
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_children_can_be_declined(tmp_path):
    with serving(folder=tmp_path, RENDER_IN="process") as (process, _):
        assert children_of(process.pid) == []


def test_an_engine_that_cannot_start_in_a_process_of_its_own_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))

    result = run("serve", "--port", "0", "--data-dir", tmp_path)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: the image engine does not start in a process of its own: ")
    assert len(result.stderr.splitlines()) == 1
