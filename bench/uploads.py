"""How much memory the server takes for many large uploads at once: its own, and that of its children."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from PIL import Image

from bench.measuring import resident_bytes_of
from imgsvc.entrypoints.settings import CORES
from tests.servers import Account, running_server

_AT_ONCE = 32
_BYTES = 20 * 2**20
_SIDE = 2640  # pixels of a picture of noise, which no codec makes smaller
_LOOK_EVERY = 0.01  # seconds


def measure_uploads() -> None:
    """Print a table, where the system is Linux."""
    if resident_bytes_of(1) is None:
        return
    with (
        TemporaryDirectory(prefix="imgsvc-bench-") as folder,
        running_server(Path(folder) / "data", RENDER_SLOTS=str(CORES)) as server,
    ):
        account = server.account()
        with account.client:
            account.upload(_noise(64, seed=0))  # so that everything is loaded
            pictures = [_noise(_SIDE, seed) for seed in range(_AT_ONCE)]
            before = resident_bytes_of(server.process.pid) or 0
            with _peak(server.process.pid) as peaks:
                began = time.perf_counter()
                with ThreadPoolExecutor(_AT_ONCE) as clients:
                    list(clients.map(lambda picture: _upload(account, picture), pictures))
                seconds = time.perf_counter() - began
    figures = "".join(f"{one / 2**20:9.0f}" for one in (before, peaks[-1], peaks[-1] - before))
    print(f"\nMemory of the server with its children, {_AT_ONCE} uploads of 20 MiB at once in {seconds:.1f} s: MiB")
    print(f"  {'':40}{'before':>9}{'peak':>9}{'taken':>9}\n  {'PNG':40}{figures}", flush=True)


def _noise(side: int, seed: int) -> bytes:
    content = BytesIO()
    noise = random.Random(seed).randbytes(3 * side * side)
    Image.frombytes("RGB", (side, side), noise).save(content, "PNG", compress_level=0)
    return content.getvalue()


def _upload(account: Account, picture: bytes) -> None:
    answer = account.client.post("/v1/images", files={"file": ("noise.png", picture)}, timeout=120)
    if answer.status_code != 201:
        raise RuntimeError(f"an upload was answered with {answer.status_code}: {answer.text}")


@contextmanager
def _peak(process_id: int) -> Iterator[list[int]]:
    """The most that the process and its children have had so far, each time that it was more."""
    peaks, is_over = [0], Event()

    def look() -> None:
        while not is_over.wait(_LOOK_EVERY):
            found = resident_bytes_of(process_id) or 0
            if found > peaks[-1]:
                peaks.append(found)

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield peaks
    finally:
        is_over.set()
        watcher.join()
