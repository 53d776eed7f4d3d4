"""What is put off because something that it needs is down, or has too much to do."""

import logging

from attrs import define, field

from imgsvc.domain.errors import Busy, Unavailable


@define(eq=False)
class Postponed:
    """Work that is tried over and over, by one thread: told once that it comes later, until it has worked again.

    Its end is told by whoever found out what was down (adapters/common/outages.py).
    """

    logger: logging.Logger
    message: str  # with a place for the detail
    _told: set[int] = field(factory=set, init=False)  # levels: a warning is news to who knows of an outage

    def has_failed(self, error: Busy) -> None:
        level = level_of(error)
        if level not in self._told:
            self._told.add(level)
            self.logger.log(level, self.message, error.detail)

    def has_worked(self) -> None:
        self._told.clear()


def level_of(error: Busy) -> int:
    """What is down was told once already, by whoever found out (adapters/common/outages.py)."""
    return logging.INFO if isinstance(error, Unavailable) else logging.WARNING
