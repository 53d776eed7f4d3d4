"""A way to a server that tests make slow, silent, or short."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf, isinf
from threading import Thread

from attrs import define, field

_CHUNK = 65536


@define(eq=False)
class Way:
    """Passes on what comes, as its fields say at that moment."""

    port: int
    bytes_there: float = inf  # that pass on each connection which begins from here on; then it is cut
    bytes_back: float = inf
    rate: float = inf  # bytes a second, of each connection and direction
    delay: float = 0  # seconds before each piece of an answer
    is_silent: bool = False  # nothing passes, and nobody is told
    # Once each of these was passed on to the server, one after the other, the connection is cut: the answer is lost.
    last_words: list[bytes] = field(factory=list)
    _connections: list[socket.socket] = field(factory=list)

    def reset(self) -> None:
        """Every connection ends in the way of a machine that does not know it."""
        for one in list(self._connections):  # whose threads take them out meanwhile
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            _end(one)

    def heal(self) -> None:
        """From here on it is as good as none."""
        self.bytes_there = self.bytes_back = self.rate = inf
        self.delay, self.is_silent, self.last_words = 0, False, []

    def _accept(self, listener: socket.socket, port: int) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    near.close()
                    continue
                self._connections += [near, far]
                Thread(target=self._there, args=(near, far), daemon=True).start()
                Thread(target=self._back, args=(far, near), daemon=True).start()

    def _there(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            for part in self._pieces(near, self.bytes_there):
                far.sendall(part)
                if self._has_last_word(part):
                    break
        self._cut(near, far)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            for part in self._pieces(far, self.bytes_back):
                time.sleep(self.delay)
                near.sendall(part)
        self._cut(near, far)

    def _has_last_word(self, part: bytes) -> bool:
        had_any = bool(self.last_words)
        while self.last_words and self.last_words[0] in part:
            self.last_words.pop(0)
        return had_any and not self.last_words

    def _pieces(self, source: socket.socket, most: float) -> Iterator[bytes]:
        while most > 0 and (chunk := self._received(source)):
            yield chunk[: int(min(most, len(chunk)))]
            most -= len(chunk)

    def _received(self, source: socket.socket) -> bytes:
        chunk = source.recv(_CHUNK if isinf(self.rate) else max(1, int(self.rate / 10)))
        if not isinf(self.rate):
            time.sleep(len(chunk) / self.rate)
        while self.is_silent:
            time.sleep(0.02)
        return chunk

    def _cut(self, *connections: socket.socket) -> None:
        for one in connections:
            _end(one)
            with suppress(ValueError):
                self._connections.remove(one)


@contextmanager
def way_to(port: int) -> Iterator[Way]:
    """In front of a port of this machine."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        way = Way(listener.getsockname()[1])
        Thread(target=way._accept, args=(listener, port), daemon=True).start()
        try:
            yield way
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            way.heal()
            way.reset()


def _end(connection: socket.socket) -> None:
    """Also for the thread that waits for what comes on it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
