"""Where tests find a real server: one that a variable names, else one in a container, else a program of this machine.

To add a server, write a file with a ``local_...`` context manager and a ``RealServer`` as in ``postgres.py``, and a
fixture in ``fixtures.py``.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from attrs import frozen

REQUIRED = "IMGSVC_TEST_REQUIRE"  # names, comma separated, of servers whose tests must not be skipped


class NotInstalled(Exception):
    """The server's program is not on this machine."""


@frozen
class RealServer:
    """A kind of server, and the ways to have one for as long as a context lasts; each gives a URL."""

    name: str
    in_container: Callable[[], AbstractContextManager[str]]
    on_this_machine: Callable[[], AbstractContextManager[str]]  # raises NotInstalled
    to_install: str

    @property
    def variable(self) -> str:
        return f"IMGSVC_TEST_{self.name.upper()}_URL"


@contextmanager
def server_url(server: RealServer) -> Iterator[str]:
    """The URL of a running server. Skips the test where there is none, or fails it where one is required."""
    given = os.environ.get(server.variable)
    if given:
        yield given
    elif _docker_answers():
        with server.in_container() as url:
            yield url
    else:
        with ExitStack() as opened:
            try:
                url = opened.enter_context(server.on_this_machine())
            except NotInstalled:
                give_up(server)
            yield url


def give_up(server: RealServer) -> NoReturn:
    """Skip the test, unless the server is required."""
    skip_without(server.name, f"install {server.to_install}, start Docker, or set {server.variable}")


def skip_without(name: str, remedy: str) -> NoReturn:
    """Skip the test that needs what ``name`` stands for, unless that is required."""
    reason = f"no {name}: {remedy}"
    if name in os.environ.get(REQUIRED, "").split(","):
        pytest.fail(f"{reason} ({REQUIRED} asks for it)", pytrace=False)
    pytest.skip(reason)


@cache
def _docker_answers() -> bool:
    address = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    is_local = address.scheme == "unix"
    with socket.socket(socket.AF_UNIX if is_local else socket.AF_INET) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address.path if is_local else (address.hostname, address.port or 2375))
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return b" 200 " in connection.recv(100)
        except OSError:
            return False
