"""The threads that requests are worked on, in pools: one kind of work cannot keep the others waiting."""

import os
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from imgsvc.domain.errors import Busy, TooManyWaiting
from imgsvc.domain.user import UserId
from imgsvc.entrypoints.settings import Settings

T = TypeVar("T")

# A request that waits costs a connection and little else; one that would wait for very long had better come back.
_MOST_WAITING = 1000
_MOST_LOGINS_WAITING = 50
_FETCHES, _MOST_FETCHES_WAITING = 16, 50
_FETCHES_OF_ONE = 4  # at work or waiting: servers that let us wait are somebody's own affair
_RETRY_AFTER = 5  # seconds


class Pool(Enum):
    """What a request mostly does."""

    READING = auto()
    RENDERING = auto()
    HASHING = auto()  # of passwords: a quarter of a second of a core
    FETCHING = auto()  # from servers elsewhere, which may let it wait
    PROBING = auto()  # of health: never behind any of the others
    LIVING = auto()  # of whether the process does; not behind the probes that wait for a server that hangs either


class Threads:
    """Made on the event loop that uses it."""

    def __init__(self, settings: Settings) -> None:
        cores = os.cpu_count() or 1
        # A rendering waits in the engine's queue, with its thread; so each that may wait there has one.
        rendering = settings.render_slots + settings.render_queue
        self._pools = {
            Pool.READING: (CapacityLimiter(settings.http_threads), _MOST_WAITING),
            Pool.RENDERING: (CapacityLimiter(rendering), settings.render_queue),
            Pool.HASHING: (CapacityLimiter(cores), _MOST_LOGINS_WAITING),
            Pool.FETCHING: (CapacityLimiter(_FETCHES), _MOST_FETCHES_WAITING),
            Pool.PROBING: (CapacityLimiter(4), _MOST_WAITING),
            Pool.LIVING: (CapacityLimiter(1), _MOST_WAITING),
        }

        self._fetching: Counter[UserId] = Counter()

    async def run(self, pool: Pool, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises; raises Busy where too many wait for the same pool already."""
        limiter, most_waiting = self._pools[pool]
        if limiter.statistics().tasks_waiting >= most_waiting and limiter.available_tokens < 1:
            raise Busy("too many requests wait already")
        return await to_thread.run_sync(work, limiter=limiter)

    async def run_for(self, account: UserId | None, pool: Pool, work: Callable[[], T]) -> T:
        """As ``run``; raises TooManyWaiting where the account has as many fetches already as one may have."""
        if pool is not Pool.FETCHING or account is None:
            return await self.run(pool, work)
        if self._fetching[account] >= _FETCHES_OF_ONE:
            raise TooManyWaiting("too many of your requests wait for other servers already", _RETRY_AFTER)
        self._fetching[account] += 1
        try:
            return await self.run(pool, work)
        finally:
            self._fetching[account] -= 1
            if not self._fetching[account]:
                del self._fetching[account]
