"""What is deployed, as plain data."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from attrs import fields

from imgsvc import Settings

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
EXAMPLE = ROOT / "deploy" / "compose.env.example"
KUBERNETES = ROOT / "deploy" / "kubernetes"

VARIABLES = {f"IMGSVC_{one.name.upper()}" for one in fields(Settings)}

_INSTRUCTION = re.compile(r"^([A-Z]+) (.*)$")


def compose() -> dict[str, Any]:
    """The compose file, as YAML merges it; its ``${VARIABLES}`` as they are written."""
    return yaml.safe_load(COMPOSE_FILE.read_text())


def services() -> dict[str, dict[str, Any]]:
    """Those that are started with the installation."""
    return {name: one for name, one in compose()["services"].items() if "profiles" not in one}


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: one for name, one in services().items() if one["image"].startswith("imgsvc:")}


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: each with what it says, on one line."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [found.groups() for line in joined.splitlines() if (found := _INSTRUCTION.match(line.strip()))]


def manifests(folder: str = "") -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every document of the manifests below a folder, with its file."""
    for path in sorted((KUBERNETES / folder).rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path.relative_to(KUBERNETES), document


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)s", text)
    assert found is not None, text
    return float(found[1])


def bytes_of(text: str) -> int:
    """Of Docker's and of Kubernetes' ways to write memory; the default, where a variable may say otherwise."""
    found = re.fullmatch(r"(?:\$\{\w+:-)?(\d+)([mg]|Mi|Gi)\}?", text)
    assert found is not None, text
    return int(found[1]) * {"m": 2**20, "Mi": 2**20, "g": 2**30, "Gi": 2**30}[found[2]]
