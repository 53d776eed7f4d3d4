"""Web servers on loopback that answer, or misbehave, as a test wants."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from attrs import define, field

_TLS = b"\x16"  # how a handshake begins
OK = b"HTTP/1.1 200 OK\r\n"


@define
class Website:
    """What it was asked; ``address`` is where."""

    port: int
    requests: list[bytes] = field(factory=list)
    connections: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(answer)


def answer_of(content: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def redirect_to(location: str, status: str = "302 Found") -> bytes:
    return answer_of(b"", f"Location: {location}", status=status)


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
    return bool(end) and len(body) >= int(length[1] if length else 0)


@contextmanager
def website(behave: Callable[[socket.socket], None], port: int = 0) -> Iterator[Website]:
    """Each connection's request is read with its body; then it is all yours."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        site = Website(listener.getsockname()[1])
        open_ones: list[socket.socket] = []

        def serve_one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                request = b""
                while not _is_whole(request) and (piece := connection.recv(65536)):
                    request += piece
                    if request.startswith(_TLS):
                        break
                site.requests.append(request)
                behave(connection)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    site.connections += 1
                    open_ones.append(connection)
                    Thread(target=serve_one, args=(connection,), daemon=True).start()

        server = Thread(target=serve, daemon=True)
        server.start()
        try:
            yield site
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for connection in open_ones:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            server.join()
