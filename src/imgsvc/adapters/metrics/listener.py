"""Tells metrics over HTTP/1.0, in threads: also while everything else of the process waits."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any

from imgsvc.ports.metrics import Exposition

logger = logging.getLogger(__name__)

_PATH = "/metrics"


@contextmanager
def listening(host: str, port: int, exposition: Callable[[str], Exposition]) -> Iterator[None]:
    """Whoever asks for ``/metrics`` is told. Raises RuntimeError where the address cannot be listened on."""
    shown = f"[{host}]" if ":" in host else host
    try:
        server = _Server(host, port, exposition)
    except OSError as error:
        raise RuntimeError(f"cannot listen on {shown} port {port}: {error.strerror}") from None
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.1), name="metrics", daemon=True)
    thread.start()
    logger.info("metrics are told at http://%s:%d%s", shown, server.server_address[1], _PATH)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, TCPServer):
    """Python's own HTTPServer would look for its name in the DNS first, which may take long."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False  # a client that lets us wait does not keep the process from ending

    def __init__(self, host: str, port: int, exposition: Callable[[str], Exposition]) -> None:
        self.address_family = AF_INET6 if ":" in host else AF_INET
        self.exposition = exposition
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked went away; it would be printed else."""
        logger.debug("metrics could not be told", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a client to say what it wants, and to read it
    server: _Server

    def do_GET(self) -> None:  # the name that the library calls
        if self.path.partition("?")[0] != _PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        told = self.server.exposition(self.headers.get("Accept", ""))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", told.media_type)
        self.send_header("Content-Length", str(len(told.content)))
        self.end_headers()
        self.wfile.write(told.content)

    def version_string(self) -> str:
        return "imgsvc"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: it is asked every few seconds."""
