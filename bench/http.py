"""Content requests per second over HTTP: rendered for each request, and answered from memory."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from attrs import frozen

from bench.engine import PHOTO, THUMBNAIL
from bench.load import CLIENTS, Answered, Target, ask_for_many, ask_for_one, generator
from bench.measuring import Contender, Effort, Sample, compare, cpu_seconds_of, sample
from imgsvc import TransformSpec, parse_spec
from imgsvc.ports.imaging import ImageEngine
from tests.servers import running_server

_UNCACHED = {"about 720x588": (PHOTO, "rs:stretch", 720, 588), "about 200x200 cover": (THUMBNAIL, "rs:cover", 200, 200)}
_SPREAD = 16  # pixels by which sides vary, so 256 specs of each quality
_SMALL = 8192  # bytes of the cached picture, at most


@frozen
class Subject:
    """The service, and an account of it with the picture."""

    process_id: int
    address: str
    token: str
    image_id: str

    def target(self, cache: str) -> Target:
        """Answers must come from there: ``rendered``, ``memory``."""
        return Target(self.address, f"x-imgsvc-cache: {cache}".encode(), {"Authorization": f"Bearer {self.token}"})

    def path(self, spec: str) -> str:
        return f"/v1/images/{self.image_id}/content?t={spec}"


def measure_http(engine: ImageEngine, picture: Path, effort: Effort) -> None:
    """Print a table for each kind of request."""
    content = picture.read_bytes()
    with TemporaryDirectory(prefix="imgsvc-bench-") as folder, _service(Path(folder), content) as service:
        _measure_uncached(service, engine, content, effort)
        _measure_cached(service, engine, content, Path(folder), effort)


@contextmanager
def _service(folder: Path, content: bytes) -> Iterator[Subject]:
    """The real server process, with everything embedded."""
    with running_server(folder / "data") as server:
        account = server.account()
        with account.client:
            image_id = account.upload(content, "photo.jpg")
        yield Subject(server.process.pid, server.address, account.token, image_id)


def _measure_uncached(service: Subject, engine: ImageEngine, content: bytes, effort: Effort) -> None:
    for title, (spec, step, width, height) in _UNCACHED.items():
        paths = (service.path(text) for text in _fresh_specs(step, width, height))
        load = partial(ask_for_many, service.target("rendered"), paths)
        contenders: dict[str, Contender] = {
            "imgsvc over HTTP": partial(_served, service.process_id, load),
            f"its engine, {CLIENTS} threads": partial(_rendered_in_threads, engine, content, spec),
        }
        compare(f"Uncached, {CLIENTS} clients, {title} JPEG q80: requests per second", contenders, effort)


def _fresh_specs(step: str, width: int, height: int) -> Iterator[str]:
    """Never the same twice, and nearly the same work: some pixels more or less, then another quality."""
    for quality in range(80, 0, -1):
        for across in range(-_SPREAD // 2, _SPREAD // 2):
            for down in range(-_SPREAD // 2, _SPREAD // 2):
                yield f"{step}:{width + across}:{height + down},f:jpeg,q:{quality}"


def _measure_cached(service: Subject, engine: ImageEngine, content: bytes, folder: Path, effort: Effort) -> None:
    spec, rendering = _small_rendering(engine, content)
    path = service.path(spec)
    ask_for_many(service.target("rendered"), iter([path]), 0, clients=1)
    with _bare_server(folder / "small.jpg", rendering) as (process_id, address):
        bare = partial(ask_for_one, Target(address, b"content-type: image/jpeg"), "/")
        contenders: dict[str, Contender] = {
            "imgsvc from memory": partial(
                _served, service.process_id, partial(ask_for_one, service.target("memory"), path)
            ),
            "bare Starlette": partial(_served, process_id, bare),
        }
        kind = f"Cached, {CLIENTS} clients ({generator()}), {len(rendering)} bytes"
        compare(f"{kind}: requests per second", contenders, effort)


def _small_rendering(engine: ImageEngine, content: bytes) -> tuple[str, bytes]:
    """The largest cover of a few that is small enough, and its spec."""
    for side in range(300, 0, -10):
        spec = f"rs:cover:{side}:{side},f:jpeg,q:80"
        rendering = engine.render(BytesIO(content), parse_spec(spec)).content
        if len(rendering) <= _SMALL:
            break
    return spec, rendering


@contextmanager
def _bare_server(file: Path, content: bytes) -> Iterator[tuple[int, str]]:
    """Its process and address."""
    file.write_bytes(content)
    command = [sys.executable, "-m", "bench.bare_server", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.terminate()


def _served(process_id: int, load: Callable[[float], Answered], seconds: float) -> Sample:
    before = cpu_seconds_of(process_id)
    answered = load(seconds)
    after = cpu_seconds_of(process_id)
    spent = None if before is None or after is None else after - before
    return sample(answered.count, answered.seconds, spent)


def _rendered_in_threads(engine: ImageEngine, content: bytes, spec: TransformSpec, seconds: float) -> Sample:
    """As many threads as the server has clients, and the engine's own limit on how many work."""
    began, cpu_before = perf_counter(), process_time()

    def render_on(_: int) -> int:
        done = 0
        while perf_counter() < began + seconds:
            engine.render(BytesIO(content), spec)
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as threads:
        total = sum(threads.map(render_on, range(CLIENTS)))
    return sample(total, perf_counter() - began, process_time() - cpu_before)
