"""A number that has to be asked for, from somebody who may let one wait."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from time import monotonic

from attrs import define, field

_GOOD_FOR = 10.0  # seconds: whoever is asked has other things to do, however many want to be told
_PATIENCE = 1.0  # seconds


@define(eq=False)
class AskedNumber:
    """Asked for in a thread of its own when somebody wants it, and never twice at a time. Safe from any thread."""

    ask: Callable[[], float]
    now: Callable[[], float] = monotonic
    patience: float = _PATIENCE
    _answer: "Future[float] | None" = field(default=None, init=False)
    _asked_at: float = field(default=0.0, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def __call__(self) -> float | None:
        """None where it cannot be had, or not soon."""
        try:
            return self._latest().result(self.patience)
        except Exception:  # whoever is asked has told what is wrong
            return None

    def _latest(self) -> "Future[float]":
        with self._lock:
            if self._answer is None or (self._answer.done() and self.now() - self._asked_at >= _GOOD_FOR):
                answer = Future[float]()
                # A daemon: whoever wants to end does not wait for a server that hangs.
                Thread(target=self._ask, args=(answer,), name="ask-number", daemon=True).start()
                self._answer, self._asked_at = answer, self.now()
            return self._answer

    def _ask(self, answer: "Future[float]") -> None:
        try:
            answer.set_result(self.ask())
        except BaseException as error:
            answer.set_exception(error)
