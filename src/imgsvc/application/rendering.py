"""Making variants: now for a caller who waits, later for the queue, and again for what was left lying."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from math import inf
from threading import Event, Thread

from attrs import field, frozen

from imgsvc.application.planning import PlannedRendering
from imgsvc.application.single_flight import SingleFlight
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
)
from imgsvc.domain.image import Image, ImageId, original_key
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import Failure, Variant, VariantId, VariantStatus
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.clock import Clock
from imgsvc.ports.imaging import ImageEngine, Rendered
from imgsvc.ports.jobs import JobQueue
from imgsvc.ports.locks import Locks
from imgsvc.ports.repositories import Claim, ImageRepository, VariantRepository

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

    variants: VariantRepository
    blobs: BlobStore
    engine: ImageEngine
    clock: Clock
    locks: Locks
    deadline: timedelta
    _flights: SingleFlight[MadeNow] = field(factory=SingleFlight, init=False)

    def __call__(self, planned: PlannedRendering, most_megapixels: float = inf) -> MadeNow:
        """Raises RenderingFailed, Busy, Unavailable, ImageNotFound; UseAsync where it is not stored and costs more."""
        # What is stored is looked for within the flight: who comes just after another one has landed finds it.
        return self._flights.run(
            planned.blob_key, lambda: self._stored(planned) or self._made_in_turn(planned, most_megapixels)
        )

    def _made_in_turn(self, planned: PlannedRendering, most_megapixels: float) -> MadeNow:
        """By this process, or meanwhile by another."""
        planned.must_cost_at_most(most_megapixels)
        with self.locks.turn(planned.blob_key, self.deadline) as has_waited:
            return (self._stored(planned) if has_waited else None) or self._made(planned)

    def _stored(self, planned: PlannedRendering) -> MadeNow | None:
        variant = self.variants.find(planned.image.id, planned.spec.id, planned.fingerprint)
        if variant is None or variant.status is not VariantStatus.READY:
            return None
        try:
            return MadeNow(variant, self.blobs.get(variant.blob_key), is_new=False)
        except BlobNotFound:
            logger.warning("a ready variant has no bytes, making them again", extra={"variant_id": str(variant.id)})
            return None

    def _made(self, planned: PlannedRendering) -> MadeNow:
        wanted = Variant.requested(planned.image, planned.spec, planned.fingerprint, self.clock())
        rendered = render(self.blobs, self.engine, planned.image, planned.spec, self.deadline)
        self.blobs.put(wanted.blob_key, rendered.content, rendered.rendition.media_type)
        # A crash here leaves a blob that the next rendering of the same overwrites with the same bytes.
        try:
            variant = self.variants.record(wanted.ready(rendered.rendition, self.clock()))
        except ImageNotFound:
            self.blobs.delete(wanted.blob_key)  # deleted meanwhile: nothing of it may stay
            raise
        return MadeNow(variant, rendered.content, is_new=True)


@frozen
class MakeVariant:
    """Make a queued variant; called once or many times for one, it is made once."""

    images: ImageRepository
    variants: VariantRepository
    blobs: BlobStore
    engine: ImageEngine
    clock: Clock
    lease: timedelta
    deadline: timedelta
    max_attempts: int

    def __call__(self, variant_id: VariantId) -> None:
        """Raises Busy or Unavailable where the same call may succeed later; the variant is pending again then."""
        claim = self.variants.claim(variant_id, self.lease)
        if claim is None:
            return
        if claim.variant.attempts > self.max_attempts:  # every worker that took it has died of it
            self._give_up(claim)
            return
        try:
            with self._lease_kept(claim):
                self._make(claim)
        except RenderingCrashed as error:
            self._try_again(claim, error)
        except (InvalidInput, NotFound, RenderingFailed) as error:
            self._fail(claim, error)
        except Busy:
            # If releasing fails too, the lease ends by itself, and RequeueStalled finds the variant.
            self.variants.release(claim, charged=False)
            raise
        except Exception as error:
            logger.exception("variant could not be made", extra={"variant_id": str(variant_id)})
            self._try_again(claim, error)

    def _make(self, claim: Claim) -> None:
        variant = claim.variant
        if variant.fingerprint != self.engine.fingerprint:
            variant = self._adopted(claim)
        image = self.images.get(variant.image_id)
        rendered = render(self.blobs, self.engine, image, variant.spec, self.deadline)
        # The key is the variant's own, so a second worker writes the same bytes to the same place.
        self.blobs.put(variant.blob_key, rendered.content, rendered.rendition.media_type)
        if not self.variants.finish(claim, rendered.rendition, self.clock()) and self._is_gone(variant):
            self.blobs.delete(variant.blob_key)

    def _adopted(self, claim: Claim) -> Variant:
        """The variant under the name of the engine that makes it: it was queued before an upgrade."""
        adopted = self.variants.adopt(claim, self.engine.fingerprint)
        if adopted is None:
            raise RenderingFailed("a newer engine has made this already: ask for it again")
        return adopted.variant

    def _is_gone(self, variant: Variant) -> bool:
        return not self.images.existing([variant.image_id])

    def _fail(self, claim: Claim, error: ImgsvcError) -> None:
        self.variants.fail(claim, Failure(code=error.code, detail=error.detail), self.clock())

    def _try_again(self, claim: Claim, error: Exception) -> None:
        if claim.variant.attempts >= self.max_attempts:
            if isinstance(error, ImgsvcError):
                self._fail(claim, error)
            else:
                self._give_up(claim)
            return
        self.variants.release(claim, charged=True)
        raise Unavailable("the rendering ended unexpectedly") from error

    def _give_up(self, claim: Claim) -> None:
        self._fail(claim, RenderingFailed(f"given up after {self.max_attempts} attempts"))

    @contextmanager
    def _lease_kept(self, claim: Claim) -> Iterator[None]:
        """Renew the lease while the work goes on, so that it can be short and a dead worker is noticed soon."""
        done = Event()
        keeper = Thread(target=self._renew_until, args=(claim, done), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _renew_until(self, claim: Claim, done: Event) -> None:
        while not done.wait(self.lease.total_seconds() / 3):
            try:
                self.variants.renew(claim, self.lease)
            except Busy:
                continue  # there is time for two more tries
            except Exception:
                logger.exception("the lease could not be renewed")


@frozen
class RequeueStalled:
    """Signal again what waits without a signal: after a crash, a lost message, or a lease that ran out."""

    variants: VariantRepository
    jobs: JobQueue

    def __call__(self, idle: timedelta, limit: int = 1000) -> int:
        """Publish variants that were not signalled for ``idle``; how many there were. Raises Unavailable."""
        stalled = self.variants.take_stalled(idle, limit)
        for variant_id in stalled:
            self.jobs.publish(variant_id)
        return len(stalled)


def render(blobs: BlobStore, engine: ImageEngine, image: Image, spec: TransformSpec, deadline: timedelta) -> Rendered:
    """The rendering of a stored original. Raises BlobNotFound and what ImageEngine.render raises."""
    with ExitStack() as opened:
        source = opened.enter_context(blobs.open(image.blob_key))
        # The bytes under an id never change, so the spec says enough of them for every key and version.
        overlays = {one: opened.enter_context(blobs.open(original_key(ImageId(one)))) for one in spec.overlays}
        return engine.render(source, spec, overlays, deadline=deadline)
