"""What will come of a spec, before a pixel is touched."""

from collections.abc import Collection
from uuid import UUID

from attrs import evolve, frozen

from imgsvc.application.owned_images import owned_image
from imgsvc.application.sync_budget import SyncBudget
from imgsvc.domain.errors import ImageNotFound, InvalidParameter
from imgsvc.domain.image import Facts, Image, ImageId
from imgsvc.domain.limits import Limits
from imgsvc.domain.plan import Plan, outlook, plan
from imgsvc.domain.transform import AUTO, TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import RenderingName, rendering_version
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.imaging import ImageEngine


@frozen
class PlannedRendering:
    """A rendering that may be had: the caller owns the image, and the spec fits it."""

    image: Image
    spec: TransformSpec
    plan: Plan
    fingerprint: str
    is_negotiated: bool = False  # whether another client might get another format

    @property
    def name(self) -> RenderingName:
        return RenderingName(self.image.id, self.spec.id, self.fingerprint)

    @property
    def blob_key(self) -> str:
        """Of the variant that it becomes."""
        return self.name.blob_key

    @property
    def version(self) -> str:
        """Equal for equal bytes, and known before any pixel is."""
        return rendering_version(self.image.sha256, self.spec.id, self.fingerprint)


@frozen
class PlanRendering:
    """Find out whether a spec can be applied to an image, and what will come of it."""

    images: ImageRepository
    engine: ImageEngine
    limits: Limits

    def must_be_doable(self, caller: UserId, spec: TransformSpec) -> None:
        """To some picture. Raises InvalidInput."""
        self.engine.check(spec)
        _overlays(self.images, caller, spec)

    def must_fit(self, caller: UserId, spec: TransformSpec, facts: Facts) -> None:
        """A picture of these facts. Raises InvalidInput."""
        plan(spec, facts, self.limits, _overlays(self.images, caller, spec))

    def __call__(
        self, caller: UserId, image_id: ImageId, spec: TransformSpec, accepted: Collection[str] = ()
    ) -> PlannedRendering:
        """``accepted`` are the media types that the caller said to show, for the format `auto`.

        Raises what GetImage does; InvalidInput where the spec does not fit.
        """
        return self.of(owned_image(self.images, caller, image_id), spec, accepted)

    def of(self, image: Image, spec: TransformSpec, accepted: Collection[str] = ()) -> PlannedRendering:
        """The same for an image that its owner was given before, or has given to others."""
        self.engine.check(spec)
        planned = plan(spec, image.facts, self.limits, _overlays(self.images, image.owner, spec), accepted)
        is_negotiated = spec.output.format == AUTO
        if is_negotiated:
            spec = evolve(spec, output=planned.output)
        return PlannedRendering(image, spec, planned, self.engine.fingerprint, is_negotiated)


@frozen
class Explained:
    """What a spec will do to an image, whether or not that is within the limits."""

    spec: TransformSpec
    plan: Plan
    budget: SyncBudget

    @property
    def fits_sync(self) -> bool:
        """Whether it is made while the caller waits, with the mode `auto`."""
        return self.plan.fits and self.budget.covers(self.plan)


@frozen
class ExplainPlan:
    """Tell what a spec will do to an image, from what is known of the image alone."""

    images: ImageRepository
    engine: ImageEngine
    limits: Limits
    budget: SyncBudget

    def __call__(self, caller: UserId, image_id: ImageId, spec: TransformSpec) -> Explained:
        """Over a limit is told by the plan's verdicts; raises InvalidInput for what cannot be done at any size.

        Raises what GetImage does.
        """
        image = owned_image(self.images, caller, image_id)
        self.engine.check(spec)
        found = outlook(spec, image.facts, self.limits, _overlays(self.images, caller, spec))
        return Explained(spec, found, self.budget)


def _overlays(images: ImageRepository, caller: UserId, spec: TransformSpec) -> dict[UUID, Facts]:
    """The facts of the images that watermarks name; raises InvalidParameter for one that the caller has not got."""
    return {image: overlay.facts for image, overlay in overlay_images(images, caller, spec).items()}


def overlay_images(images: ImageRepository, owner: UserId, spec: TransformSpec) -> dict[UUID, Image]:
    """The images that watermarks name, by their ids; raises InvalidParameter for one that the owner has not got."""
    return {image: _overlay(images, owner, ImageId(image), step) for image, step in spec.overlays.items()}


def _overlay(images: ImageRepository, owner: UserId, image_id: ImageId, step: int) -> Image:
    try:
        overlay = images.get(image_id)
        overlay.must_belong_to(owner)
    except ImageNotFound:
        raise InvalidParameter(
            f"the watermark's image {image_id} does not exist",
            path=("steps", step, "image"),
            value=str(image_id),
            allowed="the id of an image of yours",
        ) from None
    return overlay
