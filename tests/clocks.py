"""A clock that only moves when a test says so."""

from datetime import UTC, datetime, timedelta

from attrs import define


@define
class StoppedClock:
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, time: timedelta) -> None:
        self.now += time
