"""The health check of a container, and a server that lives as in one."""

import os
import socket
import subprocess
import sys
import time

import pytest

from tests.deploy.files import ROOT
from tests.servers import running_server

PROGRAM = ROOT / "deploy" / "healthcheck.py"
SECRETS = {"TOKEN_SECRET": "a" * 32, "PASSWORD_SECRET": "b" * 32, "LINK_KEYS": "c" * 32}


def check(**variables):
    """As Docker runs it: what it said, or nothing if all is well."""
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run([sys.executable, "-I", str(PROGRAM)], capture_output=True, text=True, env=environment)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr


def test_a_server_that_answers_is_well(server):
    assert check(IMGSVC_PORT=server.address.rpartition(":")[2]) == ""


def test_without_a_server_all_is_not_well(unused_port):
    assert "refused" in check(IMGSVC_PORT=str(unused_port))


def test_a_worker_is_well_while_it_touches_its_file(tmp_path):
    file = tmp_path / "health"

    assert "No such file" in check(IMGSVC_WORKER_HEALTH_FILE=str(file))
    file.touch()
    assert check(IMGSVC_WORKER_HEALTH_FILE=str(file)) == ""
    os.utime(file, (time.time() - 60,) * 2)
    assert "not touched for 60 seconds" in check(IMGSVC_WORKER_HEALTH_FILE=str(file))


def test_with_servers_around_it_and_secrets_given_nothing_is_written_to_the_data_folder(tmp_path):
    with running_server(tmp_path / "data", **elsewhere(tmp_path), **SECRETS) as server:
        assert check(IMGSVC_PORT=server.address.rpartition(":")[2]) == ""

    assert list((tmp_path / "data").iterdir()) == []


def test_without_secrets_and_without_a_volume_it_does_not_start_instead_of_making_up_its_own(tmp_path):
    environment = os.environ | {f"IMGSVC_{name}": value for name, value in elsewhere(tmp_path).items()}
    command = [sys.executable, "-m", "imgsvc", "serve", "--port", "0", "--data-dir", "/proc/none"]

    refused = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30)

    assert refused.returncode == 1
    assert "cannot use /proc/none" in refused.stderr


def elsewhere(folder):
    return {"DATABASE_URL": f"sqlite:///{folder}/imgsvc.sqlite3", "BLOBS_URL": "memory:"}


@pytest.fixture
def unused_port():
    with socket.socket() as taken:  # bound, and not listened to
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
