"""A job queue inside this process; what it loses with the process, the rows of the variants bring back."""

from collections import OrderedDict
from datetime import timedelta
from heapq import heappop, heappush
from threading import TIMEOUT_MAX, Condition
from time import monotonic
from uuid import UUID

from attrs import define, field, frozen

from imgsvc.domain.errors import Unavailable
from imgsvc.domain.variant import VariantId


@define(eq=False)
class InProcessJobs:
    """Holds a variant at most twice, once waiting and once delayed, however often it is published."""

    _waiting: OrderedDict[VariantId, None] = field(factory=OrderedDict, init=False)  # a set that knows who came first
    _delayed: "_Delayed" = field(factory=lambda: _Delayed(), init=False)
    _is_closed: bool = field(default=False, init=False)
    _changed: Condition = field(factory=Condition, init=False, repr=False)  # guards all of the above

    def publish(self, variant_id: VariantId) -> None:
        """Nothing to do for one that waits, nor for one whose delay runs: it will be delivered."""
        with self._changed:
            if self._is_closed:
                raise Unavailable("the job queue is closed")
            if variant_id not in self._delayed:
                self._waiting[variant_id] = None
                self._changed.notify()

    def receive(self, timeout: timedelta) -> "InProcessDelivery | None":
        with self._changed:
            try:
                return self._first_until(monotonic() + timeout.total_seconds())
            finally:
                # Only one waiter was woken, by the last change. Who leaves hands the watch over to another.
                self._changed.notify()

    def _first_until(self, deadline: float) -> "InProcessDelivery | None":
        while not self._is_closed:
            now = monotonic()
            for variant_id in self._delayed.pop_due(now):
                self._waiting[variant_id] = None
            if self._waiting:
                variant_id, _ = self._waiting.popitem(last=False)
                return InProcessDelivery(variant_id, self)
            if now >= deadline:
                return None
            self._changed.wait(min(min(deadline, self._delayed.next_due) - now, TIMEOUT_MAX))
        return None

    def put_back(self, variant_id: VariantId, delay: timedelta) -> None:
        """In vain once closed: a restart finds the variant's row."""
        with self._changed:
            self._delayed.add(variant_id, monotonic() + delay.total_seconds())
            self._changed.notify()

    def close(self) -> None:
        """Have all that wait for a job, now or later, return with None."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


@define(eq=False)
class InProcessDelivery:
    """Settled once; what is said after that has no effect."""

    variant_id: VariantId
    _jobs: InProcessJobs = field(repr=False)
    _is_settled: bool = field(default=False, init=False)

    def acknowledge(self) -> None:
        self._is_settled = True

    def requeue(self, delay: timedelta) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._jobs.put_back(self.variant_id, delay)


@frozen
class _Delayed:
    """Variants and when they are due, by the monotonic clock."""

    _due: dict[VariantId, float] = field(factory=dict, init=False)
    _order: list[tuple[float, UUID]] = field(factory=list, init=False)  # a heap; may hold dues that were put off since

    def __contains__(self, variant_id: VariantId) -> bool:
        return variant_id in self._due

    def add(self, variant_id: VariantId, due: float) -> None:
        """Of two dues the later: it is not too early for either."""
        if due > self._due.get(variant_id, float("-inf")):
            self._due[variant_id] = due
            heappush(self._order, (due, variant_id))

    @property
    def next_due(self) -> float:
        return self._order[0][0] if self._order else float("inf")

    def pop_due(self, now: float) -> list[VariantId]:
        found = []
        while self.next_due <= now:
            due, variant_id = heappop(self._order)
            if self._due.get(VariantId(variant_id)) == due:
                del self._due[VariantId(variant_id)]
                found.append(VariantId(variant_id))
        return found
