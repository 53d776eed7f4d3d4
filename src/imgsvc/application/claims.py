"""The claims that this process holds: kept while the work goes on, and given back when it cannot."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock, Thread
from uuid import UUID

from attrs import define, field, frozen

from imgsvc.domain.errors import Busy
from imgsvc.ports.metrics import Metrics
from imgsvc.ports.variants import Claim, VariantRepository

logger = logging.getLogger(__name__)


@define(eq=False)
class HeldClaims:
    """Claims while somebody here works on them. Safe from any thread.

    One thread renews them all, with one statement, from the first claim until for a while there was none: to start one
    for each would cost a short job more than its row does.
    """

    variants: VariantRepository
    lease: timedelta
    _held: dict[UUID, Claim] = field(factory=dict, init=False)  # by token
    _is_kept: bool = field(default=False, init=False)  # the thread runs
    _lock: Lock = field(factory=Lock, init=False)  # of both
    _look: Event = field(factory=Event, init=False)  # the thread should see whether it is still needed

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """Renew the lease while the work goes on, so that it can be short and a dead worker is noticed soon."""
        with self._lock:
            if not self._is_kept:
                Thread(target=self._keep, name="leases", daemon=True).start()
                self._is_kept = True
            self._held[claim.token] = claim
        try:
            yield
        finally:
            with self._lock:
                del self._held[claim.token]

    def now(self) -> list[Claim]:
        with self._lock:
            return list(self._held.values())

    def let_go(self) -> None:
        """Nothing more is to be held for a while: the thread need not wait for it."""
        self._look.set()

    def _keep(self) -> None:
        # What comes just after a renewal has its own within a third of its lease: where that fails, there is time for
        # two more tries.
        while True:
            if self._look.wait(self.lease.total_seconds() / 3):
                self._look.clear()
            if not (claims := self._still_held()):
                return
            self._renew(claims)

    def _still_held(self) -> list[Claim]:
        """Where there are none the thread ends."""
        with self._lock:
            self._is_kept = bool(self._held)
            return list(self._held.values())

    def _renew(self, claims: list[Claim]) -> None:
        # Of a claim that was given up since, its token is no longer in the row, and nothing is renewed.
        try:
            self.variants.renew(claims, self.lease)
        except Busy:
            pass
        except Exception:
            logger.exception("leases could not be renewed")


@frozen
class GiveBackUnfinished:
    """Let others make what is being made here, at no charge; whoever works on it changes nothing any more."""

    variants: VariantRepository
    claims: HeldClaims
    metrics: Metrics

    def __call__(self) -> int:
        """How many there were. Raises Unavailable, and then their leases end by themselves."""
        count = 0
        try:
            for claim in self.claims.now():
                count += self.variants.release(claim, charged=False)
            return count
        finally:
            self.metrics.jobs_given_back("stopped", count)
            self.claims.let_go()
