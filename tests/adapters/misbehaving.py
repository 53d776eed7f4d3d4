"""An engine that does what pictures ask of it, as a decoder may that was taken over or has a fault."""

import ctypes
import os
import signal
import socket
import sys
import time
from io import BytesIO
from pathlib import Path

from attrs import frozen

from imgsvc.adapters.imaging import open_engine
from imgsvc.domain.errors import ImageTooLarge, InvalidParameter, UserNotFound
from imgsvc.domain.limits import Limits
from imgsvc.domain.variant import Rendition
from imgsvc.ports.imaging import NO_OVERLAYS, Rendered
from tests.pictures import encoded, quadrants

_kept = []
_MARK = b"\n--do:"
PICTURE = encoded(quadrants())


def asking_for(what: str) -> BytesIO:
    """A picture that makes the engine do something else."""
    return BytesIO(PICTURE + _MARK + what.encode())


@frozen
class MisbehavingEngine:
    limits: Limits = Limits()

    @property
    def fingerprint(self):
        return "misbehaving-1"

    def check(self, spec):
        pass

    def measure(self, source):
        self._obey(source)
        return open_engine("pillow", self.limits).measure(source)

    def render(self, source, spec, overlays=NO_OVERLAYS, *, deadline=None, digest=None):
        if overlays:
            self._tell(repr({str(name): stream.read() for name, stream in overlays.items()}).encode())
        made = self._obey(source)
        return made or open_engine("pillow", self.limits).render(source, spec, overlays)

    def _obey(self, source):
        source.seek(0)
        what = source.read().rpartition(_MARK)
        return getattr(self, f"_{what[2].decode()}")() if what[1] else None

    def _hang(self):
        time.sleep(600)

    def _hang_in_c(self):
        ctypes.PyDLL(None).sleep(600)  # without letting go of the interpreter

    def _nap(self):
        time.sleep(0.5)

    def _exit(self):
        os._exit(3)

    def _exit_well(self):
        sys.exit(0)

    def _segfault(self):
        ctypes.string_at(0)

    def _abort(self):
        os.abort()

    def _trap(self):
        os.kill(os.getpid(), signal.SIGTRAP)  # as GLib does where it gets no memory

    def _wear_out(self):
        """Keep most of the memory that there is."""
        _kept.append(b"x" * 700 * 2**20)

    def _need_much(self):
        return len(b"x" * 500 * 2**20) and None

    def _allocate(self):
        kept = []
        while True:
            kept.append(b"x" * 2**24)

    def _raise_odd(self):
        raise type("Odd", (Exception,), {})("secret words of a library\nand another line")

    def _raise_unprintable(self):
        class Unprintable(Exception):
            def __str__(self):
                raise ValueError

        raise Unprintable

    def _raise_input(self):
        error = InvalidParameter(
            "no", path=("a", 1), value=2.5, allowed="less", nearest="lesser", position=7, parameter="t"
        )
        raise error

    def _raise_without_value(self):
        raise ImageTooLarge("too large", allowed="less")

    def _raise_elses(self):
        raise UserNotFound("no such user")

    def _print(self):
        for _ in range(2000):
            os.write(1, b"o" * 1000)
            os.write(2, b"e" * 1000)

    def _return_html(self):
        content = b"<script>"
        return Rendered(content, Rendition(media_type="text/html", width=1, height=1, byte_count=len(content)))

    def _return_too_little(self):
        return Rendered(PICTURE, Rendition(media_type="image/png", width=1, height=1, byte_count=1))

    def _speak_out_of_turn(self):
        os.write(3, b"\xff" * 100)

    def _tell_environment(self):
        self._tell(repr(dict(os.environ)).encode())

    def _tell_process(self):
        self._tell(str(os.getpid()).encode())

    def _tell_files(self):
        self._tell(repr(sorted(_descriptors())).encode())

    def _tell_doors(self):
        """Which of the things that it must not do it can."""
        found = {name: _succeeds(act) for name, act in _DOORS.items()}
        self._tell(repr(found).encode())

    def _tell(self, words: bytes):
        raise InvalidParameter("told", path=tuple(words[at : at + 150].decode() for at in range(0, len(words), 150)))


def _descriptors():
    found = []
    for number in range(100):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def _succeeds(act):
    try:
        act()
    except OSError:
        return False
    return True


def _connect():
    with socket.socket() as connection:
        connection.settimeout(1)
        try:
            connection.connect(("127.0.0.1", 9))
        except ConnectionRefusedError:
            return  # the kernel let us ask


_DOORS = {
    "read a file": lambda: Path(__file__).read_bytes(),
    "write a file": lambda: Path("/tmp/imgsvc-child-was-here").touch(),
    "list a folder": lambda: list(Path("/").iterdir()),
    "run a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "look into the parent": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "signal the parent": lambda: os.kill(os.getppid(), 0),
    "connect": _connect,
}


def told(error: InvalidParameter) -> str:
    """What one of the ``tell`` requests told."""
    return "".join(map(str, error.path))
