"""The command line as its users run it: in a process of its own, and quicker inside the test's."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from click.testing import CliRunner, Result

from imgsvc.entrypoints.cli import main

SCRIPT = Path(sys.executable).with_name("imgsvc")


def environment(**variables: str) -> dict[str, str]:
    """Of this process, without settings but the given ones, whose names come without their ``IMGSVC_``."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("IMGSVC_")}
    return {**others, **{f"IMGSVC_{name}": value for name, value in variables.items()}}


def run_script(*arguments: object, folder: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The installed console script, to its end."""
    command = [SCRIPT, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=60)


def interruptible(command: Sequence[object], **variables: str) -> "subprocess.Popen[bytes]":
    """A process that Ctrl-C reaches, also where this one was started without it, as behind ``nohup``."""
    return subprocess.Popen(
        list(map(str, command)),
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def run(*arguments: object, given: bytes | None = None, **variables: str) -> Result:
    """The same command within this process."""
    unset: dict[str, str | None] = {name: None for name in os.environ if name.startswith("IMGSVC_")}
    settings = {f"IMGSVC_{name}": value for name, value in variables.items()}
    return CliRunner().invoke(main, list(map(str, arguments)), input=given, env={**unset, **settings})
