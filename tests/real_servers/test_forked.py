"""A process that tests fork is like one that is started."""

import json
import os

from tests.forked import python

PROGRAM = """
import json, os, sys, tempfile, threading
shown = {
    "arguments": sys.argv,
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "temporary": tempfile.gettempdir(),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "parent": os.getppid(),
    "threads": threading.active_count(),
    "warnings": sys.warnoptions,
}
print(json.dumps(shown))
print("an error", file=sys.stderr)
sys.exit(7)
"""


def test_a_forked_process_has_what_it_was_given_and_ends_as_any(tmp_path, monkeypatch):
    program, log_file = tmp_path / "program.py", tmp_path / "log"
    program.write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "TMPDIR": str(tmp_path), "IMGSVC_PORT": "1"}

    shown, statuses = [], []
    for within in ((), ("env",)):  # forked, and started
        with log_file.open("a") as log, python([str(program), "a", "b"], environment, log, within) as process:
            shown.append(json.loads(process.stdout.read()))
            statuses.append(process.wait(30))

    assert shown[0] == shown[1]
    assert shown[0]["parent"] == os.getpid()
    assert statuses == [7, 7]
    assert log_file.read_text() == "an error\n" * 2


def test_a_forked_process_that_is_killed_is_told_from_one_that_ends(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import time; print('begun', flush=True); time.sleep(600)")

    with (tmp_path / "log").open("a") as log, python([str(program)], os.environ, log) as process:
        assert process.stdout.readline() == "begun\n"
        assert process.poll() is None
        process.kill()
        assert process.wait(30) == -9
