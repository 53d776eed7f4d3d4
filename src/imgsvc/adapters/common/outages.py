"""What does not work just now of something that we depend on: told in the log when it begins, when it has ended, and
never in between, however many requests fail of it. Metrics count them all.
"""

import logging
from threading import Lock
from time import monotonic

from attrs import define, field, frozen

from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics

logger = logging.getLogger(__name__)


@define(eq=False)
class Outages:
    """Of one dependency, which ``name`` says to people. Safe from any thread.

    A trouble that several parts have, such as reading and writing, is told once, and has ended when none has it.
    Neither troubles nor details may hold a secret, a path or SQL.
    """

    name: str
    level: int = logging.ERROR
    meanwhile: str = ""  # what becomes of the work, where that is less than nothing
    metrics: DependencyMetrics = field(default=NO_DEPENDENCY_METRICS, repr=False)
    _troubles: dict[str, str] = field(factory=dict, init=False)  # of parts; "" is the dependency as a whole
    _since: dict[str, float] = field(factory=dict, init=False)  # of troubles
    _worked_at: dict[str, float] = field(factory=dict, init=False)  # parts that have worked since they failed
    _lock: Lock = field(factory=Lock, init=False, repr=False)  # guards all three

    def attempt(self, part: str = "") -> "Attempt":
        """To use the dependency, from now on."""
        return Attempt(self, part, monotonic())

    def note_failure(self, part: str, trouble: str, detail: str, begun: float) -> bool:
        """Whether it is news."""
        with self._lock:
            # Who began before others got through tells of a time that is over.
            if self._troubles.get(part) == trouble or self._worked_at.get(part, begun) > begun:
                return False
            is_news = trouble not in self._troubles.values()
            self._troubles[part] = trouble
            self.metrics.changed(is_well=False)
            if is_news:
                self._since[trouble] = monotonic()
                self._tell_begin(trouble, detail)
            return is_news

    def note_success(self, part: str, begun: float) -> None:
        """Also what began while it worked and ended well later is of a time that is over."""
        if not self._troubles:
            return
        with self._lock:
            trouble = self._troubles.get(part)
            if trouble is None or self._since[trouble] > begun:
                return
            del self._troubles[part]
            self.metrics.changed(is_well=not self._troubles)
            self._worked_at[part] = monotonic()
            if trouble not in self._troubles.values():
                self._tell_end(trouble, monotonic() - self._since.pop(trouble))

    def _tell_begin(self, trouble: str, detail: str) -> None:
        shown = f"{trouble} ({detail})" if detail else trouble
        meanwhile = f"; {self.meanwhile}" if self.meanwhile else ""
        logger.log(self.level, "%s is in trouble: %s%s", self.name, shown, meanwhile, extra={"dependency": self.name})

    def _tell_end(self, trouble: str, seconds: float) -> None:
        told = {"dependency": self.name, "trouble": trouble, "seconds": round(seconds, 1)}
        logger.info("%s works again", self.name, extra=told)


@frozen
class Attempt:
    """One use of a dependency, and what came of it."""

    outages: Outages
    part: str
    begun: float  # on the monotonic clock

    def is_answered(self) -> None:
        """The dependency is there, whatever it says."""
        self.outages.note_success("", self.begun)

    def succeeds(self) -> None:
        self.is_answered()
        self.outages.note_success(self.part, self.begun)

    def fails(self, trouble: str, detail: str = "") -> bool:
        """Though the dependency is there. Whether that is news."""
        self.outages.metrics.failed(is_there=True)
        is_news = self.outages.note_failure(self.part, trouble, detail, self.begun)
        self.is_answered()
        return is_news

    def finds_nobody(self, trouble: str, detail: str = "") -> bool:
        self.outages.metrics.failed(is_there=False)
        return self.outages.note_failure("", trouble, detail, self.begun)
