"""Making variants for a caller who waits."""

import logging
from datetime import timedelta

from attrs import field, frozen

from imgsvc.application.failed_renderings import FailedRenderings
from imgsvc.application.owned_images import erasure_told
from imgsvc.application.planning import PlannedRendering
from imgsvc.application.rates import CountRendering, Payer
from imgsvc.application.rendering import open_rendition, render, store
from imgsvc.application.single_flight import SingleFlight
from imgsvc.application.sync_budget import ANY_COST, SyncBudget
from imgsvc.application.usage import NoteUse
from imgsvc.domain.errors import BlobNotFound, ImageNotFound, RenderingFailed
from imgsvc.domain.variant import Variant, VariantStatus
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.locks import Locks
from imgsvc.ports.variants import VariantRepository

logger = logging.getLogger(__name__)


@frozen
class MadeNow:
    """A ready variant and its bytes."""

    variant: Variant
    content: bytes
    is_new: bool  # rendered for this, not found stored


@frozen
class MakeNow:
    """Have a rendering for a caller who waits: stored, or made. Those who want the same meanwhile share the work."""

    images: ImageRepository
    variants: VariantRepository
    blobs: BlobStore
    engine: ImageEngine
    clock: Clock
    locks: Locks
    note_use: NoteUse
    count: CountRendering
    deadline: timedelta
    failed: FailedRenderings = field(factory=FailedRenderings)
    _flights: SingleFlight[MadeNow] = field(factory=SingleFlight, init=False)

    def __call__(self, planned: PlannedRendering, budget: SyncBudget = ANY_COST, payer: Payer | None = None) -> MadeNow:
        """Raises RenderingFailed, which counts for a minute; Busy, Unavailable; what GetImage does, if it is deleted.

        Where it is not stored, raises UseAsync if it costs more than the budget, and TooManyRequests if who pays for it
        has had too much: the image's owner, unless another is named.
        """
        payer = payer or Payer(planned.image.owner)
        # What is stored is looked for within the flight: who comes just after another one has landed finds it.
        # Strangers and the owner may share a flight: what it raises is told to each as it is for him.
        with erasure_told(self.images, planned.image, to_owner=not payer.is_stranger):
            return self._flights.run(
                planned.blob_key, lambda: self._stored(planned) or self._made_in_turn(planned, budget, payer)
            )

    def _made_in_turn(self, planned: PlannedRendering, budget: SyncBudget, payer: Payer) -> MadeNow:
        """By this process, or meanwhile by another."""
        budget.must_cover(planned.plan)
        self.failed.must_not_have(planned.blob_key)
        with self.locks.turn(planned.blob_key, self.deadline) as has_waited:
            return (self._stored(planned) if has_waited else None) or self._made(planned, payer)

    def _stored(self, planned: PlannedRendering) -> MadeNow | None:
        variant = self.variants.find(planned.name)
        if variant is None or variant.status is not VariantStatus.READY:
            return None
        if not self.note_use(variant):
            return None  # it expired within the last instant, and takes its bytes along
        try:
            with open_rendition(self.blobs, variant) as stream:
                return MadeNow(variant, stream.read(), is_new=False)
        except BlobNotFound as error:
            logger.warning("making a variant again: %s", error.detail, extra={"variant_id": str(variant.id)})
            return None

    def _made(self, planned: PlannedRendering, payer: Payer) -> MadeNow:
        self.count(payer, planned.plan.megapixels)
        wanted = Variant.requested(planned.image, planned.spec, planned.fingerprint, self.clock())
        try:
            rendered = render(self.images, self.blobs, self.engine, planned.image, planned.spec, self.deadline)
        except RenderingFailed as error:
            self.failed.note(planned.blob_key, error)
            raise
        store(self.blobs, wanted, rendered)
        # A crash here leaves a blob that the next rendering of the same overwrites with the same bytes.
        try:
            variant = self.variants.record(wanted.ready(rendered.rendition, self.clock()))
        except ImageNotFound:
            self.blobs.delete(wanted.blob_key)  # deleted meanwhile: nothing of it may stay
            raise
        return MadeNow(variant, rendered.content, is_new=True)
