"""``python -m bench.bare_server FILE``: the least that Starlette can do, the file's bytes from memory."""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main(file: Path) -> None:
    """Serve on a free port, with uvicorn set up as for the service."""
    content = file.read_bytes()

    async def answer(request: Request) -> Response:
        return Response(content, media_type="image/jpeg")

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = Starlette(routes=[Route("/", answer)])
    config = uvicorn.Config(app, http="httptools", log_config=None, access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
