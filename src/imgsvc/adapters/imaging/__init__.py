"""Image engines, one per imaging library."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from imgsvc.domain.plan import Limits
from imgsvc.ports.imaging import HeaderReader, ImageEngine

if TYPE_CHECKING:
    from imgsvc.adapters.imaging.children import ChildProcessEngine

ENGINES = ("auto", "pillow", "vips")


def open_engine(
    name: str,
    limits: Limits,
    *,
    slots: int | None = None,
    queue: int = 32,
    wait: timedelta = timedelta(seconds=10),
) -> ImageEngine:
    """The engine of that name; ``auto`` is the best that is installed. Raises ValueError for a name it does not know.

    With ``slots``, at most so many calls work at once; ``queue`` and ``wait`` say how many more wait, and how long.
    """
    engine = _engine(name, limits)
    if slots is None:
        return engine
    from imgsvc.adapters.imaging.bounded import BoundedEngine

    return BoundedEngine(engine, slots=slots, queue=queue, wait=wait)


@contextmanager
def open_engine_in_children(
    name: str,
    limits: Limits,
    *,
    slots: int,
    deadline: timedelta,
    memory: int,
    queue: int = 32,
    wait: timedelta = timedelta(seconds=10),
) -> "Iterator[ChildProcessEngine]":
    """The same in ``slots`` processes of its own, until the context ends.

    ``deadline`` ends a call and its process; ``memory``, in bytes, is what each may have. Raises RuntimeError if they
    do not start.
    """
    from imgsvc.adapters.imaging.children import ChildProcessEngine

    engine = ChildProcessEngine(
        _engine(name, limits), slots=slots, queue=queue, wait=wait, deadline=deadline, memory=memory
    )
    with engine.running():
        yield engine


def open_header_reader(limits: Limits) -> HeaderReader:
    """Pictures over the limits are read with more care."""
    from imgsvc.adapters.imaging.pillow.headers import PillowHeaders

    return PillowHeaders(limits)


def _engine(name: str, limits: Limits) -> ImageEngine:
    match name:
        case "auto":
            return _engine("vips" if _has_vips() else "pillow", limits)
        case "pillow":
            from imgsvc.adapters.imaging.pillow.engine import PillowEngine

            return PillowEngine(limits)
        case "vips":
            from imgsvc.adapters.imaging.vips.engine import VipsEngine

            return VipsEngine(limits)
        case _:
            raise ValueError(f"unknown image engine {name!r}; known are {', '.join(ENGINES)}")


def _has_vips() -> bool:
    """Whether its libraries are there and can be loaded; there are machines that they are not made for."""
    try:
        import imgsvc.adapters.imaging.vips.engine  # noqa: F401
    except (ImportError, OSError):
        return False
    return True
