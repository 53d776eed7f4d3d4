"""Making variants for the queue, and again for what was left lying; how one is rendered, stored and opened."""

import hashlib
import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from time import sleep
from typing import BinaryIO

from attrs import evolve, frozen

from imgsvc.application.checked_streams import checked
from imgsvc.application.claims import HeldClaims
from imgsvc.application.originals import open_original, original_if_needed
from imgsvc.application.planning import overlay_images
from imgsvc.application.retention import EraseRendering
from imgsvc.domain.errors import (
    BlobNotFound,
    Busy,
    ImageNotFound,
    ImgsvcError,
    InvalidInput,
    NotFound,
    RenderingCrashed,
    RenderingFailed,
    Unavailable,
    VariantNotFound,
)
from imgsvc.domain.image import Image
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.imaging import ImageEngine, Rendered
from imgsvc.ports.jobs import JobQueue
from imgsvc.ports.metrics import Metrics, Return
from imgsvc.ports.variants import Claim, VariantRepository

logger = logging.getLogger(__name__)

_FINISHING_PAUSES = (0.2, 0.5, 1, 2, 4, 8)  # seconds


@frozen
class MakeVariant:
    """Make a queued variant; called once or many times for one, it is made once."""

    images: ImageRepository
    variants: VariantRepository
    blobs: BlobStore
    engine: ImageEngine
    clock: Clock
    claims: HeldClaims
    metrics: Metrics
    erase: EraseRendering
    deadline: timedelta
    max_attempts: int
    pause: Callable[[float], None] = sleep  # seconds

    def __call__(self, variant_id: VariantId, when_rendered: Callable[[], None] = lambda: None) -> bool:
        """Whether there was anything to do: not for what is being made, has ended, or is gone.

        ``when_rendered`` is called when the work of a processor is done, and what was made is still to be stored.

        Raises Busy or Unavailable where the same call may succeed later; the variant is pending again then.
        """
        claim = self.variants.claim(variant_id, self.claims.lease)
        if claim is None:
            return False
        if claim.variant.attempts > self.max_attempts:  # every worker that took it has died of it
            self._give_up(claim)
            return True
        try:
            with self.claims.holding(claim):
                self._make(claim, when_rendered)
        except RenderingCrashed as error:
            self._try_again(claim, error)
        except (InvalidInput, NotFound, RenderingFailed) as error:
            self._fail(claim, error)
        except Busy:
            # If releasing fails too, the lease ends by itself, and RequeueStalled finds the variant.
            self._give_back(claim, "busy", charged=False)
            raise
        except Exception as error:
            logger.exception("variant could not be made", extra={"variant_id": str(variant_id)})
            self._try_again(claim, error)
        return True

    def _make(self, claim: Claim, when_rendered: Callable[[], None]) -> None:
        variant = claim.variant
        if variant.fingerprint != self.engine.fingerprint:
            variant = self._adopted(claim)
        rendered = render(self.images, self.blobs, self.engine, claim.image, variant.spec, self.deadline)
        when_rendered()
        # The key is the variant's own, so a second worker writes the same bytes to the same place.
        store(self.blobs, variant, rendered)
        if self._finish(claim, rendered.rendition):
            self.metrics.job_ended("ready")
        else:
            self._take_back(variant)

    def _finish(self, claim: Claim, rendition: Rendition) -> bool:
        """Said again while the database is away: the work is done, and to do it anew would cost more than to wait."""
        for pause in _FINISHING_PAUSES:
            try:
                return self.variants.finish(claim, rendition, self.clock())
            except Busy:
                self.pause(pause)
        return self.variants.finish(claim, rendition, self.clock())

    def _adopted(self, claim: Claim) -> Variant:
        """The variant under the name of the engine that makes it: it was queued before an upgrade."""
        adopted = self.variants.adopt(claim, self.engine.fingerprint)
        if adopted is None:
            raise RenderingFailed("a newer engine has made this already: ask for it again")
        return adopted.variant

    def _take_back(self, variant: Variant) -> None:
        """The bytes, where nobody wants them any more: it was cancelled, or deleted, alone or with its image."""
        try:
            if self.variants.get(variant.id).is_cancelled:
                self.blobs.delete(variant.blob_key)
        except VariantNotFound:
            self.erase(variant.name)

    def _fail(self, claim: Claim, error: ImgsvcError) -> None:
        if self.variants.fail(claim, Failure(code=error.code, detail=error.detail), self.clock()):
            self.metrics.job_ended("failed")

    def _give_back(self, claim: Claim, reason: Return, *, charged: bool) -> None:
        if self.variants.release(claim, charged=charged):
            self.metrics.jobs_given_back(reason)

    def _try_again(self, claim: Claim, error: Exception) -> None:
        if claim.variant.attempts >= self.max_attempts:
            if isinstance(error, ImgsvcError):
                self._fail(claim, error)
            else:
                self._give_up(claim)
            return
        self._give_back(claim, "failed", charged=True)
        raise Unavailable("the rendering ended unexpectedly") from error

    def _give_up(self, claim: Claim) -> None:
        self._fail(claim, RenderingFailed(f"given up after {self.max_attempts} attempts"))


@frozen
class GiveUpVariant:
    """Mark a variant failed that the queue will not deliver any more, since whoever took it never came back."""

    variants: VariantRepository
    clock: Clock
    metrics: Metrics
    lease: timedelta

    def __call__(self, variant_id: VariantId) -> bool:
        """Whether it was: not where it was made meanwhile, or is just being made. Raises Unavailable."""
        # A claim that a dead worker left is found by RequeueStalled, and ends with the attempts.
        claim = self.variants.claim(variant_id, self.lease)
        if claim is not None:
            failure = Failure(code=RenderingFailed.code, detail="given up: whoever began it never came back")
            if self.variants.fail(claim, failure, self.clock()):
                self.metrics.job_ended("failed")
        return claim is not None


@frozen
class RequeueStalled:
    """Signal again what waits without a signal: after a crash, a lost message, or a lease that ran out.

    What was signalled and is still in the queue is signalled twice: that costs a look at its row, and no more.
    """

    variants: VariantRepository
    jobs: JobQueue

    def __call__(self, idle: timedelta, limit: int = 1000) -> int:
        """Publish variants that were not signalled for ``idle``, and those whose lease is over; how many there were.

        Raises Unavailable.
        """
        stalled = self.variants.take_stalled(idle, limit)
        for variant_id in stalled:
            self.jobs.publish(variant_id)
        return len(stalled)


def render(
    images: ImageRepository,
    blobs: BlobStore,
    engine: ImageEngine,
    image: Image,
    spec: TransformSpec,
    deadline: timedelta,
) -> Rendered:
    """The rendering of a stored original.

    Raises OriginalMissing and OriginalDamaged, of a watermark's image as well; what ImageEngine.render raises;
    ImageNotFound, and InvalidParameter where it is a watermark's image that was deleted.
    """
    with ExitStack() as opened:
        source = opened.enter_context(original_if_needed(blobs, images, image))
        # The bytes under an id never change, so the spec says enough of them for every key and version.
        shown = overlay_images(images, image.owner, spec)
        try:
            overlays = {one: opened.enter_context(open_original(blobs, images, of)) for one, of in shown.items()}
        except ImageNotFound:
            overlay_images(images, image.owner, spec)  # tells which of them was deleted just now
            raise
        made = engine.render(source, spec, overlays, deadline=deadline, digest=image.sha256)
    digest = hashlib.sha256(made.content).hexdigest()
    return evolve(made, rendition=evolve(made.rendition, sha256=digest))


def store(blobs: BlobStore, variant: Variant, rendered: Rendered) -> None:
    """Without waiting for a disk: what a power cut takes is noticed by its digest, and made again."""
    blobs.put(variant.blob_key, rendered.content, rendered.rendition.media_type, durable=False)


def open_rendition(blobs: BlobStore, variant: Variant) -> BinaryIO:
    """The bytes of a ready variant as they were made; the caller closes it. Raises BlobNotFound, also for others."""
    made = variant.rendition
    assert made is not None

    def damaged() -> BlobNotFound:
        return BlobNotFound("its bytes were damaged in storage")

    return checked(blobs.open(variant.blob_key), made.byte_count, made.sha256, damaged, wholly=True)
