"""Turns at what several processes might do at once, though once is enough."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol


class Locks(Protocol):
    """A courtesy and no guarantee: two may have a turn where one lost its own, or nobody can be asked.

    So what is done in turn must do no harm when it is done twice. Calls are safe from any thread, and none raises.
    """

    def turn(self, key: str, lease: timedelta) -> AbstractContextManager[bool]:
        """Wait until nobody else has a turn at ``key``, which is any text, and have it until the context ends.

        No turn lasts longer than its ``lease``, and nobody waits longer than his own. Gives whether this one had to
        wait: then what he wants may be done by now.
        """
