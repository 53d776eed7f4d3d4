"""The frames of a result: one, or those of an animation."""

from collections.abc import Iterable, Iterator
from itertools import chain

from attrs import frozen

from imgsvc.adapters.imaging.pillow.picture import Picture


@frozen
class Frame:
    picture: Picture
    delay: int = 0  # milliseconds


class Frames:
    """``count`` frames of one size. Each is made when it is asked for, so few are in memory at once.

    They can be had once, and again only where they are ``kept``.
    """

    def __init__(self, frames: Iterator[Frame], count: int = 1, *, kept: bool = False) -> None:
        first = next(frames)
        self.first = first.picture
        self.count = count
        self._frames: Iterable[Frame] = [first, *frames] if kept else chain([first], frames)

    @classmethod
    def of(cls, picture: Picture) -> "Frames":
        return cls(iter([Frame(picture)]), kept=True)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)
