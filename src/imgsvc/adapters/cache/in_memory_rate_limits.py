"""Rates that each process counts for itself."""

from attrs import field, frozen
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from imgsvc.adapters.cache.counting import taken
from imgsvc.ports.rate_limits import Allowance, Rate


@frozen
class InMemoryRateLimits:
    _counters: SlidingWindowCounterRateLimiter = field(
        factory=lambda: SlidingWindowCounterRateLimiter(MemoryStorage()), init=False, repr=False
    )

    def take(self, key: str, rate: Rate, cost: int = 1) -> Allowance:
        return taken(self._counters, key, rate, cost)
