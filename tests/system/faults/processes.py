"""Processes of the service that tests start, watch, freeze and kill, and what may be otherwise in them."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field, frozen

from tests.forked import Forked, python
from tests.real_servers.local import is_stopped
from tests.waiting import wait_for

_ALTERED = str(Path(__file__).with_name("altered.py"))


@frozen
class Point:
    """A call of a port, such as ``images.add``, at which a process ends; or else stays, or is merely counted.

    Before the call or after it; ``mark`` is a file that has a byte for each time that the point was reached.
    """

    call: str
    mark: Path
    is_after: bool = True
    is_pause: bool = False  # the thread stays there, and the rest of the process goes on
    is_count: bool = False

    @property
    def command(self) -> list[str]:
        """What runs ``imgsvc`` up to here."""
        what = "count" if self.is_count else "pause" if self.is_pause else "kill"
        when = "after" if self.is_after else "before"
        return [_ALTERED, what, when, self.call, str(self.mark)]

    def times(self) -> int:
        """How often it was reached."""
        return self.mark.stat().st_size if self.mark.exists() else 0


@frozen
class Later:
    """A process whose clock is ahead, or behind for less than 0; other clocks, and what measures time, are right."""

    seconds: float

    @property
    def command(self) -> list[str]:
        return [_ALTERED, "later", str(self.seconds)]


@frozen
class Misbehaving:
    """A process whose children do what pictures ask of them: see tests/adapters/misbehaving.py."""

    @property
    def command(self) -> list[str]:
        return [_ALTERED, "misbehaving"]


Alteration = Point | Later | Misbehaving


@define(eq=False)
class ServiceProcess:
    """``imgsvc serve`` or ``imgsvc worker`` in a process of its own."""

    process: "Forked | subprocess.Popen[str]"
    log_file: Path
    makes_jobs: bool
    address: str = ""  # of an API
    seen_children: set[int] = field(factory=set)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """As if its machine had lost its power."""
        self.children()
        self.process.kill()
        self.process.wait()

    def tell_to_stop(self) -> None:
        """As an operator would."""
        self.children()
        self.process.terminate()

    def stop(self, seconds: float = 30) -> int:
        """Its exit status, once it has ended."""
        self.tell_to_stop()
        return self.process.wait(seconds)

    def freeze(self) -> None:
        """From here on it does nothing, and its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: is_stopped(self.process.pid))  # a thread that works may go on for a moment

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def children(self) -> set[int]:
        """Ids of the processes that it has started and not ended."""
        found = {int(one) for file in self._of_threads("children") for one in _read(file).split()}
        self.seen_children |= found
        return found

    def freeze_children(self) -> None:
        """From here on those that it has decode nothing: a job that comes to one goes on until it is thawed."""
        self._signal_children(signal.SIGSTOP)
        wait_for(lambda: all(map(is_stopped, self.children())))

    def thaw_children(self) -> None:
        self._signal_children(signal.SIGCONT)

    def kill_children(self) -> None:
        self._signal_children(signal.SIGKILL)

    @contextmanager
    def frozen_children(self) -> Iterator[None]:
        """Whatever they are asked meanwhile takes until the end of it."""
        self.freeze_children()
        try:
            yield
        finally:
            self.thaw_children()

    def works(self) -> bool:
        """Whether a child is at something."""
        states = (_read(Path(f"/proc/{child}/stat")).rpartition(")")[2].split() for child in self.children())
        return any(state[:1] == ["R"] for state in states)

    def threads(self) -> int:
        return len(list(self._of_threads("stat")))

    def sockets(self) -> int:
        """That it has open; few are not of its clients."""
        return sum(_target(one).startswith("socket:") for one in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def memory(self) -> int:
        """Bytes that it holds of the machine's memory."""
        pages = _read(Path(f"/proc/{self.process.pid}/statm")).split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def bytes_on_disk(self) -> int:
        """In files that have no name, and so go with the process."""
        return sum(map(_nameless_bytes, Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def log(self) -> str:
        return self.log_file.read_text()

    def _signal_children(self, what: signal.Signals) -> None:
        for child in self.children():
            with suppress(ProcessLookupError):
                os.kill(child, what)

    def _of_threads(self, name: str) -> Iterator[Path]:
        return Path(f"/proc/{self.process.pid}/task").glob(f"*/{name}")


@contextmanager
def started(
    command: Sequence[str],
    environment: Mapping[str, str],
    log_file: Path,
    *,
    makes_jobs: bool,
    altered: Alteration | None = None,
    within: Sequence[str] = (),
) -> Iterator[ServiceProcess]:
    """The process; ended at the end, however it was left. ``within`` are the words of a command that runs it."""
    runner = ["-m", "imgsvc"] if altered is None else altered.command
    with (
        log_file.open("a") as log,
        python([*runner, *command], environment, log, within) as process,
    ):
        try:
            yield ServiceProcess(process, log_file, makes_jobs)
        finally:
            process.kill()


def greeting_of(one: ServiceProcess) -> str:
    """What a process says once it is ready: an API answers then, a worker takes jobs."""
    assert one.process.stdout is not None
    for line in one.process.stdout:
        if " is ready" in line:
            return line
    raise AssertionError(f"the process did not start: {one.log()}")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it ended meanwhile
        return ""


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # it was closed meanwhile
        return ""


def _nameless_bytes(descriptor: Path) -> int:
    try:
        return descriptor.stat().st_size if "(deleted)" in str(descriptor.readlink()) else 0
    except FileNotFoundError:  # it was closed meanwhile
        return 0
