"""A child process, as the parent sees it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from imgsvc.adapters.imaging.messages import Content, Messages

# A module of the same name, without what stands in the package's face: that would bring the whole service along,
# which takes half a second and 30 MB for each child.
_BEGIN = """
import gc, sys, types
gc.disable()
package = types.ModuleType("imgsvc")
package.__path__ = [{folder!r}]
sys.modules["imgsvc"] = package
from imgsvc.adapters.imaging.child import main
main()
"""
_PACKAGE = Path(__file__).parents[2]
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONHOME")  # without which Python itself may not start

# Memory of a call is kept for the next, up to 64 MiB. glibc would give it back, and fetching it again page by page
# costs more than sending a megabyte to the child.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(16 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
    # Else each thread that libvips starts for a PNG takes 64 MiB of addresses, which the limit of memory counts.
    "MALLOC_ARENA_MAX": "1",
}

# Only the thread that asks for it is confined. NumPy's library of linear algebra, which nobody uses, would start some.
_THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class ChildProcess:
    """Starts at once and is ready later; belongs to one caller at a time.

    After any failure of ``await_ready`` or ``ask`` it is good for nothing but ``kill``.
    """

    def __init__(self, begin: bytes, memory: int) -> None:
        """``begin`` is what it should be, pickled: an engine, and how much memory it may have."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _started(theirs)
            except BaseException:
                self._socket.close()
                raise
        self._messages = Messages(self._socket, most=memory)
        self.started_at = time.monotonic()
        self.is_confined: bool | None = None  # once it is ready
        self.calls = 0
        self.kept: frozenset[str] = frozenset()  # digests of the pictures that it says it still has
        with suppress(OSError):  # await_ready tells
            self._messages.send(begin, seconds=1)

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_ready(self, seconds: float) -> None:
        """Raises TimeoutError, after which one may wait again; ChildFailed if it has ended, or never began."""
        if self.is_confined is None:
            self._await_greeting(seconds)
        elif self._process.poll() is not None:
            raise ChildFailed(self.ending())

    def _await_greeting(self, seconds: float) -> None:
        # Looked at before it is taken, so that nobody is left with half of it.
        self._socket.settimeout(max(0.001, seconds))
        try:
            self._socket.recv(1, socket.MSG_PEEK)
            greeting = json.loads(self._messages.receive(seconds=5)[0])
        except ConnectionError:
            raise ChildFailed(self.ending()) from None
        if "failed" in greeting:
            raise ChildFailed(greeting["failed"])
        self.is_confined = greeting["is_confined"]

    def ask(
        self, request: bytes, contents: Sequence[Content], file: int | None, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """Its answer, which is not to be believed. Raises TimeoutError, ConnectionError, ValueError."""
        self.calls += 1
        started = time.monotonic()
        self._messages.send(request, *contents, file=file, seconds=seconds)
        head, (content,) = self._messages.receive(seconds=seconds - (time.monotonic() - started))
        document = json.loads(head)
        if not isinstance(document, dict):
            raise ValueError("an answer that is no object")
        kept = document.get("kept")
        self.kept = frozenset(map(str, kept)) if isinstance(kept, list) else frozenset()
        return document, content

    @property
    def lacked_memory(self) -> bool:
        """Whether it has ended as GLib ends what gets no memory, or no thread for lack of it."""
        return self._status() == -signal.SIGTRAP

    def ending(self) -> str:
        """How it ended, for the log."""
        status = self._status()
        if status is None:
            return "it makes no sense any more"
        if status >= 0:
            return f"it ended with status {status}"
        return f"it was ended by {signal.Signals(-status).name}"

    def _status(self) -> int | None:
        """None for one that goes on."""
        with suppress(subprocess.TimeoutExpired):
            # The end of its connection comes first, and its own soon after.
            return self._process.wait(0.2)
        return None

    def kill(self) -> None:
        """At once, with whatever it may have started."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)


class ChildFailed(Exception):
    """A child has ended, or cannot begin; the message says why, for the log."""


def _started(standard_input: socket.socket) -> "subprocess.Popen[bytes]":
    # Everything else that is open is closed there. A group of its own keeps the terminal's Ctrl-C away.
    # Not a session of its own: Linux shares the cores among sessions, and being nice counts only within one.
    return subprocess.Popen(  # noqa: S603  # our own program, and no word of it from outside
        [sys.executable, "-P", "-c", _BEGIN.format(folder=str(_PACKAGE)), str(os.getpid())],
        stdin=standard_input.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd="/",
        process_group=0,
    )


def _environment() -> dict[str, str]:
    """Where Python finds its modules, and nothing of what the service was told."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    modules = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    return {**kept, **_ALLOCATOR, **_THREADS, "PYTHONPATH": modules, "LC_ALL": "C.UTF-8"}
