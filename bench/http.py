"""Content requests per second over HTTP: rendered for each request, and answered from memory."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from itertools import cycle, repeat
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from attrs import evolve, frozen

from bench.engine import PHOTO, THUMBNAIL, render_in_threads
from bench.http_peers import ipx, thumbor
from bench.latencies import Latencies, print_latencies, timed
from bench.load import CLIENTS, Answered, Target, ask_for_many, ask_for_one, asking_client, generator
from bench.measuring import Contender, Effort, Sample, compare, cpu_seconds_of, sample
from bench.pictures import alike
from bench.specs import fresh_specs
from imgsvc import parse_spec
from imgsvc.entrypoints.settings import CORES
from imgsvc.ports.imaging import ImageEngine
from tests.servers import Account, running_server

_UNCACHED = {"about 720x588": (PHOTO, "rs:stretch", 720, 588), "about 200x200 cover": (THUMBNAIL, "rs:cover", 200, 200)}
_SMALL = 8192  # bytes of the cached picture, at most
_IN_TURN = 16  # pictures, of which a child keeps a few


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


@frozen
class Unasked:
    """Paths of one size that nobody has asked for: of the one picture, and of the others in turn."""

    of_one: Iterator[str]
    of_others: Iterator[str]

    @classmethod
    def of(cls, service: Subject, step: str, width: int, height: int) -> "Unasked":
        others = zip(fresh_specs(step, width, height), cycle(service.other_ids), strict=False)
        return cls(
            (service.path(text) for text in fresh_specs(step, width, height)),
            (service.path(text, image_id) for text, image_id in others),
        )

    def contenders(self, service: Subject) -> dict[str, Contender]:
        return {
            name: partial(_served, service.process_id, partial(ask_for_many, service.target("rendered"), paths))
            for name, paths in (("imgsvc", self.of_one), (f"imgsvc, {_IN_TURN} pictures in turn", self.of_others))
        }


def measure_http(engine: ImageEngine, picture: Path, peers: Path, effort: Effort) -> None:
    """Print a table for each kind of request."""
    content = picture.read_bytes()
    with TemporaryDirectory(prefix="imgsvc-bench-") as folder, _service(Path(folder), content) as service:
        # One of each for all tables, since no spec may be asked for twice.
        unasked = {title: Unasked.of(service, *size) for title, (_, *size) in _UNCACHED.items()}
        _measure_uncached(service, engine, content, unasked, effort)
        _measure_peers(service, content, peers, unasked, Path(folder), effort)
        _measure_one_for_all(service, content)
        _measure_cached(service, engine, content, Path(folder), effort)
        _measure_cached_beside_renderings(service, engine, content, Path(folder), effort)


@contextmanager
def _service(folder: Path, content: bytes) -> Iterator[Subject]:
    """The real server process, with everything embedded."""
    with running_server(folder / "data", RENDER_SLOTS=str(CORES)) as server:
        account = server.account()
        with account.client:
            image_id, *others = (account.upload(alike(content, number), "photo.jpg") for number in range(_IN_TURN + 1))
            yield Subject(server.process.pid, server.address, account, image_id, others)


def _measure_uncached(
    service: Subject, engine: ImageEngine, content: bytes, unasked: Mapping[str, Unasked], effort: Effort
) -> None:
    for title, (spec, *_) in _UNCACHED.items():
        contenders = unasked[title].contenders(service) | {
            f"its engine, {CLIENTS} threads": partial(render_in_threads, engine, content, spec, CLIENTS),
        }
        compare(f"Uncached, {CLIENTS} clients, {title} JPEG q80: requests per second", contenders, effort)


def _measure_peers(
    service: Subject, content: bytes, peers: Path, unasked: Mapping[str, Unasked], folder: Path, effort: Effort
) -> None:
    """The others render the same at every request, and we what nobody asked for before; so does nobody answer twice."""
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / "photo.jpg").write_bytes(content)
    peers.mkdir(exist_ok=True)
    for start in (ipx, thumbor):
        with start(peers, pictures) as peer:
            if peer is None:
                continue
            for title, (*_, width, height) in _UNCACHED.items():
                theirs = repeat(peer.path("photo.jpg", width, height))
                target = Target(peer.address, b"content-type: image/jpeg")
                contenders = unasked[title].contenders(service) | {
                    peer.name: partial(_served, peer.process_id, partial(ask_for_many, target, theirs)),
                }
                compare(f"Uncached beside {peer.name}, {CLIENTS} clients, {title} JPEG q80", contenders, effort)


def _measure_one_for_all(service: Subject, content: bytes) -> None:
    """What a hundred who want the same new rendering cost, beside what one costs who wants a new one."""
    alone = [_cpu_of_asking(service, f"rs:stretch:{width}:600,f:jpeg,q:91", 1) for width in range(701, 721)]
    together = [_cpu_of_asking(service, f"rs:stretch:{width}:600,f:jpeg,q:91", 100) for width in range(721, 726)]
    print("\nOne new rendering: CPU seconds of the service and its children, median")
    print(f"  {'1 client':40}{median(alone):9.3f}\n  {'100 clients at once':40}{median(together):9.3f}", flush=True)


def _cpu_of_asking(service: Subject, spec: str, clients: int) -> float:
    before = cpu_seconds_of(service.process_id)
    ask_for_many(evolve(service.target("rendered"), expected=b"etag"), repeat(service.path(spec)), 0, clients)
    after = cpu_seconds_of(service.process_id)
    return (after or 0.0) - (before or 0.0)


def _measure_cached_beside_renderings(
    service: Subject, engine: ImageEngine, content: bytes, folder: Path, effort: Effort
) -> None:
    """Latency of hits, from one client, with nothing else to do and while renderings keep every core busy.

    Beside that of a process that does nothing but answer: so much is the machine's, whoever answers.
    """
    spec, rendering = _small_rendering(engine, content)
    fresh = (service.path(text) for text in fresh_specs("rs:stretch", 760, 620))  # which no other table asks for
    seconds = effort.rounds * effort.seconds
    rows = {}
    # In a process of its own: here it would wait for those who keep the service busy to let go of the interpreter.
    with (
        _bare_server(folder / "hit.jpg", rendering) as (_, address),
        ProcessPoolExecutor(1, get_context("spawn")) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        # One in a thousand comes from the disk: whole answers are kept for 5 seconds, and the cache behind them is full
        # of renderings by then.
        hits = evolve(service.target("memory"), expected=b"x-imgsvc-cache: ")
        asked = {
            "imgsvc from memory": (hits, service.path(spec)),
            "bare Starlette": (Target(address, b"content-type: image/jpeg"), "/"),
        }
        for name, (target, path) in asked.items():
            ask = partial(_latencies, target, path, 0.8 * seconds)
            rows[f"{name}, alone"] = client.submit(ask).result()
            rendering_meanwhile = threads.submit(ask_for_many, service.target("rendered"), fresh, seconds)
            rows[f"{name}, beside renderings"] = client.submit(ask).result()
            rendering_meanwhile.result()
    print_latencies("Cached: latency of one client's requests", rows)
    for name, row in rows.items():
        share = quantiles(row.seconds, n=100)[-1] / row.median
        print(f"  {f'p99 / p50, {name}':40}{share:9.2f}", flush=True)


def _latencies(target: Target, path: str, seconds: float) -> Latencies:
    """Of hits; a pause lets the others at the processor in between."""
    found = []
    end = perf_counter() + seconds
    with asking_client(target) as client:
        while perf_counter() < end:
            found.append(timed(lambda: client.ask_and_wait(path)))
            sleep(0.002)
    return Latencies(found)


def _measure_cached(service: Subject, engine: ImageEngine, content: bytes, folder: Path, effort: Effort) -> None:
    spec, rendering = _small_rendering(engine, content)
    path = service.path(spec)
    ask_for_many(service.target("rendered"), iter([path]), 0, clients=1)
    link = service.link(spec)
    ask_for_many(evolve(service.link_target(), expected=b"etag"), iter([link]), 0, clients=1)
    with _bare_server(folder / "small.jpg", rendering) as (process_id, address):
        bare = partial(ask_for_one, Target(address, b"content-type: image/jpeg"), "/")
        contenders: dict[str, Contender] = {
            "imgsvc from memory, signed link": partial(
                _served, service.process_id, partial(ask_for_one, service.link_target(), link)
            ),
            "imgsvc from memory, bearer token": partial(
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
