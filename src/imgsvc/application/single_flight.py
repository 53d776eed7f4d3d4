"""Work that several callers want at once is done once."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from attrs import field, frozen

T = TypeVar("T")


@frozen
class SingleFlight(Generic[T]):
    """Shares the outcome of a call, result or failure, with those who ask for the same key meanwhile."""

    _running: dict[str, "Future[T]"] = field(factory=dict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def run(self, key: str, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, called by the first who asks for the key."""
        with self._lock:
            running = self._running.get(key)
            mine: Future[T] = Future()
            if running is None:
                self._running[key] = mine
        if running is not None:
            return running.result()
        try:
            result = work()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(result)
            return result
        finally:
            with self._lock:
                del self._running[key]
            del mine  # or a failure, its traceback and this frame would keep each other, and a picture, alive
