"""What is counted for those who run the service."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, TypeAlias

from attrs import frozen

JobResult: TypeAlias = Literal["ready", "failed", "cancelled"]
Return: TypeAlias = Literal["busy", "failed", "stopped"]  # why a job was given back
Loss: TypeAlias = Literal["timeout", "crash", "idle", "start"]  # of a child process: by its work, without any, at birth
Dependency: TypeAlias = Literal["database", "blobs", "jobs", "cache"]


class DependencyMetrics(Protocol):
    """How one thing that the service depends on fares."""

    def failed(self, *, is_there: bool) -> None:
        """One use of it failed: it said so itself (``is_there``), or could not be reached, or not in time."""

    def changed(self, *, is_well: bool) -> None:
        """From now on, something of it does not work, or all of it does again."""


@frozen
class Exposition:
    """All that was counted so far, to be sent to whoever asks."""

    content: bytes
    media_type: str


class Metrics(Protocol):
    """Counts what happens. Calls are safe from any thread and never fail; only ``exposition`` waits for anybody."""

    def exposition(self, accepted: str = "") -> Exposition:
        """In another format than the usual one, where ``accepted`` (as HTTP's Accept) names it. May take a second."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; ``route`` is the template of its path, and ``status`` 0 without an answer."""

    def picture(self, origin: str) -> None:
        """A rendering was sent: from ``memory``, ``redis`` or the storage (``stored``), or just ``rendered``."""

    def rendering(self, seconds: float, failure: str | None) -> None:
        """One has ended, with the code of its failure if it has one; ``seconds`` include the wait for a slot."""

    def job_ended(self, result: JobResult) -> None: ...

    def jobs_given_back(self, reason: Return, count: int = 1) -> None:
        """Attempts that came to no end; the jobs are to be made by whoever takes them next."""

    def jobs_waiting(self, count: Callable[[], int] | None) -> None:
        """From now on ``count`` knows how many there are; None: nobody does any more.

        It may raise and take its time: it is called by itself, now and then while somebody wants to be told.
        """

    def render_slots(self, count: int) -> None:
        """So many pictures may be worked on at once."""

    def busy_slot(self) -> AbstractContextManager[None]:
        """A picture is worked on until the context ends; to wait for a slot comes before that."""

    def child_lost(self, cause: Loss) -> None:
        """A process for renderings has ended, or was killed, before its time."""

    def message_sent(self, *, is_taken: bool) -> None:
        """A webhook was told something, and took it or did not."""

    def dependency(self, name: Dependency) -> DependencyMetrics: ...


class NoMetrics:
    """Counts nothing."""

    def exposition(self, accepted: str = "") -> Exposition:
        return Exposition(b"", "text/plain; charset=utf-8")

    def request(self, route: str, method: str, status: int, seconds: float) -> None: ...

    def picture(self, origin: str) -> None: ...

    def rendering(self, seconds: float, failure: str | None) -> None: ...

    def job_ended(self, result: JobResult) -> None: ...

    def jobs_given_back(self, reason: Return, count: int = 1) -> None: ...

    def jobs_waiting(self, count: Callable[[], int] | None) -> None: ...

    def render_slots(self, count: int) -> None: ...

    def busy_slot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def child_lost(self, cause: Loss) -> None: ...

    def message_sent(self, *, is_taken: bool) -> None: ...

    def dependency(self, name: Dependency) -> DependencyMetrics:
        return NO_DEPENDENCY_METRICS


class NoDependencyMetrics:
    """Counts nothing."""

    def failed(self, *, is_there: bool) -> None: ...

    def changed(self, *, is_well: bool) -> None: ...


NO_METRICS: Metrics = NoMetrics()
NO_DEPENDENCY_METRICS: DependencyMetrics = NoDependencyMetrics()
