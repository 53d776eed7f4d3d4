"""Times of single operations, and the tables of them."""

import time
from collections.abc import Callable, Mapping
from statistics import median, quantiles

from attrs import field, frozen


@frozen
class Latencies:
    """Seconds that each of many operations took."""

    seconds: list[float] = field(factory=list)

    @property
    def median(self) -> float:
        return median(self.seconds)

    def without(self, part: float) -> "Latencies":
        """What remains of each beside a part that takes about the same each time."""
        return Latencies([one - part for one in self.seconds])


def timed(operation: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    operation()
    return time.perf_counter() - began


def print_latencies(title: str, rows: Mapping[str, Latencies]) -> None:
    """In milliseconds."""
    print(f"\n{title}\n  {'':40}{'min':>9}{'p50':>9}{'p95':>9}{'max':>9}")
    for name, row in rows.items():
        columns = min(row.seconds), row.median, quantiles(row.seconds, n=20)[-1], max(row.seconds)
        print(f"  {name:40}" + "".join(f"{1000 * one:9.2f}" for one in columns), flush=True)
