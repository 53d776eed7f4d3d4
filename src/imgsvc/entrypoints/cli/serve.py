"""``imgsvc serve``."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

import click
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette

from imgsvc.entrypoints.cli.memory import keep_memory_at_hand
from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.cli.stopping import end_at_once
from imgsvc.entrypoints.composition import Service, compose
from imgsvc.entrypoints.http.app import create_app
from imgsvc.entrypoints.http.cors import AllowedOrigins
from imgsvc.entrypoints.http.guarded_protocol import Patience, guarded
from imgsvc.entrypoints.logs import configure_logs
from imgsvc.entrypoints.settings import Settings

# What runs when the service is told to stop may take this long to finish.
_GRACE_SECONDS = 20
_BACKLOG = 2048  # connections that wait to be accepted

_EPILOG = """\b
Examples:
  imgsvc serve
  imgsvc serve --port 9000 --data-dir /var/lib/imgsvc
"""

_HOW_TO_TRY = """imgsvc is ready at {address}

Open it in a browser, or try it in another terminal:

  URL={address}
  curl -s $URL/v1/auth/register -H 'Content-Type: application/json' \\
       -d '{{"username": "ada", "password": "correct horse"}}'
  TOKEN=$(curl -s $URL/v1/auth/login -H 'Content-Type: application/json' \\
       -d '{{"username": "ada", "password": "correct horse"}}' | sed 's/.*"access_token": "\\([^"]*\\)".*/\\1/')
  curl -s $URL/v1/images -H "Authorization: Bearer $TOKEN" -F file=@photo.jpg

The README goes on from there. API document: {address}/openapi.json. Data: {folder}. Stop with Ctrl-C.
"""


@click.command(epilog=_EPILOG)
@click.option("--host", help="Address to listen on; 127.0.0.1 unless set.")
@click.option("--port", type=int, help="Port to listen on; 8000 unless set, 0 for any free one.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded database, blobs and secrets.")
def serve(host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Run the HTTP API and its workers.

    Needs nothing else: without settings, everything is kept in the folder data. Ctrl-C, or SIGTERM, finishes what runs
    and stops; a second one ends at once.
    """
    settings = settings_with(host=host, port=port, data_dir=data_dir).of_server()
    configure_logs(settings.log_level, settings.log_format)
    keep_memory_at_hand()
    with ExitStack() as opened:
        with explained_failures():
            listener = opened.enter_context(_bound(settings.host, settings.port))
            service = opened.enter_context(compose(settings))
        # Two may have bound the same address while nobody listened there, and uvicorn would not tell.
        with _explained(settings.host, settings.port):
            listener.listen(_BACKLOG)
        _run(listener, service)


def _bound(host: str, port: int) -> socket.socket:
    """The address is ours, and refuses connections until it is listened on, which is when requests are answered."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        with _explained(host, port):
            listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


@contextmanager
def _explained(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Python adds the address in brackets, which we have said already.
        reason = (error.strerror or "the address cannot be used").partition(" (while")[0]
        raise click.ClickException(f"cannot listen on {host} port {port}: {reason}") from None


def _run(listener: socket.socket, service: Service) -> None:
    app = create_app(service)
    config = uvicorn.Config(
        app,
        http=guarded(  # type: ignore[arg-type]  # called like the class that it makes
            _patience(service.settings), AllowedOrigins(service.settings.allowed_origins)
        ),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose are believed, client_address decides
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=_BACKLOG,
    )
    server = _Server(config, _greeting(listener, service), partial(_stop, app))
    # While it runs, signals are the server's. What comes before finds nothing begun, and what comes afterwards, while
    # the rest is closed, is a second one.
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, end_at_once)
    server.run(sockets=[listener])


def _stop(app: Starlette) -> None:
    app.state.watching.stop()
    app.state.worker.stop()


def _patience(settings: Settings) -> Patience:
    return Patience(
        head_seconds=settings.header_seconds, body_rate=settings.body_rate, write_seconds=settings.write_seconds
    )


def _greeting(listener: socket.socket, service: Service) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return _HOW_TO_TRY.format(address=f"http://{shown}:{port}", folder=service.settings.data_dir)


class _Server(uvicorn.Server):
    """uvicorn, which greets once it answers requests, and not before, and ends at once when it is told so twice."""

    def __init__(self, config: uvicorn.Config, greeting: str, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._greeting = greeting
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn's own closes at a second SIGINT what requests still use, and each of them fails with a trace."""
        if self.should_exit:
            end_at_once(sig)
        # Nor is the signal kept, to be raised again at the end: by then it has done its work.
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Requests and jobs have the same time to finish in, not one after the other.
        await to_thread.run_sync(self._stopping)
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        with suppress(SystemExit):  # with a status of its own, or none, depending on uvicorn's version
            await super().startup(sockets)
        if not self.started:
            raise click.ClickException("the service could not start; the log above says why")
        click.echo(self._greeting)
