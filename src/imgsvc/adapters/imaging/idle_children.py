"""Children that have nothing to do, and who gets which."""

import time
from threading import Condition

from attrs import field, frozen

from imgsvc.adapters.imaging.child_process import ChildProcess

_SOON = 1.0  # seconds; a child is there, though not ready, a few milliseconds after it was ordered


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
            self._arrival.notify_all()  # not everybody wants this one

    def take(self, seconds: float, digest: str | None = None, *, fresh: bool = False) -> ChildProcess:
        """``fresh``: one that has done nothing yet, unless none comes soon. Raises TimeoutError."""
        begun = time.monotonic()
        end, choosy_until = begun + seconds, begun + (min(seconds, _SOON) if fresh else 0)
        with self._arrival:
            while True:
                now = time.monotonic()
                place = self._fresh_place() if now < choosy_until else self._place(digest)
                if place is not None:
                    return self._children.pop(place)
                if now >= end:
                    raise TimeoutError
                self._arrival.wait((choosy_until if now < choosy_until else end) - now)

    def _fresh_place(self) -> int | None:
        return next((place for place, child in enumerate(self._children) if child.calls == 0), None)

    def _place(self, digest: str | None) -> int | None:
        places = (place for place, child in enumerate(self._children) if digest in child.kept)
        return next(places, 0 if self._children else None)
