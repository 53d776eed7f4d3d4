"""How often somebody may guess a password."""

from math import ceil

from attrs import frozen

from imgsvc.domain.errors import TooManyRequests
from imgsvc.domain.user import username_key
from imgsvc.ports.rate_limits import Rate, RateLimiter


@frozen
class LoginAttempts:
    """Attempts to give a password, wherever it is asked for."""

    limiter: RateLimiter
    per_account: Rate | None  # from one address, which an owner elsewhere does not pay for
    per_address: Rate | None

    def count(self, username: str, address: str) -> None:
        """Before the time of a hash is spent, and alike for names that there are and that there are not.

        Raises TooManyRequests.
        """
        self._count("address", address, self.per_address)
        self._count("account", f"{address}/{username_key(username)}", self.per_account)

    def _count(self, kind: str, key: str, rate: Rate | None) -> None:
        if rate is None:
            return
        allowance = self.limiter.take(f"login/{kind}/{key}", rate)
        if not allowance.is_granted:
            wait = max(1, ceil(allowance.wait.total_seconds()))
            raise TooManyRequests(f"too many tries to log in: wait {wait} seconds", wait)
