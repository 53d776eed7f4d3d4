"""Image engines, one per imaging library."""

from datetime import timedelta

from imgsvc.domain.plan import Limits
from imgsvc.ports.imaging import ImageEngine

ENGINES = ("auto", "pillow")


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


def _engine(name: str, limits: Limits) -> ImageEngine:
    match name:
        case "auto" | "pillow":
            from imgsvc.adapters.imaging.pillow.engine import PillowEngine

            return PillowEngine(limits)
        case _:
            raise ValueError(f"unknown image engine {name!r}; known are {', '.join(ENGINES)}")
