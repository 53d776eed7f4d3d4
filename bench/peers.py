"""Other people's software that we are measured beside, where the machine can run it."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from bench.measuring import Sample, sample

_SHARP = "sharp@0.35.5"
_SCRIPT = Path(__file__).with_name("sharp.mjs")
_INSTALL_SECONDS = 120


@frozen
class Task:
    """One resize, in sharp's words."""

    width: int
    height: int
    fit: str
    format: str = "jpeg"
    options: Mapping[str, int] = field(factory=lambda: {"quality": 80})  # of the format


@frozen
class Sharp:
    """sharp in a process of its own, with one thread and without its cache."""

    folder: Path  # its node_modules has sharp
    description: str = "sharp"

    def render_for(self, picture: Path, task: Task, seconds: float) -> Sample:
        """Render for so long."""
        found = self.run(picture, task, seconds)
        return sample(found["count"], found["elapsed"], found["cpu"])

    def run(self, picture: Path, task: Task, seconds: float) -> dict[str, Any]:
        """What the script prints. Raises subprocess.CalledProcessError where sharp cannot be used."""
        form = task.format, json.dumps(dict(task.options))
        wanted = map(str, (self.folder, picture, task.width, task.height, task.fit, *form, seconds))
        done = _run("node", str(_SCRIPT), *wanted, seconds=seconds + 60)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def find_sharp(folder: Path, picture: Path) -> Sharp | None:
    """sharp below the folder, put there by npm if it is missing; says so where it has to be left out."""
    if not (shutil.which("node") and shutil.which("npm")):
        print("sharp is left out: it needs node and npm")
        return None
    try:
        if not (folder / "node_modules" / "sharp").is_dir():
            _install(folder)
        found = Sharp(folder).run(picture, Task(10, 10, "fill"), seconds=0)
    except subprocess.SubprocessError as error:
        print(f"sharp is left out: {error}")
        return None
    return Sharp(folder, f"sharp {found['version']} (libvips {found['vips']})")


def _install(folder: Path) -> None:
    print(f"installing {_SHARP} into {folder} by npm, this once", flush=True)
    folder.mkdir(exist_ok=True)
    options = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
    _run("npm", "install", *options, "--prefix", str(folder), _SHARP, seconds=_INSTALL_SECONDS)


def _run(*command: str, seconds: float) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds)
