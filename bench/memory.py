"""``python -m bench.memory SPEC FILE``: how much memory one render takes, in a process of its own."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from attrs import evolve

from bench.pictures import Pictures
from imgsvc import Settings, parse_spec
from imgsvc.entrypoints.composition import compose_engine
from tests.pictures import encoded, quadrants

_SPEC = "w:800,f:jpeg"
_STATUS = Path("/proc/self/status")


def measure_memory(pictures: Pictures) -> None:
    """Print a table, where the system is Linux."""
    if not _STATUS.exists():
        return
    print(f"\nMemory of one render of 50 megapixels, {_SPEC}: MiB\n  {'':40}{'before':>9}{'peak':>9}{'taken':>9}")
    for name, picture in (("JPEG", pictures.large_jpeg), ("PNG", pictures.large_png)):
        command = [sys.executable, "-m", "bench.memory", _SPEC, str(picture)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
        before, peak = json.loads(done.stdout)
        print(f"  {name:40}{before:9.0f}{peak:9.0f}{peak - before:9.0f}", flush=True)


def main(spec: str, picture: Path) -> None:
    """Print what this process has before the render, the file itself included, and the most that it has had after."""
    content = BytesIO(picture.read_bytes())
    with compose_engine(evolve(Settings(), render_in="process")) as engine:
        engine.render(BytesIO(encoded(quadrants(200, 200))), parse_spec(spec))
        before = _resident("VmRSS")
        engine.render(content, parse_spec(spec))
    print(json.dumps([before, _resident("VmHWM")]))


def _resident(name: str) -> float:
    """In MiB; "VmRSS" now, "VmHWM" at the most. The system's other figure for that counts what the parent had."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 2**10


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
