"""Image engines, one per imaging library."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from imgsvc.domain.limits import Limits
from imgsvc.ports.diagnosis import Finding
from imgsvc.ports.imaging import HeaderReader, ImageEngine
from imgsvc.ports.metrics import NO_METRICS, Metrics

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
    metrics: Metrics = NO_METRICS,
) -> ImageEngine:
    """The engine of that name; ``auto`` is the best that is installed. Raises ValueError for a name it does not know.

    With ``slots``, at most so many calls work at once, which ``metrics`` hear of; ``queue`` and ``wait`` say how many
    more wait, and how long.
    """
    engine = _engine(name, limits, keep=0)
    if slots is None:
        return engine
    from imgsvc.adapters.imaging.bounded import BoundedEngine

    return BoundedEngine(engine, slots=slots, queue=queue, wait=wait, metrics=metrics)


@contextmanager
def open_engine_in_children(
    name: str,
    limits: Limits,
    *,
    slots: int,
    deadline: timedelta,
    memory: int,
    keep: int = 0,
    queue: int = 32,
    wait: timedelta = timedelta(seconds=10),
    metrics: Metrics = NO_METRICS,
) -> "Iterator[ChildProcessEngine]":
    """The same in ``slots`` processes of its own, until the context ends.

    ``deadline`` ends a call and its process; ``memory``, in bytes, is what each may have, and ``keep`` how much of that
    for pictures that it has just rendered; ``metrics`` hear of those that work, and of those that are lost. Raises
    RuntimeError if they do not start.
    """
    from imgsvc.adapters.imaging.children import ChildProcessEngine

    engine = ChildProcessEngine(
        _engine(name, limits, keep),
        slots=slots,
        queue=queue,
        wait=wait,
        deadline=deadline,
        memory=memory,
        metrics=metrics,
    )
    with engine.running():
        yield engine


def diagnose_engine(name: str, limits: Limits, *, deadline: timedelta, memory: int | None) -> Iterator[Finding]:
    """What is right and wrong with it. ``memory``: what a child may have, None for an engine in this process.

    Raises ValueError for a name it does not know.
    """
    from imgsvc.adapters.imaging.diagnosis import SUBJECT, diagnose

    if name == "auto" and not _has_vips():
        yield SUBJECT.warning("libvips is not there: Pillow does it all, and takes longer", "pip install pyvips-binary")
    if memory is None:
        yield from diagnose(open_engine(name, limits), "in this process")
        return
    try:
        with open_engine_in_children(name, limits, slots=1, deadline=deadline, memory=memory) as engine:
            yield from diagnose(engine, f"in a child with {memory / 2**20:.0f} MiB")
            if engine.is_confined:
                yield SUBJECT.ok("Landlock keeps it from files, programs and TCP")
            else:
                remedy = "run on Linux 6.7 or newer with Landlock, and let the container's seccomp profile allow it"
                yield SUBJECT.warning("it is not confined: a decoder that was taken over could open files", remedy)
    except RuntimeError as error:
        yield SUBJECT.error(
            str(error), "raise IMGSVC_RENDER_MEMORY, and the limits of memory and processes (ulimit -a)"
        )


def open_header_reader(limits: Limits) -> HeaderReader:
    """Pictures over the limits are read with more care."""
    from imgsvc.adapters.imaging.pillow.headers import PillowHeaders

    return PillowHeaders(limits)


def _engine(name: str, limits: Limits, keep: int) -> ImageEngine:
    """``keep``: bytes of pictures that it keeps, where it can; one that keeps any is for one thread."""
    match name:
        case "auto":
            return _engine("vips" if _has_vips() else "pillow", limits, keep)
        case "pillow":
            from imgsvc.adapters.imaging.pillow.engine import PillowEngine

            return PillowEngine(limits)
        case "vips":
            from imgsvc.adapters.imaging.kept import KeptPictures
            from imgsvc.adapters.imaging.vips.engine import VipsEngine

            return VipsEngine(limits, kept=KeptPictures(keep))
        case _:
            raise ValueError(f"unknown image engine {name!r}; known are {', '.join(ENGINES)}")


def _has_vips() -> bool:
    """Whether its libraries are there and can be loaded; there are machines that they are not made for."""
    try:
        import imgsvc.adapters.imaging.vips.engine  # noqa: F401  # to see whether it can be
    except (ImportError, OSError):
        return False
    return True
