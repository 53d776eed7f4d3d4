"""Rates counted by the library ``limits``: in the window that runs now, and by its weight in the one before.

That is the sliding window counter: two numbers for each key, however many requests they stand for. In any window no
more than the rate is granted, as far as what was granted in the one before came evenly.
"""

from datetime import timedelta
from time import time

from limits import RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from imgsvc.ports.rate_limits import Allowance, Rate


def taken(counters: SlidingWindowCounterRateLimiter, name: str, rate: Rate, cost: int) -> Allowance:
    item = RateLimitItemPerSecond(rate.amount, round(rate.period.total_seconds()))
    is_granted = counters.hit(item, name, cost=cost)
    left = counters.get_window_stats(item, name)
    wait = timedelta(seconds=max(0.0, left.reset_time - time()))
    if not wait and left.remaining < rate.amount:  # a window has just begun
        wait = rate.period
    return Allowance(is_granted, left.remaining, wait)
