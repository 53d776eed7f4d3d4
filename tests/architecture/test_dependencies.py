"""Who may import whom: each contract of pyproject.toml holds, and would be noticed if it did not."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

# A file, and what must not be written in it; one for each thing that a contract says.
BREACHES = [
    ("Entrypoints over adapters", "domain/image.py", "from imgsvc.ports import blobs"),
    ("Entrypoints over adapters", "ports/blobs.py", "from imgsvc.application import images"),
    ("Entrypoints over adapters", "application/images.py", "from imgsvc.adapters import blobs"),
    ("Entrypoints over adapters", "adapters/blobs/in_memory.py", "from imgsvc.application import images"),
    ("Entrypoints over adapters", "adapters/blobs/in_memory.py", "from imgsvc.entrypoints import settings"),
    ("Entrypoints over adapters", "helpers.py", "import os"),
    ("The ways in", "entrypoints/worker.py", "from imgsvc.entrypoints import cli"),
    ("The ways in", "entrypoints/composition/service.py", "from imgsvc.entrypoints import worker"),
    ("The ways in", "entrypoints/settings.py", "from imgsvc.entrypoints import logs"),
    ("The ways in", "entrypoints/helpers.py", "import os"),
    ("Domain, ports and application", "domain/image.py", "import sqlalchemy"),
    ("Domain, ports and application", "ports/blobs.py", "import PIL.Image"),
    ("Domain, ports and application", "application/images.py", "import starlette.requests"),
    ("Only the composition root", "entrypoints/worker.py", "from imgsvc.adapters import blobs"),
    ("Only the composition root", "entrypoints/http/endpoints/images.py", "from imgsvc.adapters import blobs"),
    ("Only its adapter knows a database", "adapters/blobs/in_memory.py", "import sqlalchemy"),
    ("Only its adapter knows a database", "entrypoints/composition/service.py", "import alembic"),
    ("Only its adapter knows a database", "adapters/blobs/in_memory.py", "import psycopg"),
    ("Only its adapter knows an object", "adapters/cache/in_memory.py", "import minio"),
    ("Only those who call others", "entrypoints/composition/service.py", "import urllib3"),
    ("Only those who call others", "adapters/cache/in_memory.py", "import urllib3"),
    ("Only who sends messages", "adapters/credentials/random_keys.py", "import standardwebhooks"),
    ("Only its adapter knows a cache", "adapters/blobs/in_memory.py", "import redis"),
    ("Only its adapter knows a broker", "adapters/blobs/in_memory.py", "import pika"),
    ("Only its adapter knows a broker", "entrypoints/worker.py", "import pika"),
    ("Only its adapter knows an imaging", "adapters/blobs/in_memory.py", "import PIL"),
    ("Only its adapter knows an imaging", "entrypoints/http/endpoints/images.py", "import fontTools"),
    ("Only its adapter knows an imaging", "entrypoints/composition/service.py", "import pyvips"),
    ("Only its adapter knows an imaging", "adapters/blobs/in_memory.py", "import simplejpeg"),
    ("Only its adapter knows a credentials", "adapters/blobs/in_memory.py", "import bcrypt"),
    ("Only its adapter knows a credentials", "entrypoints/http/endpoints/accounts.py", "import jwt"),
    ("Only its adapter knows the metrics", "entrypoints/http/requests.py", "import prometheus_client"),
    ("Only the edges know the web", "entrypoints/worker.py", "import starlette"),
    ("Only the edges know the web", "adapters/cache/in_memory.py", "import uvicorn"),
    ("Adapters do not know each other", "adapters/blobs/in_memory.py", "from imgsvc.adapters import cache"),
    ("No cycles", "domain/errors/base.py", "from imgsvc.domain import image"),
]


@pytest.fixture(scope="module")
def contracts():
    """The names of all contracts."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in document["tool"]["importlinter"]["contracts"]]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project, to be broken on purpose."""
    copy = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", copy / "src", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def linted(project):
    """Which contracts are broken in the project, and all that the linter says."""
    environment = {**os.environ, "PYTHONPATH": str(project / "src"), "COLUMNS": "200"}
    result = subprocess.run(
        [LINTER, "--no-cache"], cwd=project, env=environment, capture_output=True, text=True, timeout=60
    )
    broken = re.findall(r"^(.+) BROKEN", result.stdout, re.MULTILINE)
    return result.returncode, broken, result.stdout + result.stderr


def test_the_project_keeps_every_contract(contracts):
    status, broken, said = linted(ROOT)

    assert (status, broken) == (0, []), said
    assert f"Contracts: {len(contracts)} kept, 0 broken." in said


def test_every_contract_is_broken_below(contracts):
    begun_with = {begin for begin, _, _ in BREACHES}

    assert [name for name in contracts if not any(name.startswith(begin) for begin in begun_with)] == []


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES, ids=[f"{file}: {line}" for _, file, line in BREACHES])
def test_a_breach_is_noticed_and_its_contract_named(copy, contract, file, line):
    path = copy / "src" / "imgsvc" / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        status, broken, said = linted(copy)
    finally:
        path.unlink() if before is None else path.write_text(before)

    assert status == 1, said
    assert any(name.startswith(contract) for name in broken), said
