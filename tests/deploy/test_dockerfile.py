"""The Dockerfile, by hadolint and by what we want of it. Nothing here needs a Docker daemon."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from imgsvc.entrypoints.cli import main
from imgsvc.entrypoints.settings_sources import load_settings
from tests.deploy.files import DOCKERFILE, ROOT, VARIABLES, instructions

INSTRUCTIONS = instructions()
STAGES = [words for name, words in INSTRUCTIONS if name == "FROM"]
LAST = INSTRUCTIONS[[name for name, _ in INSTRUCTIONS].index("FROM", 1) :]


def only(name):
    (found,) = [words for one, words in LAST if one == name]
    return found


def test_hadolint_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("there is no hadolint for this machine")

    checked = subprocess.run([str(hadolint), "--no-color", str(DOCKERFILE)], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_both_stages_have_one_base_which_is_pinned():
    bases = {words.partition(" ")[0] for words in STAGES}

    assert len(STAGES) == 2
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases.pop())


def test_everything_is_installed_in_the_versions_that_were_tested():
    (built,) = [words for name, words in INSTRUCTIONS if name == "ENV" and "PIP_" in words]

    assert "PIP_CONSTRAINT=/build/constraints.txt" in built
    assert "PIP_BUILD_CONSTRAINT=/build/constraints.txt" in built


def test_what_runs_is_not_root_and_has_a_number():
    user, _, group = only("USER").partition(":")

    assert int(user) > 0
    assert int(group) > 0


def test_its_settings_are_ours():
    environment = dict(re.findall(r"(IMGSVC_\w+)=(\S+)", only("ENV")))

    settings = load_settings(environment)

    assert environment.keys() <= VARIABLES
    assert (settings.host, str(settings.data_dir)) == ("0.0.0.0", "/data")


def test_it_runs_a_command_of_ours():
    assert json.loads(only("ENTRYPOINT")) == ["imgsvc"]
    assert json.loads(only("CMD"))[0] in main.commands


def test_its_health_check_is_the_program_that_is_copied():
    _, _, command = only("HEALTHCHECK").partition(" CMD ")
    copied = dict(words.split() for name, words in LAST if name == "COPY" and not words.startswith("--"))

    assert json.loads(command) == ["python", "-I", copied["deploy/healthcheck.py"]]


def test_all_that_is_copied_exists_and_is_not_ignored():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words.split() for name, words in INSTRUCTIONS if name == "COPY" and not words.startswith("--")]

    for source in [one for words in copied for one in words[:-1]]:
        assert (ROOT / source).exists(), source
        assert source in kept, source


def test_whatever_the_package_is_built_of_is_copied():
    project = (ROOT / "pyproject.toml").read_text()
    copied = {one for name, words in INSTRUCTIONS if name == "COPY" for one in words.split()}

    assert {"README.md", "LICENSE", "src", "pyproject.toml"} <= copied
    assert 'readme = "README.md"' in project
    assert 'packages = ["src/imgsvc"]' in project
