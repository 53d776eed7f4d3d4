"""A job queue inside this process; what it loses with the process, the rows of the variants bring back."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from heapq import heappop, heappush
from threading import TIMEOUT_MAX, Condition
from time import monotonic
from uuid import UUID

from attrs import define, field, frozen

from imgsvc.domain.errors import Unavailable
from imgsvc.domain.variant import VariantId

_NEVER = float("-inf"), None


@define(eq=False)
class InProcessJobs:
    """Holds a variant at most twice, once waiting and once delayed, however often it is published."""

    request_id: Callable[[], str | None] = field(default=lambda: None)
    # With the ids of the requests that asked for them; knows who came first.
    _waiting: OrderedDict[VariantId, str | None] = field(factory=OrderedDict, init=False)
    _delayed: "_Delayed" = field(factory=lambda: _Delayed(), init=False)
    _is_closed: bool = field(default=False, init=False)
    _times_left: int = field(default=0, init=False)
    _changed: Condition = field(factory=Condition, init=False, repr=False)  # guards all of the above

    @property
    def outlives_process(self) -> bool:
        return False

    def publish(self, variant_id: VariantId) -> None:
        """Nothing to do for one that waits, nor for one whose delay runs: it will be delivered."""
        with self._changed:
            if self._is_closed:
                raise Unavailable("the job queue is closed")
            if variant_id not in self._delayed:
                self._waiting.setdefault(variant_id, self.request_id())
                self._changed.notify()

    def check(self) -> None:
        """There is nothing between those who publish and those who work."""

    def leave(self) -> None:
        """There are no others; whoever waits need not any more."""
        with self._changed:
            self._times_left += 1
            self._changed.notify_all()

    def receive(self, timeout: timedelta) -> "InProcessDelivery | None":
        with self._changed:
            try:
                return self._first_until(monotonic() + timeout.total_seconds())
            finally:
                # Only one waiter was woken, by the last change. Who leaves hands the watch over to another.
                self._changed.notify()

    def _first_until(self, deadline: float) -> "InProcessDelivery | None":
        times_left = self._times_left
        while not self._is_closed and self._times_left == times_left:
            now = monotonic()
            for variant_id, request_id in self._delayed.pop_due(now):
                self._waiting.setdefault(variant_id, request_id)
            if self._waiting:
                return InProcessDelivery(*self._waiting.popitem(last=False), self)
            if now >= deadline:
                return None
            self._changed.wait(min(min(deadline, self._delayed.next_due) - now, TIMEOUT_MAX))
        return None

    def put_back(self, variant_id: VariantId, request_id: str | None, delay: timedelta) -> None:
        """In vain once closed: a restart finds the variant's row."""
        with self._changed:
            self._delayed.add(variant_id, request_id, monotonic() + delay.total_seconds())
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
    request_id: str | None
    _jobs: InProcessJobs = field(repr=False)
    _is_settled: bool = field(default=False, init=False)

    @property
    def was_given_up(self) -> bool:
        """Never: whoever dies of it takes the queue along."""
        return False

    def make_way(self) -> None:
        """Any number of them may be out at once."""

    def acknowledge(self) -> None:
        self._is_settled = True

    def requeue(self, delay: timedelta) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._jobs.put_back(self.variant_id, self.request_id, delay)


@frozen
class _Delayed:
    """Variants, when they are due by the monotonic clock, and the ids of their requests."""

    _due: dict[VariantId, tuple[float, str | None]] = field(factory=dict, init=False)
    _order: list[tuple[float, UUID]] = field(factory=list, init=False)  # a heap; may hold dues that were put off since

    def __contains__(self, variant_id: VariantId) -> bool:
        return variant_id in self._due

    def add(self, variant_id: VariantId, request_id: str | None, due: float) -> None:
        """Of two dues the later: it is not too early for either."""
        if due > self._due.get(variant_id, _NEVER)[0]:
            self._due[variant_id] = due, request_id
            heappush(self._order, (due, variant_id))

    @property
    def next_due(self) -> float:
        return self._order[0][0] if self._order else float("inf")

    def pop_due(self, now: float) -> list[tuple[VariantId, str | None]]:
        found = []
        while self.next_due <= now:
            due, key = heappop(self._order)
            variant_id = VariantId(key)
            if self._due.get(variant_id, _NEVER)[0] == due:
                found.append((variant_id, self._due.pop(variant_id)[1]))
        return found
