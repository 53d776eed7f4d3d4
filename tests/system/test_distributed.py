"""The same service as on many machines: an API and two workers on the four servers, started by one command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.entrypoints.commands import environment
from tests.real_servers.postgres import new_database
from tests.real_servers.rabbitmq import new_queue
from tests.system.test_readme import assert_the_first_session_works
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def variables(postgres_url, s3_url, rabbitmq_url, redis_url):
    with new_database(postgres_url) as database, new_queue(rabbitmq_url) as queue:
        yield {"DATABASE_URL": database, "BLOBS_URL": s3_url, "JOBS_URL": queue, "CACHE_URL": redis_url}


def test_the_readmes_session_works_unchanged_and_everything_ends_when_told(tmp_path, variables):
    log = tmp_path / "log"
    command = [sys.executable, "-m", "deploy.distributed"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(**variables, PORT="0"), stdout=output, stderr=output
        )
    try:
        address = wait_for(lambda: re.search(r"ready at (http://\S+)", log.read_text()))[1]
        wait_for(lambda: log.read_text().count("imgsvc worker is ready") == 2)
        assert_the_first_session_works(address, tmp_path)
        parts = parts_of(process.pid)
        process.terminate()
        status = process.wait(60)
    finally:
        process.kill()

    assert status == 0, log.read_text()
    assert not address.endswith(":8000")  # but the free port that the setting asks for
    assert len(parts) == 3
    assert not any(Path(f"/proc/{part}").exists() for part in parts)


def parts_of(pid):
    found = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return [child for children in found for child in children]
