"""Renderings that failed lately: who asks again at once is told the same, and no processor works for it once more."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

from attrs import field, frozen

from imgsvc.domain.errors import RenderingFailed

_LIFE = 60.0  # seconds; a machine that was short of memory may have some again
_MOST = 10_000


@frozen
class FailedRenderings:
    """Of one process, by the key of their bytes. Safe from any thread."""

    now: Callable[[], float] = monotonic
    _failures: OrderedDict[str, tuple[float, RenderingFailed]] = field(factory=OrderedDict, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def must_not_have(self, key: str) -> None:
        """Raises what the rendering failed of, within a minute."""
        with self._lock:
            noted_at, failure = self._failures.get(key, (float("-inf"), None))
        if failure is not None and self.now() - noted_at < _LIFE:
            # Another one each time: an exception that several raise collects all of their tracebacks.
            raise type(failure)(failure.detail)

    def note(self, key: str, failure: RenderingFailed) -> None:
        with self._lock:
            self._failures.pop(key, None)
            self._failures[key] = (self.now(), type(failure)(failure.detail))
            if len(self._failures) > _MOST:
                self._failures.popitem(last=False)
