"""Content requests per second over HTTP: rendered for each request, and answered from memory."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle, repeat
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from attrs import evolve, frozen

from bench.engine import PHOTO, THUMBNAIL, render_in_threads
from bench.http_latencies import beside_renderings, measure_latency_of_many, measure_latency_of_one
from bench.http_peers import ipx, thumbor
from bench.http_subjects import IN_TURN, Subject, running_bare_server, running_service, small_rendering
from bench.load import (
    CLIENTS,
    Answered,
    Target,
    ask_for_many,
    ask_for_one,
    generator,
)
from bench.measuring import Contender, Effort, Sample, compare, cpu_seconds_of, sample
from bench.specs import fresh_specs
from imgsvc.ports.imaging import ImageEngine

_UNCACHED = {"about 720x588": (PHOTO, "rs:stretch", 720, 588), "about 200x200 cover": (THUMBNAIL, "rs:cover", 200, 200)}


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
            for name, paths in (("imgsvc", self.of_one), (f"imgsvc, {IN_TURN} pictures in turn", self.of_others))
        }


def measure_http(engine: ImageEngine, picture: Path, peers: Path, effort: Effort) -> None:
    """Print a table for each kind of request."""
    content = picture.read_bytes()
    with TemporaryDirectory(prefix="imgsvc-bench-") as folder, running_service(Path(folder), content) as service:
        # One of each for all tables, since no spec may be asked for twice.
        unasked = {title: Unasked.of(service, *size) for title, (_, *size) in _UNCACHED.items()}
        _measure_uncached(service, engine, content, unasked, effort)
        _measure_peers(service, content, peers, unasked, Path(folder), effort)
        _measure_one_for_all(service, content)
        _measure_cached(service, engine, content, Path(folder), effort)
        with beside_renderings(service, engine, content, Path(folder)) as beside:
            measure_latency_of_one(beside, effort)
            measure_latency_of_many(beside, effort)


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


def _measure_cached(service: Subject, engine: ImageEngine, content: bytes, folder: Path, effort: Effort) -> None:
    spec, rendering = small_rendering(engine, content)
    path = service.path(spec)
    ask_for_many(service.target("rendered"), iter([path]), 0, clients=1)
    link = service.link(spec)
    ask_for_many(evolve(service.link_target(), expected=b"etag"), iter([link]), 0, clients=1)
    with running_bare_server(folder / "small.jpg", rendering) as (process_id, address):
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


def _served(process_id: int, load: Callable[[float], Answered], seconds: float) -> Sample:
    before = cpu_seconds_of(process_id)
    answered = load(seconds)
    after = cpu_seconds_of(process_id)
    spent = None if before is None or after is None else after - before
    return sample(answered.count, answered.seconds, spent)
