"""Renders per second of the engine on one thread, beside sharp: libvips for Node."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO

from attrs import frozen

from bench.measuring import Contender, Effort, Sample, compare, sample
from bench.peers import Sharp, Task
from bench.pictures import Pictures
from imgsvc import TransformSpec, parse_spec
from imgsvc.ports.imaging import ImageEngine

PHOTO = parse_spec("rs:stretch:720:588,f:jpeg,q:80")
PHOTO_AS_WEBP = parse_spec("rs:stretch:720:588,f:webp,q:80")
THUMBNAIL = parse_spec("rs:cover:200:200,f:jpeg,q:80")


@frozen
class Row:
    """The same work in our words and in sharp's."""

    title: str
    spec: TransformSpec
    task: Task
    is_transparent: bool = False  # the picture it is made of


ROWS = (
    Row("to 720x588 JPEG q80", PHOTO, Task(720, 588, "fill")),
    Row(
        "with alpha, to 720x540 PNG",
        parse_spec("rs:stretch:720:540,f:png"),
        Task(720, 540, "fill", "png", {"compressionLevel": 6}),
        is_transparent=True,
    ),
    Row(
        "to 720x588 WebP q80",
        parse_spec("rs:stretch:720:588,f:webp,q:80"),
        Task(720, 588, "fill", "webp", {"quality": 80, "effort": 4}),
    ),
    Row("to a 200x200 cover, JPEG q80", THUMBNAIL, Task(200, 200, "cover")),
)


def measure_engine(engine: ImageEngine, pictures: Pictures, sharp: Sharp | None, effort: Effort) -> None:
    """Print a table for each row."""
    for row in ROWS:
        picture = pictures.transparent if row.is_transparent else pictures.photo
        contenders: dict[str, Contender] = {"imgsvc": partial(render_for, engine, picture.read_bytes(), row.spec)}
        if sharp is not None:
            contenders["sharp"] = partial(sharp.render_for, picture, row.task)
        compare(f"Engine, one thread, {row.title}: renders per second", contenders, effort)


def render_for(engine: ImageEngine, content: bytes, spec: TransformSpec, seconds: float) -> Sample:
    """Render on this thread for so long."""
    for _ in range(2):
        engine.render(BytesIO(content), spec)
    count, began, cpu_before = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() < began + seconds:
        engine.render(BytesIO(content), spec)
        count += 1
    return sample(count, time.perf_counter() - began, time.process_time() - cpu_before)


def render_in_threads(engine: ImageEngine, content: bytes, spec: TransformSpec, threads: int, seconds: float) -> Sample:
    """For so long; the engine has its own limit on how many of them work."""
    began, cpu_before = time.perf_counter(), time.process_time()

    def render_on(_: int) -> int:
        done = 0
        while time.perf_counter() < began + seconds:
            engine.render(BytesIO(content), spec)
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(render_on, range(threads)))
    return sample(total, time.perf_counter() - began, time.process_time() - cpu_before)
