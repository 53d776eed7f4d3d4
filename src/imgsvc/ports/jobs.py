"""Signals that a variant waits to be made. Only signals: the variant's row is the truth."""

from datetime import timedelta
from typing import Protocol

from imgsvc.domain.variant import VariantId


class JobQueue(Protocol):
    """Takes signals. Calls are safe from any thread."""

    def publish(self, variant_id: VariantId) -> None:
        """Have the variant delivered at least once, now or later; twice is harmless. Raises Unavailable."""


class Delivery(Protocol):
    """One signal, taken by one worker, until it says what became of it."""

    @property
    def variant_id(self) -> VariantId: ...

    def acknowledge(self) -> None:
        """It is done with, whatever came of it."""

    def requeue(self, delay: timedelta) -> None:
        """Deliver it again, not before ``delay`` is over."""


class JobSource(Protocol):
    """Gives signals out, each to one worker at a time. Calls are safe from any thread."""

    def receive(self, timeout: timedelta) -> Delivery | None:
        """The next signal, or None when none came in time or the source was closed."""
