"""``python -m bench``: measures everything in docs/benchmarks.md, and prints tables."""

import os
import platform
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.drawing import photo_like
from bench.engine import measure_engine
from bench.http import measure_http
from bench.measuring import Effort
from bench.peers import find_sharp
from imgsvc import Settings
from imgsvc.entrypoints.composition import compose_engine
from imgsvc.ports.imaging import ImageEngine

_FULL, _QUICK = Effort(rounds=5, seconds=2.0), Effort(rounds=1, seconds=0.3)


def main() -> None:
    """Two minutes; a few seconds with ``--quick``."""
    parser = ArgumentParser(prog="python -m bench", description="Measure imgsvc on this machine.")
    parser.add_argument("--picture", type=Path, help="a photograph; without one, a picture like one is drawn")
    parser.add_argument("--peers", type=Path, default=Path(".bench"), help="folder whose node_modules has sharp")
    parser.add_argument("--quick", action="store_true", help="see that it works; the figures mean nothing")
    given = parser.parse_args()
    if given.picture and not given.picture.is_file():
        parser.error(f"there is no file {given.picture}")
    with TemporaryDirectory(prefix="imgsvc-bench-") as folder:
        picture = given.picture or _drawn(Path(folder))
        measure(picture, given.peers, _QUICK if given.quick else _FULL)


def measure(picture: Path, peers: Path, effort: Effort) -> None:
    """Print every table."""
    with compose_engine(Settings()) as engine:
        _measure(engine, picture, peers, effort)


def _measure(engine: ImageEngine, picture: Path, peers: Path, effort: Effort) -> None:
    sharp = find_sharp(peers, picture)
    print(f"{_machine()}; {_load()}")
    print(f"{engine.fingerprint}{f'; {sharp.description}' if sharp else ''}")
    print(
        f"{picture.name}, {picture.stat().st_size / 1000:.0f} KB; {effort.rounds} rounds of {effort.seconds:g} s each"
    )
    measure_engine(engine, picture, sharp, effort)
    measure_http(engine, picture, effort)
    print(f"\nAt the end: {_load()}")


def _drawn(folder: Path) -> Path:
    file = folder / "drawn.jpg"
    file.write_bytes(photo_like())
    return file


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def _load() -> str:
    """Others are at work where it is more than 1 or so before the start."""
    return f"load average {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
