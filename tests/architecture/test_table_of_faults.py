"""docs/faults.md names tests that are there, and every test of a fault."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
NAMED = set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", (TESTS.parent / "docs" / "faults.md").read_text("utf-8")))


def defined_in(file):
    names = re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    return {(file.relative_to(TESTS).as_posix(), name) for name in names}


def test_every_test_that_is_named_is_there():
    there = {test for name in {file for file, _ in NAMED} for test in defined_in(TESTS / name)}

    assert there >= NAMED


def test_every_fault_that_is_tested_is_named():
    tested = {test for file in (TESTS / "system" / "faults").glob("test_*.py") for test in defined_in(file)}

    assert tested <= NAMED
