"""How often somebody may do something."""

from datetime import timedelta
from typing import Protocol

from attrs import field, frozen

from imgsvc.domain.field_rules import within


@frozen
class Rate:
    """So much within any such time, spread over it or at once."""

    amount: int = field(validator=within(1, 10**9))
    period: timedelta  # whole seconds


@frozen
class Allowance:
    """What became of a wish, and what is left of the rate after it."""

    is_granted: bool
    remaining: int
    wait: timedelta  # until there is more; nothing where all of it is left


class RateLimiter(Protocol):
    """Counts for all who share it; who cannot reach the others counts for himself.

    Calls are safe from any thread, and none raises.
    """

    def take(self, key: str, rate: Rate, cost: int = 1) -> Allowance:
        """Take ``cost`` of what ``key``, which is any text, may have at that rate; nothing where less is left."""
