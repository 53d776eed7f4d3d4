"""Until when a call may last."""

import time

from attrs import Factory, field, frozen

from imgsvc.domain.errors import RenderingTimedOut


@frozen
class Deadline:
    """Of all that is done for one call, from now on."""

    seconds: float
    _end: float = field(init=False, default=Factory(lambda self: time.monotonic() + self.seconds, takes_self=True))

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    @property
    def left(self) -> float:
        """Seconds; always some, since for sockets none would mean another thing."""
        return max(0.001, self._end - time.monotonic())

    def failure(self) -> RenderingTimedOut:
        return RenderingTimedOut(f"the picture took longer than {round(self.seconds, 2):g} seconds")
