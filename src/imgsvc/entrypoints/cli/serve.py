"""``imgsvc serve``."""

import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import click
import uvicorn
from attrs import evolve

from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.composition import Service, compose
from imgsvc.entrypoints.http.app import create_app
from imgsvc.entrypoints.logs import configure_logs

# What runs when the service is told to stop may take this long to finish.
_GRACE_SECONDS = 20

_EPILOG = """\b
Examples:
  imgsvc serve
  imgsvc serve --port 9000 --data-dir /var/lib/imgsvc
"""

_HOW_TO_TRY = """imgsvc is ready at {address}

Try it in another terminal:

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
    and stops.
    """
    settings = settings_with(host=host, port=port, data_dir=data_dir)
    if settings.render_in == "auto":
        settings = evolve(settings, render_in="children")
    configure_logs(settings.log_level, settings.log_format)
    with ExitStack() as opened:
        with explained_failures():
            listener = opened.enter_context(_listening(settings.host, settings.port))
            service = opened.enter_context(compose(settings))
        _run(listener, service)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds the address in brackets, which we have said already.
        reason = (error.strerror or "the address cannot be used").partition(" (while")[0]
        raise click.ClickException(f"cannot listen on {host} port {port}: {reason}") from None


def _run(listener: socket.socket, service: Service) -> None:
    config = uvicorn.Config(
        create_app(service),
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # forwarded addresses are believed from nobody
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, _greeting(listener, service))
    # uvicorn stops at a signal, and raises it again when everything has ended; by then it has done its work.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _greeting(listener: socket.socket, service: Service) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return _HOW_TO_TRY.format(address=f"http://{shown}:{port}", folder=service.settings.data_dir)


class _Server(uvicorn.Server):
    """uvicorn, which greets once it answers requests, and not before."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        with suppress(SystemExit):  # with a status of its own, or none, depending on uvicorn's version
            await super().startup(sockets)
        if not self.started:
            raise click.ClickException("the service could not start; the log above says why")
        click.echo(self._greeting)
