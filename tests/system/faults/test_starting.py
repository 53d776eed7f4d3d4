"""A configuration that cannot work ends the start soon, by its name, and nobody is let in meanwhile: F48."""

import socket
import subprocess
import sys
from contextlib import suppress
from time import monotonic

import pytest

from tests.entrypoints.commands import environment
from tests.real_servers.local import free_port

NOBODY = "postgresql+psycopg://ada:hush@127.0.0.1:1/imgsvc"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"TOKEN_SECRET": "hush"}, "IMGSVC_TOKEN_SECRET"),
        ({"DATABASE_URL": NOBODY}, "database"),
        ({"BLOBS_URL": "s3://ada:hush@127.0.0.1:1/bucket?secure=0"}, "storage"),
        ({"DATA_DIR": "/proc/nowhere"}, "/proc/nowhere"),
    ],
    ids=str,
)
def test_a_configuration_that_cannot_work_ends_the_start_and_is_named_without_its_value(tmp_path, variables, named):
    port = free_port()
    given = environment(PORT=str(port), **{"DATA_DIR": str(tmp_path / "data"), **variables})
    begun = monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "imgsvc", "serve"], env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        was_let_in = False
        while process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                was_let_in = True
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
        told = process.stderr.read()

    assert process.returncode in (1, 2)
    assert monotonic() - begun < 5  # two of which a machine that is not busy needs
    assert named in told
    assert "hush" not in told
    assert not was_let_in
