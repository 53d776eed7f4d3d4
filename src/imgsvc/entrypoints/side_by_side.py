"""Several questions at once, none of which is waited for longer than it may take."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T")


@define(eq=False)
class SideBySide(Generic[T]):
    """Each question is asked in a thread of its own, and never twice at a time: who comes meanwhile shares the answer.

    So one that hangs holds one thread, however often it is asked.
    """

    questions: Mapping[str, Callable[[], T]]
    seconds: float
    _asked: dict[str, "Future[T]"] = field(factory=dict, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def answers(self) -> dict[str, T | Exception]:
        """By the names of the questions, in their order: what each returned or raised; TimeoutError if neither yet."""
        asked = {name: self._ask(name) for name in self.questions}
        deadline = monotonic() + self.seconds
        return {name: self._result(future, deadline) for name, future in asked.items()}

    def _result(self, future: "Future[T]", deadline: float) -> T | Exception:
        try:
            return future.result(max(0.0, deadline - monotonic()))
        except StillRunning:
            return TimeoutError(f"no answer within {self.seconds:g} seconds")
        except Exception as error:
            return error

    def _ask(self, name: str) -> "Future[T]":
        with self._lock:
            running = self._asked.get(name)
            if running is None or running.done():
                running = Future()
                # A daemon: whoever wants to end does not wait for a server that hangs.
                Thread(target=_answer, args=(self.questions[name], running), name=f"ask-{name}", daemon=True).start()
                self._asked[name] = running  # only now: where there is no thread to be had, nobody would answer
            return running


def _answer(question: Callable[[], T], future: "Future[T]") -> None:
    try:
        future.set_result(question())
    except BaseException as error:
        future.set_exception(error)
