"""Plans: what a spec will do to an image, without doing it."""

from typing import Any
from uuid import UUID

from attrs import frozen

from imgsvc.application.planning import Explained
from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import ImageErased, ImageNotFound
from imgsvc.domain.image import ImageId
from imgsvc.domain.notation import compact
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.plan import Verdict
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.endpoints.images import SPEC_FAILURES


@frozen(kw_only=True)
class StepView:
    """The picture before the first step, or after one."""

    after: str | None  # the step; none before the first
    width: int  # pixels
    height: int
    exact: bool  # false after a trim: only the pixels tell how much of the picture is border


@frozen(kw_only=True)
class VerdictView:
    limit: str
    value: int  # of memory, the least that it may take
    allowed: int
    fits: bool

    @classmethod
    def of(cls, verdict: Verdict) -> "VerdictView":
        return cls(limit=verdict.limit, value=verdict.value, allowed=verdict.allowed, fits=verdict.fits)


@frozen(kw_only=True)
class PlanView:
    """What a spec will do to an image."""

    spec: dict[str, Any]  # canonical
    spec_id: str
    compact: str
    sizes: tuple[StepView, ...]
    format: str
    frames: int
    megapixels: float  # the cost, which `mode=auto` decides by
    memory_bytes: int  # that rendering takes at most
    limits: tuple[VerdictView, ...]
    fits: bool
    fits_sync: bool  # whether `mode=auto` makes it at once

    @classmethod
    def of(cls, explained: Explained) -> "PlanView":
        plan, spec = explained.plan, explained.spec
        names = [None, *(step.op for step in spec.steps)]
        steps = enumerate(zip(names, plan.sizes, strict=True))
        return cls(
            spec=canonical(spec),
            spec_id=spec.id,
            compact=compact(spec),
            sizes=tuple(
                StepView(after=op, width=size.width, height=size.height, exact=index < plan.exact)
                for index, (op, size) in steps
            ),
            format=plan.format,
            frames=plan.frames,
            megapixels=round(plan.megapixels, 3),
            memory_bytes=plan.memory_bytes,
            limits=tuple(VerdictView.of(one) for one in plan.verdicts),
            fits=plan.fits,
            fits_sync=explained.fits_sync,
        )


@frozen(kw_only=True)
class PlanQuery:
    """Nothing: the spec is the body."""


@endpoint(
    "POST",
    "/v1/images/{image_id}/plan",
    tag="variants",
    raises=(ImageNotFound, ImageErased, *SPEC_FAILURES),
    only_reads=True,
)
def plan_transform(
    use_cases: UseCases, caller: User, image_id: UUID, query: PlanQuery, body: TransformSpec
) -> PlanView:
    """Sizes, cost and limits of a transform, without rendering it; over a limit is told, not refused."""
    return PlanView.of(use_cases.explain_plan(caller.id, ImageId(image_id), body))


ENDPOINTS = (plan_transform,)
