"""Children that have nothing to do, and who gets which."""

import time
from threading import Condition

from attrs import field, frozen

from imgsvc.adapters.imaging.child_process import ChildProcess


@frozen
class IdleChildren:
    """Handed out in turn; but first to who wants a picture that a child still has."""

    _children: list[ChildProcess] = field(init=False, factory=list)
    _arrival: Condition = field(init=False, factory=Condition)

    def __len__(self) -> int:
        return len(self._children)

    def put(self, child: ChildProcess) -> None:
        with self._arrival:
            self._children.append(child)
            self._arrival.notify()

    def take(self, seconds: float, digest: str | None = None) -> ChildProcess:
        """Raises TimeoutError."""
        end = time.monotonic() + seconds
        with self._arrival:
            while not self._children:
                remaining = end - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError
                self._arrival.wait(remaining)
            places = (place for place, child in enumerate(self._children) if digest in child.kept)
            return self._children.pop(next(places, 0))
