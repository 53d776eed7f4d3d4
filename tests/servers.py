"""The real server process, started and stopped by tests."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from attrs import field, frozen

from imgsvc import Settings
from imgsvc.adapters.blobs import open_blob_store
from tests.forked import Forked, python
from tests.migrated import put_new_database

PASSWORD = "correct horse battery"
# Tests ask more often than people do.
_RATES = ("AUTH", "UPLOAD", "RENDER", "READ", "WRITE", "LINK", "LINK_RENDER")
UNLIMITED = dict.fromkeys(("LOGINS_PER_ADDRESS", "JOBS_PER_ACCOUNT", *(f"{one}_RATE" for one in _RATES)), "0")
# For a server that is asked for no rendering: it starts no children for it.
NO_PICTURES = {"WORKER_SLOTS": "0", "RENDER_IN": "process"}


_listeners: "list[list[httpx.Response]]" = []


@contextmanager
def heard_answers() -> Iterator[list[httpx.Response]]:
    """What clients of running servers are answered meanwhile."""
    heard: list[httpx.Response] = []
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners.remove(heard)


def _tell(answer: httpx.Response) -> None:
    for heard in _listeners:
        heard.append(answer)


@frozen
class RunningServer:
    """``imgsvc serve`` in a process of its own, on a free port and a data folder of its own."""

    process: "Forked | subprocess.Popen[str]"
    address: str
    settings: Settings  # of another process of the same installation, which makes no jobs
    log_file: Path

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    def client(self, token: str | None = None) -> httpx.Client:
        """Talks to the server over a real socket; the caller closes it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [_tell]}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30, verify=False, event_hooks=hooks)

    def account(self, username: str | None = None) -> "Account":
        """Registers somebody and logs them in."""
        credentials = {"username": username or f"user-{uuid4().hex[:12]}", "password": PASSWORD}
        with self.client() as anyone:
            anyone.post("/v1/auth/register", json=credentials).raise_for_status()
            answer = anyone.post("/v1/auth/login", json=credentials).raise_for_status()
        return Account(self.client(answer.json()["access_token"]), answer.json()["access_token"])

    def kill(self) -> None:
        """As if the machine had lost its power."""
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return self.log_file.read_text()

    def stored(self, prefix: str = "") -> set[str]:
        """The keys of all bytes that the installation keeps."""
        with open_blob_store(self.settings.resolved().blobs_url) as blobs:
            return {one.key for one in blobs.list(prefix)}

    def put(self, key: str, content: bytes) -> None:
        """Put it into the storage, past the server."""
        with open_blob_store(self.settings.resolved().blobs_url) as blobs:
            blobs.put(key, content, "application/octet-stream")

    def lose(self, prefix: str) -> None:
        """As if the storage had lost all bytes whose keys begin so."""
        with open_blob_store(self.settings.resolved().blobs_url) as blobs:
            for one in list(blobs.list(prefix)):
                blobs.delete(one.key)


@frozen
class Account:
    """A logged in user of a running server."""

    client: httpx.Client
    token: str
    name: str = field(default="")

    def upload(self, content: bytes, filename: str = "picture.png") -> str:
        """The id of the image that became of it."""
        answer = self.client.post("/v1/images", files={"file": (filename, content)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@contextmanager
def running_server(data_dir: Path, **variables: str) -> Iterator[RunningServer]:
    """A server on the data folder; ``variables`` without their ``IMGSVC_``."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not any(data_dir.iterdir()) and "DATABASE_URL" not in variables:
        put_new_database(data_dir / "imgsvc.sqlite3")
    log_file = data_dir.with_name(f"{data_dir.name}.log")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMGSVC_")}
    # A child takes longer to start than the server itself.
    environment |= {"IMGSVC_PASSWORD_COST": "4", "IMGSVC_RENDER_SLOTS": "1", "PYTHONUNBUFFERED": "1"}
    environment |= {f"IMGSVC_{name}": value for name, value in (UNLIMITED | variables).items()}
    command = ["-m", "imgsvc", "serve", "--port", "0", "--data-dir", str(data_dir)]
    with log_file.open("a") as log, python(command, environment, log) as process:
        try:
            yield RunningServer(process, _address(process, log_file), _settings(data_dir, variables), log_file)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def refuses_connections(address: str) -> bool:
    """Whether nobody listens there."""
    try:
        httpx.get(f"{address}/healthz")
    except httpx.TransportError:
        return True
    return False


def _settings(data_dir: Path, variables: Mapping[str, str]) -> Settings:
    embedded = Settings()
    return Settings(
        data_dir=data_dir,
        worker_slots=0,
        database_url=variables.get("DATABASE_URL", embedded.database_url),
        blobs_url=variables.get("BLOBS_URL", embedded.blobs_url),
        jobs_url=variables.get("JOBS_URL", embedded.jobs_url),
        cache_url=variables.get("CACHE_URL", embedded.cache_url),
    )


def _address(process: "Forked | subprocess.Popen[str]", log_file: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"ready at (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError(f"the server did not start: {log_file.read_text()}")
