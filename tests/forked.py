"""Processes of the service that have everything imported when they begin, which else takes longer than most tests.

``tests/forker.py`` is forked for each. Only tests of the command line itself start a Python of their own.
"""

import atexit
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO

_FORKER = Path(__file__).with_name("forker.py")
_PR_SET_CHILD_SUBREAPER = 36
_one_at_a_time = Lock()


class Forked:
    """A child of this process, as ``subprocess.Popen`` has it."""

    def __init__(self, process_id: int, stdout: IO[str]) -> None:
        self.pid, self.stdout = process_id, stdout
        self.returncode: int | None = None
        self._handle = os.pidfd_open(process_id)
        self._lock = Lock()

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.wait()
        os.close(self._handle)

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None:
                process_id, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if process_id else None
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        ended = select.poll()
        ended.register(self._handle)
        if self.returncode is None and not ended.poll(None if timeout is None else timeout * 1000):
            raise subprocess.TimeoutExpired("imgsvc", timeout or 0)
        status = self.poll()
        assert status is not None
        return status

    def send_signal(self, what: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, what)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def python(
    arguments: Sequence[str], environment: Mapping[str, str], log: IO[str], within: Sequence[str] = ()
) -> "Forked | subprocess.Popen[str]":
    """``python -W error`` with these arguments; what it prints can be read, and its errors go to the log.

    ``within`` are the words of a command that runs it: then it is started as usual, as everywhere but on Linux.
    """
    if within or sys.platform != "linux":
        command = [*within, sys.executable, "-W", "error", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=dict(environment), text=True)
    order = {"arguments": list(arguments), "environment": dict(environment), "folder": str(Path.cwd())}
    reading, writing = os.pipe()
    try:
        process_id = _ordered(json.dumps(order).encode(), [writing, log.fileno()])
    finally:
        os.close(writing)
    return Forked(process_id, os.fdopen(reading))


def _ordered(order: bytes, descriptors: list[int]) -> int:
    """The id of the process, which is our child although it was forked from another one."""
    with _one_at_a_time:
        control = _forker()
        _take_orphans(True)
        try:
            socket.send_fds(control, [order], descriptors)
            answer = control.recv(32)
        finally:
            _take_orphans(False)
    assert answer, "what forks processes of the service has ended"
    return int(answer)


def _take_orphans(whether: bool) -> None:
    assert ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(whether), 0, 0, 0) == 0


@cache
def _forker() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-W", "error", str(_FORKER), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # Or else NumPy's library of linear algebra starts threads, which a fork leaves behind.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def end() -> None:
        ours.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)

    atexit.register(end)
    return ours
