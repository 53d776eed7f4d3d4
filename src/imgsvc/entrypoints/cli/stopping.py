"""Being told to stop, by SIGTERM or Ctrl-C."""

import os
import signal
from collections.abc import Callable
from typing import NoReturn


def told_to_stop() -> Callable[[], None]:
    """From here on both signals are ours; what is returned waits for the first. A second one ends the process at once.

    A signal's handler runs in the middle of whatever the main thread does. An Event's lock may be held there, by the
    wait that the signal should end, and would never be had; a pipe has none.
    """
    reading, writing = os.pipe()
    told: list[int] = []

    def stop(number: int, frame: object) -> None:
        if told:
            end_at_once(number)
        told.append(number)
        os.write(writing, b".")

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop)

    def wait() -> None:
        os.read(reading, 1)

    return wait


def end_at_once(number: int, frame: object = None) -> NoReturn:
    """The handler of a second signal. Children end with us, and what was begun is found again as after a crash."""
    os._exit(128 + number)
