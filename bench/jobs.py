"""What a job costs beside its rendering, and how many of them two slots make."""

import os
import time
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import cycle, islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve

from bench.engine import PHOTO, PHOTO_AS_WEBP, render_in_threads
from bench.installations import KINDS, Installation
from bench.latencies import Latencies, print_latencies, timed
from bench.measuring import Contender, Effort, Sample, compare, cpu_seconds_of, sample
from bench.pictures import alike
from bench.specs import fresh_specs
from imgsvc import Settings, TransformSpec, parse_spec
from imgsvc.entrypoints.composition import compose_engine
from imgsvc.ports.imaging import ImageEngine
from tests.pictures import encoded, quadrants
from tests.real_servers.finding import NotInstalled

_SLOTS = 2
_IN_TURN = 16  # pictures, of which a child keeps a few
_JOBS_PER_SECOND = 30  # of the effort: how many jobs are timed one by one
_WARM_UP = 10  # jobs
_MOST_RATE = 120  # jobs a second that two slots may come to, so that there is work to the end of a round


def measure_jobs(engine: ImageEngine, picture: Path, effort: Effort) -> None:
    """Print a table of times for each kind of installation, and one of rates."""
    for kind, installed in KINDS.items():
        try:
            with (
                TemporaryDirectory(prefix="imgsvc-bench-") as folder,
                installed(Path(folder), _SLOTS) as service,
            ):
                _measure_overhead(kind, service, effort)
                for spec in (PHOTO, PHOTO_AS_WEBP):
                    _measure_rate(kind, service, engine, picture.read_bytes(), spec, effort)
        except NotInstalled as error:
            print(f"\nJobs, {kind}: left out, since {error} is not installed")


def _measure_overhead(kind: str, service: Installation, effort: Effort) -> None:
    """Of a tiny picture, one job after the other, each beside a render of the same by the engine alone."""
    content = encoded(quadrants(64, 64))
    image_id = service.account.upload(content)
    count = max(20, round(_JOBS_PER_SECOND * effort.seconds * effort.rounds))
    jobs, renders = Latencies(), Latencies()
    with compose_engine(evolve(Settings(), render_in="children", render_slots=1)) as engine:
        specs = fresh_specs("rs:stretch", 32, 32)
        for number, text in enumerate(islice(specs, _WARM_UP + count)):
            spec = parse_spec(text)
            job = service.submit(image_id, spec)
            took = timed(partial(service.await_job, job))
            render = timed(partial(engine.render, BytesIO(content), spec))
            if number >= _WARM_UP:
                jobs.seconds.append(took)
                renders.seconds.append(render)
    title = f"Jobs, {kind}, {count} of a tiny picture one after the other: milliseconds"
    rows = {"202 to ready": jobs, "its render, in a child": renders, "without the render": jobs.without(renders.median)}
    print_latencies(title, rows)


def _measure_rate(
    kind: str, service: Installation, engine: ImageEngine, content: bytes, spec: TransformSpec, effort: Effort
) -> None:
    """Of the photograph, all queued at once, beside the engine alone."""
    image_ids = [service.account.upload(alike(content, number)) for number in range(_IN_TURN + 1)]
    format = str(spec.output.format)
    of_one, of_others = (fresh_specs("rs:stretch", 720, 588, format) for _ in range(2))
    with compose_engine(evolve(Settings(), render_in="children", render_slots=_SLOTS)) as apart:
        contenders: dict[str, Contender] = {
            f"jobs, {_SLOTS} slots": partial(_made_by, service, repeat(image_ids[0]), of_one),
            f"jobs, {_IN_TURN} pictures in turn": partial(_made_by, service, cycle(image_ids[1:]), of_others),
            f"its engine in {_SLOTS} children": partial(_rendered_apart, apart, content, spec),
            f"its engine, {_SLOTS} threads": partial(render_in_threads, engine, content, spec, _SLOTS),
        }
        compare(f"Jobs, {kind}, to about 720x588 {format} q80: renders per second", contenders, effort)


def _made_by(service: Installation, image_ids: Iterator[str], specs: Iterator[str], seconds: float) -> Sample:
    """From when all are accepted, which the API takes part in, until the last one is done."""
    for text in islice(specs, max(20, round(_MOST_RATE * seconds))):
        image_id = next(image_ids)
        service.submit(image_id, parse_spec(text))
    ready_before, cpu_before, began = service.count_ready(), service.cpu_seconds(), time.perf_counter()
    service.await_all()
    took, cpu_after = time.perf_counter() - began, service.cpu_seconds()
    spent = None if cpu_before is None or cpu_after is None else cpu_after - cpu_before
    return sample(service.count_ready() - ready_before, took, spent)


def _rendered_apart(engine: ImageEngine, content: bytes, spec: TransformSpec, seconds: float) -> Sample:
    """The threads here only wait for the children, which count with us."""
    before = cpu_seconds_of(os.getpid())
    found = render_in_threads(engine, content, spec, _SLOTS, seconds)
    after = cpu_seconds_of(os.getpid())
    spent = None if before is None or after is None else after - before
    return Sample(found.per_second, found.per_second * seconds / spent if spent else None)
