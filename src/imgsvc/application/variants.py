"""Variants from their owner's side: ask for them, open them, list them."""

import json
import logging
from enum import StrEnum
from typing import BinaryIO

from attrs import frozen

from imgsvc.application.job_limits import JobLimit
from imgsvc.application.making_now import MakeNow
from imgsvc.application.owned_images import erasure_told, owned_image
from imgsvc.application.planning import PlannedRendering, PlanRendering
from imgsvc.application.rates import Payer
from imgsvc.application.rendering import open_rendition
from imgsvc.application.retention import EraseRendering
from imgsvc.application.sync_budget import SyncBudget
from imgsvc.application.usage import NoteUse
from imgsvc.domain.errors import (
    BlobNotFound,
    Busy,
    InvalidInput,
    RenderingFailed,
    TooManyJobs,
    VariantNotFound,
    VariantNotReady,
)
from imgsvc.domain.image import ImageId
from imgsvc.domain.plain_data import plain, read
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Rendition, Variant, VariantId, VariantStatus
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.cache import Cache
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.jobs import JobQueue
from imgsvc.ports.metrics import Metrics
from imgsvc.ports.pages import Page, PageRequest
from imgsvc.ports.variants import VariantRepository

logger = logging.getLogger(__name__)


class Origin(StrEnum):
    """Where a rendering's bytes came from."""

    MEMORY = "memory"
    SHARED = "redis"
    STORED = "stored"
    RENDERED = "rendered"


@frozen
class OpenedRendering:
    planned: PlannedRendering
    rendition: Rendition
    content: bytes
    origin: Origin


class Mode(StrEnum):
    """When a variant is made."""

    AUTO = "auto"  # now, unless it costs more than somebody should wait for
    SYNC = "sync"  # now
    ASYNC = "async"  # in the background


@frozen
class RequestVariant:
    """Have a variant made in the background, once per image and spec."""

    images: ImageRepository
    plan: PlanRendering
    variants: VariantRepository
    jobs: JobQueue
    clock: Clock
    note_use: NoteUse
    limit: JobLimit

    def __call__(self, caller: UserId, image_id: ImageId, spec: TransformSpec) -> Variant:
        """The same variant however often it is asked for; one that failed is tried again.

        Raises what GetImage does; InvalidInput where the spec does not fit; TooManyJobs.
        """
        return self.request(self.plan(caller, image_id, spec))

    def request(self, planned: PlannedRendering, *, by_owner: bool = True) -> Variant:
        """The same for a rendering that was planned before; who is not its owner is not told that he has erased it."""
        with erasure_told(self.images, planned.image, to_owner=by_owner):
            return self._requested(planned)

    def _requested(self, planned: PlannedRendering) -> Variant:
        # Who is refused has not waited for a turn: those who ask too often would keep the threads of others waiting.
        if self._finds_little_room(planned):
            with self.limit.turn(planned.image.owner):
                self._finds_little_room(planned)
                variant = self._added(planned)
        else:
            variant = self._added(planned)
        self.note_use(variant)
        if variant.status is VariantStatus.PENDING:
            self._signal(variant)
        return variant

    def would_queue(self, planned: PlannedRendering) -> bool:
        """Whether it would be one job more: not where it waits already, or was made."""
        found = self.variants.find(planned.name)
        return found is None or found.status is VariantStatus.FAILED

    def _finds_little_room(self, planned: PlannedRendering) -> bool:
        """Raises TooManyJobs, but for what would not be one job more."""
        try:
            return self.limit.must_leave_room(planned.image.owner)
        except TooManyJobs:
            if self.would_queue(planned):
                raise
            return False

    def _added(self, planned: PlannedRendering) -> Variant:
        wanted = Variant.requested(planned.image, planned.spec, planned.fingerprint, self.clock(), queued=True)
        variant, _ = self.variants.add_if_absent(wanted)
        return self._again(variant, wanted) if variant.status is VariantStatus.FAILED else variant

    def _again(self, failed: Variant, wanted: Variant) -> Variant:
        try:
            return self.variants.retry(failed.id, wanted.created_at)
        except VariantNotFound:  # forgotten within the last instant
            variant, _ = self.variants.add_if_absent(wanted)
            return variant

    def _signal(self, variant: Variant) -> None:
        # The row came first: a signal lost here leaves a pending variant, which RequeueStalled signals again.
        try:
            self.jobs.publish(variant.id)
        except Busy:
            logger.info("job could not be signalled, it will be later", extra={"variant_id": str(variant.id)})


@frozen
class TransformImage:
    """Have a variant made, now or in the background."""

    plan: PlanRendering
    request_variant: RequestVariant
    make_now: MakeNow
    variants: VariantRepository
    note_use: NoteUse
    budget: SyncBudget

    def __call__(
        self, caller: UserId, image_id: ImageId, spec: TransformSpec, mode: Mode, payer: Payer | None = None
    ) -> tuple[Variant, bool]:
        """The variant, ready where it was made now, and whether it was. Raises what RequestVariant and MakeNow do."""
        return self.transform(self.plan(caller, image_id, spec), mode, payer)

    def transform(self, planned: PlannedRendering, mode: Mode, payer: Payer | None) -> tuple[Variant, bool]:
        """The same for a rendering that was planned before."""
        if mode is Mode.ASYNC:
            return self.request_variant.request(planned), False
        existing = self.ready(planned)
        if existing is not None and self.note_use(existing):
            return existing, False
        if mode is Mode.AUTO and not self.budget.covers(planned.plan):
            return self.request_variant.request(planned), False
        made = self.make_now(planned, self.budget, payer)
        return made.variant, made.is_new

    def ready(self, planned: PlannedRendering) -> Variant | None:
        """The variant, where it was made before."""
        found = self.variants.find(planned.name)
        return found if found is not None and found.status is VariantStatus.READY else None


@frozen
class OpenRendering:
    """A rendering's bytes, from the nearest place that has them, made now where none has."""

    plan: PlanRendering
    variants: VariantRepository
    make_now: MakeNow
    cache: Cache
    note_use: NoteUse
    budget: SyncBudget

    def __call__(self, caller: UserId, image_id: ImageId, spec: TransformSpec) -> OpenedRendering:
        """Raises InvalidInput, and what GetImage and MakeNow do."""
        return self.open(self.plan(caller, image_id, spec))

    def open(self, planned: PlannedRendering, payer: Payer | None = None) -> OpenedRendering:
        """The same for a rendering that was planned before."""
        key = planned.blob_key
        cached = self.cache.get(key)
        found = None if cached is None else _unpacked(cached.content)
        if cached is not None and found is not None and self._is_kept(planned):
            return OpenedRendering(planned, *found, Origin.SHARED if cached.is_shared else Origin.MEMORY)
        made = self.make_now(planned, self.budget, payer)
        assert made.variant.rendition is not None
        self.cache.put(key, _packed(made.variant.rendition, made.content))
        origin = Origin.RENDERED if made.is_new else Origin.STORED
        return OpenedRendering(planned, made.variant.rendition, made.content, origin)

    def _is_kept(self, planned: PlannedRendering) -> bool:
        """Whether it was not deleted since: caches that are down, or in other processes, do not hear of that."""
        variant = self.variants.find(planned.name)
        return variant is not None and variant.status is VariantStatus.READY and self.note_use(variant)

    def known(self, planned: PlannedRendering) -> Rendition | None:
        """What is known of the rendering without its being made."""
        variant = self.variants.find(planned.name)
        return variant.rendition if variant is not None else None


def _packed(rendition: Rendition, content: bytes) -> bytes:
    return json.dumps(plain(rendition)).encode() + b"\n" + content


def _unpacked(cached: bytes) -> tuple[Rendition, bytes] | None:
    head, _, content = cached.partition(b"\n")
    try:
        rendition = read(Rendition, json.loads(head))
    except (ValueError, RecursionError, InvalidInput):
        return None
    return (rendition, content) if len(content) == rendition.byte_count else None


@frozen
class GetVariant:
    """One variant; seen from the queue, one job."""

    variants: VariantRepository
    note_use: NoteUse

    def __call__(self, caller: UserId, variant_id: VariantId) -> Variant:
        """Raises VariantNotFound, also when the variant is someone else's.

        Who looks at it will want it, and may have its bytes already: so it is noted here.
        """
        variant = self.variants.get(variant_id)
        variant.must_belong_to(caller)
        self.note_use(variant)
        return variant


@frozen
class OpenVariant:
    """The bytes of a variant that is ready."""

    plan: PlanRendering
    make_now: MakeNow
    get_variant: GetVariant
    blobs: BlobStore

    def __call__(self, caller: UserId, variant_id: VariantId) -> BinaryIO:
        """A stream that the caller closes. Raises VariantNotFound, VariantNotReady, and what MakeNow does."""
        return self.open(self.get_variant(caller, variant_id))

    def open(self, variant: Variant) -> BinaryIO:
        """The same for a variant that its owner was given before."""
        if variant.rendition is None:
            raise VariantNotReady(f"the variant is {variant.status}")
        try:
            return open_rendition(self.blobs, variant)
        except BlobNotFound:
            self.get_variant(variant.owner, variant.id)  # else who reads while it is deleted would have it made again
            self._make_again(variant)
            return open_rendition(self.blobs, variant)

    def _make_again(self, variant: Variant) -> None:
        planned = self.plan(variant.owner, variant.image_id, variant.spec)
        if planned.fingerprint != variant.fingerprint:
            raise RenderingFailed("the bytes are lost, and so is the engine that made them: ask for the picture again")
        self.make_now(planned)


@frozen
class DeleteVariant:
    """Purge one rendering: its row, its bytes, and what caches have of it. A job is cancelled by that.

    Who asks for the same again has it made again, under another id.
    """

    variants: VariantRepository
    blobs: BlobStore
    cache: Cache
    metrics: Metrics
    erase: EraseRendering

    def __call__(self, caller: UserId, variant_id: VariantId) -> None:
        """Raises VariantNotFound, also when the variant is someone else's; Unavailable, with everything as it was."""
        self.variants.get(variant_id).must_belong_to(caller)
        self.blobs.check()  # while it is away, the row would go and the bytes stay
        # The row goes first: nobody is promised the bytes from here on, no cache may show them (OpenRendering), and who
        # makes it just now finds his claim gone, and takes his bytes back. What a crash leaves is SweepOrphans' work.
        deleted = self.variants.delete(variant_id)
        if deleted is None:
            raise VariantNotFound(f"no variant {variant_id}")  # deleted just before
        if deleted.queued_at is not None and deleted.finished_at is None:
            self.metrics.job_ended("cancelled")
        self.cache.delete(deleted.blob_key)
        self.erase(deleted.name)


@frozen
class ListVariants:
    """What was made of an image, newest first."""

    images: ImageRepository
    variants: VariantRepository

    def __call__(self, caller: UserId, image_id: ImageId, page: PageRequest) -> Page[Variant]:
        """Raises what GetImage does."""
        owned_image(self.images, caller, image_id)
        return self.variants.list_of_image(image_id, page)
