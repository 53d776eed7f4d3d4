"""What nobody needs any more goes: variants that nobody wants, and jobs that ended long ago."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TypeAlias, TypeVar

from attrs import frozen

from imgsvc.application.usage import REMEMBERED
from imgsvc.domain.variant import RenderingName, VariantId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.pages import Position
from imgsvc.ports.retention import RetentionRepository

logger = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 500  # rows in one statement, which nobody else has to wait for noticeably
_SHOWN = 5

MustStop: TypeAlias = Callable[[], bool]
"""Whether no more is to be begun; whatever is left is found the next time."""


def never() -> bool:
    return False


@frozen
class Tally:
    """How many there were, and what the first few are called."""

    count: int = 0
    first: tuple[str, ...] = ()

    def plus(self, names: Iterable[object]) -> "Tally":
        added = [str(name) for name in names]
        return Tally(self.count + len(added), (*self.first, *added)[:_SHOWN])


def until_nothing_is_left(remove: Callable[[int], int], must_stop: MustStop) -> int:
    """How many were removed by ``remove``, which is told how many may go at once and answers how many did."""
    count = 0
    while not must_stop() and (removed := remove(BATCH)):
        count += removed
    return count


def parts(read: Callable[[T | None], Sequence[T]], must_stop: MustStop) -> Iterator[Sequence[T]]:
    """The parts of a list, each read behind the last item of the one before."""
    after: T | None = None
    while not must_stop() and (part := read(after)):
        yield part
        after = part[-1]


@frozen
class EraseRendering:
    """Remove the bytes of a rendering that there is no variant for."""

    retention: RetentionRepository
    blobs: BlobStore

    def __call__(self, name: RenderingName) -> bool:
        """False where there is a variant again by now. Raises Busy, Unavailable."""
        # It may be made anew at any time, by bytes first and row second, and its bytes must stay then. So the row is
        # looked for at the last moment. Who stores the bytes before they are deleted here, and the row after it was
        # looked for, is left with a row alone: MakeNow and OpenVariant make the bytes again when somebody wants them,
        # and SweepOrphans removes the row when nobody does. For that the rendering must have been unused for months,
        # and be made within these few milliseconds.
        if self.retention.existing([name]):
            return False
        self.blobs.delete(name.blob_key)
        return True


@frozen
class ExpireVariants:
    """Remove variants that nobody wanted for long. Who asks for the same again has it made again."""

    retention: RetentionRepository
    blobs: BlobStore
    erase: EraseRendering
    life: timedelta | None  # since they were wanted last; None is for ever

    def __call__(self, *, dry_run: bool = False, must_stop: MustStop = never) -> Tally:
        """Those that were removed, or would be. Raises Busy, Unavailable."""
        if self.life is None:
            return Tally()
        # Nothing goes sooner than it should because its last use was not noted.
        idle, tally = self.life + REMEMBERED, Tally()
        for part in parts(lambda after: self.retention.unused(idle, BATCH, after), must_stop):
            found = _ids(part)
            tally = tally.plus(found if dry_run else self._expired(found, idle, must_stop))
        if tally.count and not dry_run:
            logger.info("removed variants that nobody wanted for long", extra={"count": tally.count})
        return tally

    def _expired(self, found: Sequence[VariantId], idle: timedelta, must_stop: MustStop) -> Iterable[VariantId]:
        self.blobs.check()  # while it is away, rows would go and their bytes stay
        # The row goes first, so nobody is promised bytes that are going. What a crash leaves is SweepOrphans' work,
        # and so is what there is no time for.
        expired = self.retention.expire(found, idle)
        for name in expired.values():
            if must_stop():
                break
            self.erase(name)
        return expired.keys()


@frozen
class PruneJobs:
    """Forget jobs that ended long ago: failed ones wholly, while the results of others stay as variants."""

    retention: RetentionRepository
    life: timedelta | None  # since they ended; None is for ever

    def __call__(self, *, dry_run: bool = False, must_stop: MustStop = never) -> Tally:
        """Those that were forgotten, or would be. Raises Busy, Unavailable."""
        if self.life is None:
            return Tally()
        life, tally = self.life, Tally()
        for part in parts(lambda after: self.retention.finished_jobs(life, BATCH, after), must_stop):
            found = _ids(part)
            tally = tally.plus(found if dry_run else self._pruned(found, life))
        if tally.count and not dry_run:
            logger.info("forgot jobs that ended long ago", extra={"count": tally.count})
        return tally

    def _pruned(self, found: Sequence[VariantId], life: timedelta) -> Iterable[VariantId]:
        pruned = self.retention.prune(found, life)
        return (*pruned.removed, *pruned.kept)


def _ids(part: Sequence[Position]) -> Sequence[VariantId]:
    return [VariantId(one.id) for one in part]
