"""Which rows nobody needs any more, and their removal.

What goes is decided when it goes: whatever happened to a row since somebody looked, the call that removes it asks
again, within one transaction, and passes over rows that somebody else has in hand. So several may do the same at once.
The age of things is told by the repository's own clock. Any call may raise Busy or Unavailable; calls are safe from
any thread.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from attrs import frozen

from imgsvc.domain.image import ImageId
from imgsvc.domain.variant import RenderingName, VariantId
from imgsvc.ports.pages import Position


@frozen
class Named:
    """A variant under the name of its rendering."""

    id: VariantId
    name: RenderingName
    is_unused: bool


@frozen
class Original:
    """An image, and where its bytes are."""

    id: ImageId
    bytes_id: ImageId


@frozen
class PrunedJobs:
    """What became of finished jobs."""

    removed: Collection[VariantId]  # they had failed
    kept: Collection[VariantId]  # as variants, which are ready, and no jobs any more


class RetentionRepository(Protocol):
    """A variant is *unused* when it is ready, is no job, and nobody wanted it for some time.

    Lists are read in parts of at most ``limit``, each behind the last item of the one before.
    """

    def note_use(self, variant_id: VariantId) -> bool:
        """The variant is wanted now; False where it is gone."""

    def unused(self, idle: timedelta, limit: int, after: Position | None = None) -> Sequence[Position]:
        """Variants that were unused for ``idle``, the longest unused first."""

    def expire(self, variant_ids: Collection[VariantId], idle: timedelta) -> Mapping[VariantId, RenderingName]:
        """Remove those that are still unused for ``idle``; which they were."""

    def finished_jobs(self, age: timedelta, limit: int, after: Position | None = None) -> Sequence[Position]:
        """Jobs that were asked for, and ready or failed, longer than ``age`` ago; the oldest first."""

    def prune(self, variant_ids: Collection[VariantId], age: timedelta) -> PrunedJobs:
        """Have those that are still finished for ``age`` be no jobs any more: ready ones stay as variants."""

    def existing(self, names: Collection[RenderingName]) -> set[RenderingName]:
        """Those that there is a variant for, in whatever state."""

    def by_name(self, idle: timedelta, limit: int, after: Named | None = None) -> Sequence[Named]:
        """All variants, in the order of their names, and whether each was unused for ``idle``."""

    def originals(self, limit: int, after: Original | None = None) -> Sequence[Original]:
        """Of all images, in the order of their ids."""
