"""Server processes of our own, which tests may stop, kill, freeze and start again."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

from attrs import define, field

from tests.real_servers.finding import NotInstalled
from tests.waiting import wait_for


def program(name: str, *folders: str) -> str:
    """The path of an installed program. Raises NotInstalled."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *folders]))
    if found is None:
        raise NotInstalled(name)
    return found


def free_port() -> int:
    """Below those that the system gives to whoever connects: a server may take seconds until it listens."""
    while True:
        port = random.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def unprivileged_user() -> str | None:
    """Who runs a server that refuses root; None where we are not root."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def data_folder(name: str, user: str | None = None) -> Iterator[Path]:
    """A folder below the temporary one, which ``user`` can use; removed at the end."""
    with tempfile.TemporaryDirectory(prefix=f"imgsvc-test-{name}-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        yield Path(folder)


@define
class LocalServer:
    """A server with a port and a data folder of its own, which it keeps when it is started again.

    ``is_ready`` asks the server itself; it may raise OSError, which means no.
    """

    url: str
    command: Sequence[str | Path]
    folder: Path
    is_ready: Callable[[], bool]
    user: str | None = None
    environment: Mapping[str, str] = field(factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Returns when the server answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_ending_with_us(self.stop_signal), *self.command],
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches whoever uses the server, who may need it to the end, and then stops it.
                start_new_session=True,
                **as_user(self.user),
            )
        wait_for(self._answers, seconds=60)

    def stop(self) -> None:
        """As an operator would."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """As if its machine had lost its power; its children go with it."""
        self._signal_all(signal.SIGKILL)
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """From here on its connections stay open, and nothing answers."""
        self._signal_all(signal.SIGSTOP)
        # A signal takes its time: a thread that is working may still answer.
        wait_for(lambda: self._process is None or all(map(is_stopped, _family(self._process.pid))))

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """As an operator would, and started again at the end."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For half a minute at most, so that what waits for ever fails its test and not the whole run."""
        thaw = Timer(30, self.thaw)
        thaw.start()
        self.freeze()
        try:
            yield
        finally:
            thaw.cancel()
            self.thaw()

    @contextmanager
    def running(self) -> Iterator["LocalServer"]:
        """Started, and stopped at the end however it was left."""
        try:
            self.start()
            yield self
        finally:
            self.thaw()
            self.stop()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"it ended by itself: {self.log.read_text(errors='replace')[-2000:]}"
        try:
            return self.is_ready()
        except OSError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._signal_all(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def _signal_all(self, what: signal.Signals) -> None:
        if self._process is None:
            return
        # The parent first, so that it cannot replace a child that is signalled before it.
        # All are found before: the children of a process that is dead cannot be asked for.
        for pid in list(_family(self._process.pid)):
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                continue


def as_user(user: str | None) -> dict[str, object]:
    """What ``subprocess`` needs to run something as that user; nothing for None."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _ending_with_us(how: signal.Signals) -> list[str]:
    """Where it can be had: the server ends also when the tests are killed."""
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", how.name.removeprefix("SIG"), "--"]


def _family(pid: int) -> Iterator[int]:
    """A process and all that it has started, parents first."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # a thread that ended meanwhile
            continue
        for child in found:
            yield from _family(int(child))


def is_stopped(pid: int) -> bool:
    """Whether no thread of the process runs; also of one that has ended."""
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            state = thread.read_text().rpartition(")")[2].split()[0]
        except OSError:  # it ended meanwhile
            continue
        if state not in "TtZX":
            return False
    return True
