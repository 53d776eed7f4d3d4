"""What adapters find out about themselves and what they depend on, for whoever runs the service."""

from enum import StrEnum

from attrs import frozen


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, though not well, or not for long
    ERROR = "error"


@frozen
class Finding:
    """One thing that was looked at. Neither sentence ever holds a secret."""

    dependency: str
    level: Level
    found: str
    remedy: str = ""  # how to mend it


@frozen
class Subject:
    """What is examined, by the name that all findings of it bear."""

    name: str

    def ok(self, found: str) -> Finding:
        return Finding(self.name, Level.OK, found)

    def warning(self, found: str, remedy: str) -> Finding:
        return Finding(self.name, Level.WARNING, found, remedy)

    def error(self, found: str, remedy: str) -> Finding:
        return Finding(self.name, Level.ERROR, found, remedy)

    def clock(self, seconds: float, whose: str, most: float) -> Finding:
        """``seconds``: how far a clock is before ours; ``most``: how far it may be."""
        if abs(seconds) <= most:
            return self.ok(f"{whose} clock and ours agree to {max(0.1, abs(seconds)):.1f} s")
        direction = "ahead of" if seconds > 0 else "behind"
        return self.warning(f"{whose} clock is {abs(seconds):.0f} s {direction} ours", "set both by NTP")
