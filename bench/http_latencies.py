"""How long hits take, with nothing else to do and while renderings keep every core busy."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep

from attrs import evolve, frozen

from bench.http_subjects import Subject, running_bare_server, small_rendering
from bench.latencies import Latencies, print_latencies, timed
from bench.load import Answered, Tail, Target, ask_for_many, asking_client, has_wrk, tail_of_many
from bench.measuring import Effort
from bench.specs import fresh_specs
from imgsvc.ports.imaging import ImageEngine

_MANY = 32  # clients who ask for hits as fast as they can


@frozen
class Beside:
    """What is asked for while renderings keep every core busy, by its name: hits, and the same of a bare server."""

    asked: Mapping[str, tuple[Target, str]]
    render: Callable[[float], Future[Answered]]  # for so many seconds
    client: Executor  # in a process of its own: here it would wait for those who ask for renderings


@contextmanager
def beside_renderings(service: Subject, engine: ImageEngine, content: bytes, folder: Path) -> Iterator[Beside]:
    """Beside a process that does nothing but answer: so much is the machine's, whoever answers."""
    spec, rendering = small_rendering(engine, content)
    fresh = (service.path(text) for text in fresh_specs("rs:stretch", 760, 620))  # which no other table asks for
    with (
        running_bare_server(folder / "hit.jpg", rendering) as (_, address),
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
        yield Beside(asked, partial(threads.submit, ask_for_many, service.target("rendered"), fresh), client)


def measure_latency_of_one(beside: Beside, effort: Effort) -> None:
    """Of one client's requests, with nothing else to do and beside renderings."""
    seconds = effort.rounds * effort.seconds
    rows = {}
    for name, (target, path) in beside.asked.items():
        ask = partial(_latencies, target, path, 0.8 * seconds)
        rows[f"{name}, alone"] = beside.client.submit(ask).result()
        rendering_meanwhile = beside.render(seconds)
        rows[f"{name}, beside renderings"] = beside.client.submit(ask).result()
        rendering_meanwhile.result()
    print_latencies("Cached: latency of one client's requests", rows)
    for name, row in rows.items():
        share = quantiles(row.seconds, n=100)[-1] / row.median
        print(f"  {f'p99 / p50, {name}':40}{share:9.2f}", flush=True)


def measure_latency_of_many(beside: Beside, effort: Effort) -> None:
    """Of many clients' requests beside renderings: the median of the rounds. Nothing without wrk."""
    if not has_wrk():
        return
    print(f"\nCached, {_MANY} clients (wrk) beside renderings\n  {'':40}{'p50':>9}{'p99':>9}{'p99 / p50':>11}")
    found: dict[str, list[Tail]] = {name: [] for name in beside.asked}
    for _ in range(effort.rounds):
        for name, (target, path) in beside.asked.items():
            rendering_meanwhile = beside.render(effort.seconds + 1)
            tail = beside.client.submit(tail_of_many, target, path, effort.seconds, _MANY).result()
            rendering_meanwhile.result()
            found[name].append(tail)
    for name, tails in found.items():
        p50, p99, share = (median(each) for each in zip(*((one.p50, one.p99, one.share) for one in tails), strict=True))
        print(f"  {name:40}{p50:9.2f}{p99:9.2f}{share:11.2f}", flush=True)


def _latencies(target: Target, path: str, seconds: float) -> Latencies:
    """Of hits; a pause lets the others at the processor in between."""
    found = []
    end = perf_counter() + seconds
    with asking_client(target) as client:
        while perf_counter() < end:
            found.append(timed(lambda: client.ask_and_wait(path)))
            sleep(0.002)
    return Latencies(found)
