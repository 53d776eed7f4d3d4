"""Clients that keep a server busy, over real sockets on this machine."""

import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import repeat
from urllib.parse import urlsplit

from attrs import field, frozen

CLIENTS = 4
_TIMEOUT = 60  # seconds that an answer may take
_SHARE = re.compile(r"(\d+)% +([\d.]+)(us|ms|s)\b")
_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000}
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@frozen
class Target:
    """A server, and what every one of its answers must have in its head, so that nothing else is measured."""

    address: str  # http://127.0.0.1:port
    expected: bytes  # in small letters
    headers: Mapping[str, str] = field(factory=dict)

    @property
    def header_lines(self) -> bytes:
        headers = {"Host": urlsplit(self.address).netloc, **self.headers}
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()


@frozen
class Answered:
    count: int
    seconds: float


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def generator() -> str:
    """Which one ``ask_for_one`` uses here."""
    return "wrk" if has_wrk() else "clients in Python"


@frozen
class Tail:
    """Milliseconds that half of many answers took at most, and 99 in a hundred."""

    p50: float
    p99: float

    @property
    def share(self) -> float:
        return self.p99 / self.p50


def ask_for_one(target: Target, path: str, seconds: float) -> Answered:
    """The same path again and again, by wrk where it is installed: it takes less of the machine than we do."""
    ask_for_many(target, repeat(path), 0)  # which looks at the answers; wrk only counts them
    if not has_wrk():
        return ask_for_many(target, repeat(path), seconds)
    told = _told_by_wrk(target, path, seconds, CLIENTS)
    count, took = re.findall(r"(\d+) requests in ([\d.]+)s", told)[0]
    return Answered(int(count), float(took))


def tail_of_many(target: Target, path: str, seconds: float, clients: int) -> Tail:
    """Of ``clients`` of wrk, who ask for the same as fast as they are answered."""
    told = _told_by_wrk(target, path, seconds, clients, "--latency")
    shares = {share: float(time) * _MILLISECONDS[unit] for share, time, unit in _SHARE.findall(told)}
    return Tail(shares["50"], shares["99"])


def _told_by_wrk(target: Target, path: str, seconds: float, clients: int, *options: str) -> str:
    headers = [f"-H{name}: {value}" for name, value in target.headers.items()]
    duration = f"-d{max(1, round(seconds))}s"
    command = ["wrk", "-t1", f"-c{clients}", duration, *options, *headers, target.address + path]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + _TIMEOUT)
    if " requests in " not in done.stdout or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"not every request was answered:\n{done.stdout}")
    return done.stdout


def ask_for_many(target: Target, paths: Iterator[str], seconds: float, clients: int = CLIENTS) -> Answered:
    """``clients`` connections in this thread; each asks for the next path as soon as it has its answer."""
    with ExitStack() as opened:
        waiting = opened.enter_context(selectors.DefaultSelector())
        began = time.perf_counter()
        for _ in range(clients):
            client = opened.enter_context(_Client.of(target))
            waiting.register(client.connection, selectors.EVENT_READ, client)
            client.ask(next(paths))
        count = 0
        while waiting.get_map():
            for client in _answered(waiting):
                count += 1
                if time.perf_counter() < began + seconds:
                    client.ask(next(paths))
                else:
                    waiting.unregister(client.connection)
        return Answered(count, time.perf_counter() - began)


def asking_client(target: Target) -> "_Client":
    """One connection, to be closed by its context."""
    return _Client.of(target)


def _answered(waiting: selectors.BaseSelector) -> Iterator["_Client"]:
    """Those who have a whole answer now."""
    ready = waiting.select(_TIMEOUT)
    if not ready:
        raise RuntimeError(f"no answer within {_TIMEOUT} seconds")
    yield from (key.data for key, _ in ready if key.data.receive())


@frozen
class _Client:
    connection: socket.socket
    target: Target
    _received: bytearray = field(factory=bytearray, init=False)

    @classmethod
    def of(cls, target: Target) -> "_Client":
        address = urlsplit(target.address)
        connection = socket.create_connection((address.hostname, address.port), timeout=_TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(connection, target)

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(self, path: str) -> None:
        self.connection.sendall(b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), self.target.header_lines))

    def ask_and_wait(self, path: str) -> None:
        """Raises like ``receive``."""
        self.ask(path)
        while not self.receive():
            pass

    def receive(self) -> bool:
        """Read what has come; whether the answer is whole. Raises RuntimeError where it is not the expected one."""
        chunk = self.connection.recv(1 << 18)
        self._received.extend(chunk)
        head, head_end, body = self._received.partition(b"\r\n\r\n")
        if chunk and not head_end:
            return False
        length = _LENGTH.search(head + b"\r\n")
        if not (chunk and length and head.startswith(b"HTTP/1.1 200 ") and self.target.expected in head.lower()):
            raise RuntimeError(f"the server answered {bytes(self._received[:2000])!r}")
        is_whole = len(body) >= int(length[1])
        if is_whole:
            self._received.clear()
        return is_whole
