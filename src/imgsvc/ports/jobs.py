"""Signals that a variant waits to be made. Only signals: the variant's row is the truth."""

from datetime import timedelta
from typing import Protocol

from imgsvc.domain.variant import VariantId


class JobQueue(Protocol):
    """Takes signals. Calls are safe from any thread, and nobody waits in ``publish`` for anything but this process."""

    def publish(self, variant_id: VariantId) -> None:
        """Have the variant delivered at least once, now or later; twice is harmless. Raises Unavailable."""

    def check(self) -> None:
        """Raises Unavailable where signals do not reach the workers just now, though they may be taken.

        That is asked anew, and waited for 2 seconds at most.
        """


class Delivery(Protocol):
    """One signal, taken by one worker, until it says what became of it."""

    @property
    def variant_id(self) -> VariantId: ...

    @property
    def request_id(self) -> str | None:
        """Of the request that asked for it, for the logs."""

    @property
    def was_given_up(self) -> bool:
        """It was delivered too often, as if whoever takes it dies of it, and will not be delivered any more."""

    def make_way(self) -> None:
        """Let another one come in its place, though it is not settled.

        From here on, it is lost with this process; its variant's row is not.
        """

    def acknowledge(self) -> None:
        """It is done with, whatever came of it."""

    def requeue(self, delay: timedelta) -> None:
        """Deliver it again, not before ``delay`` is over."""


class JobSource(Protocol):
    """Gives signals out, each to one worker at a time. Calls are safe from any thread."""

    @property
    def outlives_process(self) -> bool:
        """Whether what was published is still there when this process has ended."""

    def receive(self, timeout: timedelta) -> Delivery | None:
        """The next signal, or None when none came in time, or the source was left or closed meanwhile."""

    def leave(self) -> None:
        """Let others have what came for the next ``receive``, and have all that wait there return.

        Whoever calls ``receive`` again is back.
        """
