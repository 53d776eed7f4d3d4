"""Turns among all processes that share a Redis."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic, sleep
from uuid import uuid4

from attrs import frozen

from imgsvc.adapters.cache.redis_cache import name_of
from imgsvc.adapters.cache.redis_server import RedisServer
from imgsvc.domain.errors import Unavailable

_PAUSE = 0.05  # seconds between two looks at a turn that somebody else has
# A turn that has ended by itself may be somebody else's by now.
GIVE_BACK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


@frozen
class RedisLocks:
    """While the server does not answer, everybody has his turn at once."""

    server: RedisServer

    @contextmanager
    def turn(self, key: str, lease: timedelta) -> Iterator[bool]:
        name, mine = name_of(b"turn", key), uuid4().bytes
        has_waited, deadline = False, monotonic() + lease.total_seconds()
        while not self._has_taken(name, mine, lease) and monotonic() < deadline:
            has_waited = True
            sleep(_PAUSE)
        try:
            yield has_waited
        finally:
            with suppress(Unavailable):
                self.server.ask("give back", lambda redis: redis.eval(GIVE_BACK, 1, name, mine))

    def _has_taken(self, name: bytes, mine: bytes, lease: timedelta) -> bool:
        try:
            return bool(self.server.ask("take", lambda redis: redis.set(name, mine, nx=True, px=lease)))
        except Unavailable:
            return True
