"""A process that has imported the service, and forks itself for each process of it that tests ask for.

    python -P -u -W error tests/forker.py DESCRIPTOR

On that descriptor, a socket, come orders as ``tests/forked.py`` sends them, and go the ids of the processes.
"""

import gc

gc.disable()

import json  # noqa: E402  # what is imported from here on is no garbage, as in imgsvc/__main__.py
import os  # noqa: E402
import runpy  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from importlib import import_module  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

# What servers and workers import, but for libvips, which is not made for being forked.
_MODULES = (
    "imgsvc.adapters.blobs.filesystem",
    "imgsvc.adapters.blobs.s3",
    "imgsvc.adapters.cache.in_memory_rate_limits",
    "imgsvc.adapters.imaging.children",
    "imgsvc.adapters.imaging.pillow.engine",
    "imgsvc.adapters.repositories.sqlite",
    "imgsvc.entrypoints.cli",
    "pika",
    "psycopg_pool",
    "pydantic",
    "redis",
    "uvloop",
)


def main(control: socket.socket) -> None:
    """Returns in the forker once nobody asks any more, and in each process once it has done what it was made for."""
    for module in _MODULES:
        import_module(module)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a thread would be missing where this is forked"
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 2**20, 2)
        if not message:
            return
        process_id = forked_twice()
        if process_id == 0:
            control.close()
            become(json.loads(message), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(str(process_id).encode())


def forked_twice() -> int:
    """The id of a new process whose parent has ended, which makes it a child of whoever takes orphans; 0 in itself."""
    reading, writing = os.pipe()
    if (parent := os.fork()) == 0:
        between = os.getpid()
        if process_id := os.fork():
            os.write(writing, str(process_id).encode())
            os._exit(0)
        os.close(reading)
        os.close(writing)
        while os.getppid() == between:
            os.sched_yield()
        return 0
    os.waitpid(parent, 0)
    process_id = int(os.read(reading, 32))
    os.close(reading)
    os.close(writing)
    return process_id


def become(order: dict[str, Any], descriptors: list[int]) -> None:
    """What would run if it had been started with these arguments, environment, folder and streams."""
    for descriptor, stream in zip(descriptors, (1, 2), strict=True):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    program, *arguments = order["arguments"]
    sys.argv = [program, *arguments]
    if program == "-m":
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as control:
        main(control)
