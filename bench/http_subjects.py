"""What is measured over HTTP: the service with a picture, and a server that does nothing but answer."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from attrs import frozen

from bench.load import Target
from bench.pictures import alike
from imgsvc import parse_spec
from imgsvc.entrypoints.settings import CORES
from imgsvc.ports.imaging import ImageEngine
from tests.servers import Account, running_server

_SMALL = 8192  # bytes of the cached picture, at most
IN_TURN = 16  # pictures, of which a child keeps a few


@frozen
class Subject:
    """The service, and an account of it with the picture, and with others that are as hard."""

    process_id: int
    address: str
    account: Account
    image_id: str
    other_ids: Sequence[str]

    def target(self, cache: str) -> Target:
        """Answers must come from there: ``rendered``, ``memory``."""
        return Target(
            self.address, f"x-imgsvc-cache: {cache}".encode(), {"Authorization": f"Bearer {self.account.token}"}
        )

    def link_target(self) -> Target:
        """For what is asked without a token, and answered from memory."""
        return Target(self.address, b"x-imgsvc-cache: memory")

    def link(self, spec: str) -> str:
        """The path of a public link."""
        answer = self.account.client.post(f"/v1/images/{self.image_id}/links", json={"t": spec}).raise_for_status()
        return str(answer.json()["url"])

    def path(self, spec: str, image_id: str = "") -> str:
        return f"/v1/images/{image_id or self.image_id}/content?t={spec}"


@contextmanager
def running_service(folder: Path, content: bytes) -> Iterator[Subject]:
    """The real server process, with everything embedded."""
    with running_server(folder / "data", RENDER_SLOTS=str(CORES)) as server:
        account = server.account()
        with account.client:
            image_id, *others = (account.upload(alike(content, number), "photo.jpg") for number in range(IN_TURN + 1))
            yield Subject(server.process.pid, server.address, account, image_id, others)


def small_rendering(engine: ImageEngine, content: bytes) -> tuple[str, bytes]:
    """The largest cover of a few that is small enough, and its spec."""
    for side in range(300, 0, -10):
        spec = f"rs:cover:{side}:{side},f:jpeg,q:80"
        rendering = engine.render(BytesIO(content), parse_spec(spec)).content
        if len(rendering) <= _SMALL:
            break
    return spec, rendering


@contextmanager
def running_bare_server(file: Path, content: bytes) -> Iterator[tuple[int, str]]:
    """Its process and address."""
    file.write_bytes(content)
    command = [sys.executable, "-m", "bench.bare_server", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.terminate()
