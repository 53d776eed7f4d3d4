"""Renders per second of the engine on one thread, beside sharp: libvips for Node."""

import time
from functools import partial
from io import BytesIO
from pathlib import Path

from bench.measuring import Contender, Effort, Sample, compare, sample
from bench.peers import Sharp, Task
from imgsvc import TransformSpec, parse_spec
from imgsvc.ports.imaging import ImageEngine

PHOTO = parse_spec("rs:stretch:720:588,f:jpeg,q:80")
THUMBNAIL = parse_spec("rs:cover:200:200,f:jpeg,q:80")

TASKS = {
    "to 720x588 JPEG q80": (PHOTO, Task(720, 588, "fill", quality=80)),
    "to a 200x200 cover, JPEG q80": (THUMBNAIL, Task(200, 200, "cover", quality=80)),
}


def measure_engine(engine: ImageEngine, picture: Path, sharp: Sharp | None, effort: Effort) -> None:
    """Print a table for each task."""
    content = picture.read_bytes()
    for title, (spec, task) in TASKS.items():
        contenders: dict[str, Contender] = {"imgsvc": partial(render_for, engine, content, spec)}
        if sharp is not None:
            contenders["sharp"] = partial(sharp.render_for, picture, task)
        compare(f"Engine, one thread, {title}: renders per second", contenders, effort)


def render_for(engine: ImageEngine, content: bytes, spec: TransformSpec, seconds: float) -> Sample:
    """Render on this thread for so long."""
    for _ in range(2):
        engine.render(BytesIO(content), spec)
    count, began, cpu_before = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() < began + seconds:
        engine.render(BytesIO(content), spec)
        count += 1
    return sample(count, time.perf_counter() - began, time.process_time() - cpu_before)
