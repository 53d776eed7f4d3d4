"""``python -m bench``: measures everything in docs/benchmarks.md, and prints tables."""

import os
import platform
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.engine import measure_engine
from bench.http import measure_http
from bench.jobs import measure_jobs
from bench.lists import measure_lists
from bench.measuring import Effort
from bench.memory import measure_memory
from bench.peers import find_sharp
from bench.pictures import Pictures
from bench.uploads import measure_uploads
from imgsvc import Settings
from imgsvc.entrypoints.composition import compose_engine
from imgsvc.ports.imaging import ImageEngine

_FULL, _QUICK = Effort(rounds=5, seconds=2.0), Effort(rounds=1, seconds=0.3)
_FIGURES = ("engine", "memory", "uploads", "http", "jobs", "lists")
_MANY, _QUITE_MANY = 1_000_000, 10_000  # rows of the lists


def main() -> None:
    """Twelve minutes, of which the jobs and lists take nine; a minute with ``--quick``."""
    parser = ArgumentParser(prog="python -m bench", description="Measure imgsvc on this machine.")
    parser.add_argument("--picture", type=Path, help="a photograph; without one, a picture like one is drawn")
    parser.add_argument("--transparent", type=Path, help="a PNG with alpha; without one, it is drawn")
    parser.add_argument("--peers", type=Path, default=Path(".bench"), help="folder whose node_modules has sharp")
    parser.add_argument("--quick", action="store_true", help="see that it works; the figures mean nothing")
    parser.add_argument("--figures", nargs="+", choices=_FIGURES, default=_FIGURES, help="these alone; all by default")
    given = parser.parse_args()
    for file in (given.picture, given.transparent):
        if file and not file.is_file():
            parser.error(f"there is no file {file}")
    with TemporaryDirectory(prefix="imgsvc-bench-") as folder:
        pictures = Pictures.in_folder(Path(folder), given.picture, given.transparent)
        measure(pictures, given.peers, _QUICK if given.quick else _FULL, given.figures)


def measure(pictures: Pictures, peers: Path, effort: Effort, figures: Sequence[str]) -> None:
    """Print the tables of the figures."""
    with compose_engine(Settings()) as engine:
        _measure(engine, pictures, peers, effort, figures)


def _measure(engine: ImageEngine, pictures: Pictures, peers: Path, effort: Effort, figures: Sequence[str]) -> None:
    picture = pictures.photo
    sharp = find_sharp(peers, picture) if "engine" in figures else None
    print(f"{_machine()}; {_load()}")
    print(f"{engine.fingerprint}{f'; {sharp.description}' if sharp else ''}")
    print(
        f"{picture.name}, {picture.stat().st_size / 1000:.0f} KB; {effort.rounds} rounds of {effort.seconds:g} s each"
    )
    measures: dict[str, Callable[[], None]] = {
        "engine": lambda: measure_engine(engine, pictures, sharp, effort),
        "memory": lambda: measure_memory(pictures),
        "uploads": measure_uploads,
        "http": lambda: measure_http(engine, picture, peers, effort),
        "jobs": lambda: measure_jobs(engine, picture, effort),
        "lists": lambda: measure_lists(_QUITE_MANY if effort is _QUICK else _MANY, effort),
    }
    for name, measure_it in measures.items():
        if name in figures:
            measure_it()
    print(f"\nAt the end: {_load()}")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def _load() -> str:
    """Others are at work where it is more than 1 or so before the start."""
    return f"load average {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
