"""How much one caller may have of a service that all share."""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil

from attrs import frozen

from imgsvc.domain.errors import TooManyRequests
from imgsvc.domain.user import UserId
from imgsvc.ports.limits import Allowance, Rate, RateLimiter


class Group(StrEnum):
    """Requests that are counted together."""

    AUTH = "auth"  # by address, since nobody knows yet who asks
    UPLOAD = "upload"
    RENDER = "render"  # by the megapixels that are rendered while the caller waits: what is there already costs nothing
    READ = "read"
    WRITE = "write"


@frozen
class Counted:
    """What became of a wish to be served."""

    group: Group
    rate: Rate
    allowance: Allowance

    def must_be_granted(self) -> None:
        """Raises TooManyRequests."""
        if not self.allowance.is_granted:
            wait = max(1, ceil(self.allowance.wait.total_seconds()))
            unit = "megapixels to render" if self.group is Group.RENDER else f"{self.group} requests"
            period = round(self.rate.period.total_seconds())
            detail = f"{self.rate.amount} {unit} in {period} seconds are used up: wait {wait} seconds"
            raise TooManyRequests(detail, wait)


@frozen
class CountRequest:
    """Count a request for whoever it comes from."""

    limiter: RateLimiter
    rates: Mapping[Group, Rate]  # a group without one is not counted

    def __call__(self, group: Group, caller: str) -> Counted | None:
        """``caller`` is whatever tells one from another: an account's id, an address. None where nothing is counted."""
        return self._take(group, caller, 1)

    def rendering(self, caller: UserId, megapixels: float) -> None:
        """Count what is about to be rendered while its caller waits.

        What costs more than the whole rate is let through when all of the rate is left. Raises TooManyRequests.
        """
        counted = self._take(Group.RENDER, str(caller), ceil(megapixels))
        if counted is not None:
            counted.must_be_granted()

    def _take(self, group: Group, caller: str, cost: int) -> Counted | None:
        rate = self.rates.get(group)
        if rate is None:
            return None
        allowance = self.limiter.take(f"{group}/{caller}", rate, min(cost, rate.amount))
        return Counted(group, rate, allowance)
