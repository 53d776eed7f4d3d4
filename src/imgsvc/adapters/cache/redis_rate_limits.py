"""Rates that all processes count together, in a Redis."""

from attrs import Factory, field, frozen
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from imgsvc.adapters.cache.counting import taken
from imgsvc.adapters.cache.in_memory_rate_limits import InMemoryRateLimits
from imgsvc.adapters.cache.redis_cache import name_of
from imgsvc.adapters.cache.redis_server import RedisServer
from imgsvc.domain.errors import Unavailable
from imgsvc.ports.rate_limits import Allowance, Rate


def _counters_on(server: RedisServer) -> SlidingWindowCounterRateLimiter:
    # The connections are the server's own; the URL says no more than of which kind they are.
    storage = RedisStorage("redis://", connection_pool=server.client.connection_pool, key_prefix="imgsvc:limit")
    return SlidingWindowCounterRateLimiter(storage)


@frozen
class RedisRateLimits:
    """While the server does not answer, each process counts for itself, from the beginning."""

    server: RedisServer
    _alone: InMemoryRateLimits = field(factory=InMemoryRateLimits, init=False, repr=False)
    _counters: SlidingWindowCounterRateLimiter = field(
        default=Factory(lambda self: _counters_on(self.server), takes_self=True), init=False, repr=False
    )

    def take(self, key: str, rate: Rate, cost: int = 1) -> Allowance:
        name = name_of(b"limit", key).decode()
        try:
            return self.server.ask("count", lambda _: taken(self._counters, name, rate, cost))
        except Unavailable:
            return self._alone.take(key, rate, cost)
