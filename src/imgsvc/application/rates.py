"""How much one caller may have of a service that all share."""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil

from attrs import frozen

from imgsvc.domain.api_key import ApiKeyId
from imgsvc.domain.errors import TooManyRequests, UsedUp
from imgsvc.domain.session import Identity
from imgsvc.domain.user import UserId
from imgsvc.ports.rate_limits import Allowance, Rate, RateLimiter


class RateGroup(StrEnum):
    """Requests that are counted together."""

    AUTH = "auth"  # by address, since nobody knows yet who asks
    LINK = "link"  # by address, since anybody may follow a link
    UPLOAD = "upload"
    RENDER = "render"  # by the megapixels that are rendered while the caller waits: what is there already costs nothing
    LINK_RENDER = "link_render"  # the same for those who follow the links of an account, all of them together
    READ = "read"
    WRITE = "write"


OF_KEYS = (RateGroup.UPLOAD, RateGroup.RENDER, RateGroup.READ, RateGroup.WRITE)


@frozen
class Payer:
    """Whom a rendering is counted for: the account, and the key that it was asked for with; or the account's links."""

    account: UserId
    key: ApiKeyId | None = None
    is_stranger: bool = False  # who only follows a link of the account's

    @classmethod
    def of(cls, identity: Identity) -> "Payer":
        return cls(identity.user.id, identity.key)


@frozen
class Counted:
    """What became of a wish to be served."""

    name: str  # of the rate
    rate: Rate
    allowance: Allowance

    @property
    def seconds(self) -> int:
        return round(self.rate.period.total_seconds())

    def must_be_granted(self, unit: str = "requests") -> None:
        """Raises TooManyRequests."""
        if not self.allowance.is_granted:
            wait = max(1, ceil(self.allowance.wait.total_seconds()))
            detail = f"{self.rate.amount} {unit} of the rate {self.name} in {self.seconds} seconds are used up"
            used_up = UsedUp(self.name, self.rate.amount, self.seconds, self.allowance.remaining)
            raise TooManyRequests(f"{detail}: wait {wait} seconds", wait, used_up)


@frozen
class RateLimits:
    """What everybody may have, and what is left of it."""

    limiter: RateLimiter
    rates: Mapping[RateGroup, Rate]  # of an account or an address; a group without one is not counted
    key_rates: Mapping[RateGroup, Rate]  # of one API key, within what its account may have

    def take(self, group: RateGroup, whose: str, key: ApiKeyId | None = None, cost: int = 1) -> tuple[Counted, ...]:
        """``whose`` is whatever tells one from another: an account's id, an address.

        Of the key first: what it may not have costs its account nothing. What costs more than a whole rate is let
        through when all of the rate is left.
        """
        wanted = [] if key is None else [(f"key_{group}", self.key_rates.get(group), str(key))]
        counted = []
        for name, rate, payer in (*wanted, (str(group), self.rates.get(group), whose)):
            if rate is None:
                continue
            allowance = self.limiter.take(f"{name}/{payer}", rate, min(cost, rate.amount))
            counted.append(Counted(name, rate, allowance))
            if not allowance.is_granted:
                break
        return tuple(counted)


@frozen
class CountRequest:
    """Count a request for whoever it comes from."""

    rate_limits: RateLimits

    def __call__(self, group: RateGroup, whom: Identity | str) -> tuple[Counted, ...]:
        """For an account, and the key where it comes with one; or for an address."""
        if isinstance(whom, str):
            return self.rate_limits.take(group, whom)
        return self.rate_limits.take(group, str(whom.user.id), whom.key)


@frozen
class CountRendering:
    """Count what is about to be rendered while somebody waits."""

    rate_limits: RateLimits

    def __call__(self, payer: Payer, megapixels: float) -> None:
        """Raises TooManyRequests."""
        group = RateGroup.LINK_RENDER if payer.is_stranger else RateGroup.RENDER
        for counted in self.rate_limits.take(group, str(payer.account), payer.key, ceil(megapixels)):
            counted.must_be_granted("megapixels")
