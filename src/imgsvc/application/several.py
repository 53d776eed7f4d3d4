"""Several variants of one image, asked for at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from attrs import frozen

from imgsvc.application.job_limits import JobLimit
from imgsvc.application.owned_images import owned_image
from imgsvc.application.planning import PlannedRendering, PlanRendering
from imgsvc.application.presets import ResolveSpec
from imgsvc.application.rates import Payer
from imgsvc.application.sync_budget import SyncBudget
from imgsvc.application.variants import Mode, RequestVariant, TransformImage
from imgsvc.domain.errors import Busy, InvalidInput, RenderingFailed, TooManyRequests
from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Variant
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository

ByKey: TypeAlias = Mapping[str, PlannedRendering]  # by that of its blob, so that each is there once


@frozen
class TransformSeveral:
    """Have several variants of an image made, now or in the background; what they cost now, they cost together.

    So do they take their time: none is begun after ``sync_deadline``.
    """

    images: ImageRepository
    plan: PlanRendering
    resolve_spec: ResolveSpec
    request_variant: RequestVariant
    limit: JobLimit
    transform_image: TransformImage
    budget: SyncBudget
    sync_deadline: timedelta
    clock: Clock

    def __call__(
        self,
        caller: UserId,
        image_id: ImageId,
        given: Sequence[WantedSpec],
        mode: Mode,
        payer: Payer | None = None,
    ) -> list[tuple[Variant, bool]]:
        """The variants in the order of the specs, each with whether it was made now.

        Raises what GetImage does, and InvalidInput with the place of the spec that does not fit, or TooManyJobs: then
        none is made. In the mode `auto`, what cannot be made now becomes a job, which tells why; in the mode `sync` it
        raises what RequestVariant and MakeNow do, or Busy where the time is up.
        """
        image = owned_image(self.images, caller, image_id)
        planned = [self._planned(image, one) for one in given]
        missing = {one.blob_key: one for one in planned if self.transform_image.ready(one) is None}
        jobs = self._jobs(missing, mode)
        self.limit.must_leave_room(caller, sum(self.request_variant.would_queue(one) for one in jobs.values()))
        until = self.clock() + self.sync_deadline
        # A crash from here on leaves some of them, and so does who takes the room for jobs at the same time: who asks
        # again gets those, and the others too.
        return [self._transformed(one, Mode.ASYNC if one.blob_key in jobs else mode, payer, until) for one in planned]

    def _planned(self, image: Image, wanted: WantedSpec) -> PlannedRendering:
        with wanted.refused_there():
            return self.plan.of(image, self.resolve_spec(image.owner, wanted.given))

    def _jobs(self, missing: ByKey, mode: Mode) -> ByKey:
        """Those that nobody waits for. Raises UseAsync."""
        match mode:
            case Mode.SYNC:
                self.budget.must_cover_all(one.plan for one in missing.values())
                return {}
            case Mode.AUTO:
                return self._too_costly(missing)
            case Mode.ASYNC:
                return missing

    def _too_costly(self, missing: ByKey) -> ByKey:
        """Those that cost more than the ones before them have left."""
        left = self.budget
        jobs = {}
        for key, one in missing.items():
            if left.covers(one.plan):
                left = left.without(one.plan)
            else:
                jobs[key] = one
        return jobs

    def _transformed(
        self, planned: PlannedRendering, mode: Mode, payer: Payer | None, until: datetime
    ) -> tuple[Variant, bool]:
        try:
            if mode is not Mode.ASYNC and self.clock() > until and self.transform_image.ready(planned) is None:
                raise Busy("the specs before this one took all the time there is; ask again for the others")
            return self.transform_image.transform(planned, mode, payer)
        except (InvalidInput, RenderingFailed, TooManyRequests, Busy):
            if mode is not Mode.AUTO:
                raise
            return self.transform_image.transform(planned, Mode.ASYNC, payer)
