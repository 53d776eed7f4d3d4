"""Jobs: variants seen while they are made in the background."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO

from attrs import field, frozen

from imgsvc.application.images import DeleteImage, UploadImage
from imgsvc.application.job_limits import JobLimit
from imgsvc.application.owned_images import erasure_told
from imgsvc.application.planning import PlannedRendering, PlanRendering
from imgsvc.application.presets import ResolveSpec
from imgsvc.application.rates import CountRendering, Payer
from imgsvc.application.single_flight import SingleFlight
from imgsvc.application.variants import GetVariant, RequestVariant
from imgsvc.domain.errors import Busy, ImageNotFound, JobFinished, RenderingFailed
from imgsvc.domain.image import NO_LABELS, Facts, Image, ImageId, Labels
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import CANCELLED, Failure, Variant, VariantId, VariantStatus
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.metrics import Metrics
from imgsvc.ports.pages import Page, PageRequest
from imgsvc.ports.variants import Progress, VariantRepository


@frozen
class ListJobs:
    """The caller's variants that were asked for in the background, newest first."""

    variants: VariantRepository

    def __call__(
        self,
        caller: UserId,
        page: PageRequest,
        *,
        status: VariantStatus | None = None,
        image_id: ImageId | None = None,
    ) -> Page[Variant]:
        """Jobs of the given status and image, where those are given."""
        return self.variants.list_jobs(caller, page, status=status, image_id=image_id)


@frozen
class GetJob:
    """One job, seen from its owner's side."""

    get_variant: GetVariant

    def __call__(self, caller: UserId, job_id: VariantId) -> Variant:
        """Raises VariantNotFound, also when the job is someone else's."""
        variant = self.get_variant(caller, job_id)
        variant.must_be_job()
        return variant


@frozen
class WatchJobs:
    """Look at many jobs at once, on behalf of those who were given each of them before."""

    variants: VariantRepository

    def __call__(self, job_ids: Sequence[VariantId]) -> Mapping[VariantId, Progress]:
        """How far each has come; who is gone is missing. Raises Busy, Unavailable."""
        return self.variants.progress(job_ids)


@frozen
class QueueRendering:
    """Have what costs too much to wait for made as a job, whose result is then what the same request finds."""

    images: ImageRepository
    variants: VariantRepository
    request_variant: RequestVariant
    limit: JobLimit
    count: CountRendering
    _flights: SingleFlight[Variant] = field(factory=SingleFlight, init=False)

    def __call__(self, planned: PlannedRendering, payer: Payer | None = None) -> Variant:
        """Raises RenderingFailed where that was tried and failed: it is tried again by who asks for a job.

        A stranger pays for it as for what is rendered while he waits, and finds less room in the queue: raises
        TooManyRequests, TooManyJobs. Those who ask at once pay once. Raises what GetImage does, if it was deleted.
        """
        by_owner = payer is None or not payer.is_stranger
        # As in MakeNow, what a flight raises is told to each who shares it as it is for him.
        with erasure_told(self.images, planned.image, to_owner=by_owner):
            return self._flights.run(planned.blob_key, lambda: self._queued(planned, payer))

    def _queued(self, planned: PlannedRendering, payer: Payer | None) -> Variant:
        tried = self.variants.find(planned.name)
        if tried is not None and tried.failure is not None and not tried.is_cancelled:
            raise RenderingFailed(f"this was tried as a job, and failed: {tried.failure.detail}")
        if payer is not None and payer.is_stranger and (tried is None or tried.is_cancelled):
            self.limit.must_leave_room(payer.account, for_strangers=True)
            self.count(payer, planned.plan.megapixels)
        return self.request_variant.request(planned, by_owner=False)


@frozen
class QueueUpload:
    """Take a picture in and have it transformed in the background: all of that, or nothing."""

    plan: PlanRendering
    upload: UploadImage
    resolve_spec: ResolveSpec
    request_variant: RequestVariant
    delete: DeleteImage
    limit: JobLimit

    def __call__(
        self,
        caller: UserId,
        content: BinaryIO,
        wanted: Sequence[WantedSpec],
        *,
        name: str = "",
        declared_type: str = "",
        labels: Labels = NO_LABELS,
        image_id: ImageId | None = None,
    ) -> tuple[Image, list[Variant]]:
        """The image, and the jobs in the order of the specs; equal specs are one job.

        Raises what UploadImage does, TooManyJobs, and InvalidInput with the place of the spec that does not fit, or of
        the preset that there is not. Nothing is kept then.
        """
        specs = self._doable(caller, wanted)

        def must_fit(facts: Facts) -> None:
            for one, spec in zip(wanted, specs, strict=True):
                with one.refused_there():
                    self.plan.must_fit(caller, spec, facts)

        image = self.upload(caller, content, name, declared_type, labels, image_id, must_suit=must_fit)
        # A crash from here on leaves an image without some of its jobs: nobody was told of it, its owner finds it in
        # his list, and who sends the same again with the same Idempotency-Key gets it with all of them.
        try:
            return image, [self.request_variant(caller, image.id, spec) for spec in specs]
        except BaseException:
            with suppress(Busy, ImageNotFound):
                self.delete(caller, image.id)
            raise

    def must_be_possible(
        self, caller: UserId, wanted: Sequence[WantedSpec], *, image_id: ImageId | None = None
    ) -> None:
        """Of some picture, for those who have yet to go and get it. Raises QuotaExceeded, TooManyJobs, InvalidInput."""
        self._doable(caller, wanted)
        self.upload.must_be_possible(caller, image_id)

    def _doable(self, caller: UserId, wanted: Sequence[WantedSpec]) -> list[TransformSpec]:
        """The specs, each of which some picture can be transformed by, and for which there is room."""
        specs = []
        for one in wanted:
            with one.refused_there():
                spec = self.resolve_spec(caller, one.given)
                self.plan.must_be_doable(caller, spec)
            specs.append(spec)
        self.limit.must_leave_room(caller, len({spec.id for spec in specs}))
        return specs


@frozen
class CancelJob:
    """Have a job made no further. Who works on it finds his claim gone, and keeps nothing."""

    variants: VariantRepository
    clock: Clock
    metrics: Metrics

    def __call__(self, caller: UserId, job_id: VariantId) -> Variant:
        """The job as it is then, however often it is cancelled.

        Raises VariantNotFound, also when the job is someone else's; JobFinished where it came to another end.
        """
        variant = self.variants.get(job_id)
        variant.must_belong_to(caller)
        variant.must_be_job()
        if variant.finished_at is None:
            failure = Failure(code=CANCELLED, detail="cancelled by its owner")
            variant = self.variants.cancel(job_id, failure, self.clock())
            if variant.is_cancelled:
                self.metrics.job_ended("cancelled")
        if not variant.is_cancelled:
            raise JobFinished(f"the job is {variant.status}")
        return variant
