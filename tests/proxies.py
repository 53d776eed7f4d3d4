"""A way to a server that ends in the middle."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from threading import Thread

from attrs import define


@define
class CuttingProxy:
    """Cuts a connection when so many bytes have passed through it in one of the directions."""

    port: int
    bytes_there: float = inf
    bytes_back: float = inf


@contextmanager
def cutting_proxy(port: int) -> Iterator[CuttingProxy]:
    """In front of a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy(listener.getsockname()[1])
        Thread(target=_accept, args=(listener, port, proxy), daemon=True).start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, proxy: CuttingProxy) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            for source, target, most in ((near, far, proxy.bytes_there), (far, near, proxy.bytes_back)):
                Thread(target=_pass_on, args=(source, target, most), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, most: float) -> None:
    with suppress(OSError):
        while (chunk := source.recv(65536)) and most > 0:
            target.sendall(chunk[: int(min(most, len(chunk)))])
            most -= len(chunk)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
