"""All that the service can do, on one page."""

from datetime import timedelta

from attrs import field, frozen

from imgsvc.application.accounts import Authenticate, LogIn, RegisterUser
from imgsvc.application.images import DeleteImage, GetImage, ListImages, OpenOriginal, UploadImage
from imgsvc.application.planning import ExplainPlan, PlanRendering
from imgsvc.application.rendering import MakeNow, MakeVariant, RequeueStalled
from imgsvc.application.retention import SweepOrphans
from imgsvc.application.variants import (
    GetVariant,
    ListJobs,
    ListVariants,
    OpenRendering,
    OpenVariant,
    RequestVariant,
    TransformImage,
)
from imgsvc.domain.field_rules import within
from imgsvc.domain.plan import Limits
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.cache import Cache
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import PasswordHasher, TokenIssuer
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.jobs import JobQueue
from imgsvc.ports.locks import Locks
from imgsvc.ports.repositories import ImageRepository, UserRepository, VariantRepository


@frozen(kw_only=True)
class Ports:
    """What the use cases need from the outside."""

    users: UserRepository
    images: ImageRepository
    variants: VariantRepository
    blobs: BlobStore
    cache: Cache
    locks: Locks
    jobs: JobQueue
    engine: ImageEngine
    hasher: PasswordHasher
    tokens: TokenIssuer
    clock: Clock


@frozen(kw_only=True)
class Policy:
    """What may be decided differently from one installation to the next."""

    limits: Limits = field(factory=Limits)
    lease: timedelta = timedelta(seconds=15)  # renewed while a variant is made, so it is what a dead worker costs
    strict_types: bool = False  # refuse pictures that are labelled as something else
    max_attempts: int = field(default=3, validator=within(1, 100))
    sync_deadline: timedelta = timedelta(seconds=10)  # of a rendering that somebody waits for
    job_deadline: timedelta = timedelta(seconds=120)
    sync_megapixels: float = field(default=150.0, validator=within(0, 1e6))


@frozen(kw_only=True)
class UseCases:
    register_user: RegisterUser
    log_in: LogIn
    authenticate: Authenticate
    upload_image: UploadImage
    get_image: GetImage
    open_original: OpenOriginal
    list_images: ListImages
    delete_image: DeleteImage
    plan_rendering: PlanRendering
    explain_plan: ExplainPlan
    open_rendering: OpenRendering
    transform_image: TransformImage
    request_variant: RequestVariant
    get_variant: GetVariant
    open_variant: OpenVariant
    list_variants: ListVariants
    list_jobs: ListJobs
    make_variant: MakeVariant
    requeue_stalled: RequeueStalled
    sweep_orphans: SweepOrphans


def assemble(ports: Ports, policy: Policy) -> UseCases:
    """Every use case on the given ports."""
    p, limits = ports, policy.limits
    plan = PlanRendering(p.images, p.engine, limits)
    make_now = MakeNow(p.variants, p.blobs, p.engine, p.clock, p.locks, policy.sync_deadline)
    request_variant = RequestVariant(plan, p.variants, p.jobs, p.clock)
    return UseCases(
        register_user=RegisterUser(p.users, p.hasher, p.clock),
        log_in=LogIn(p.users, p.hasher, p.tokens),
        authenticate=Authenticate(p.users, p.tokens),
        upload_image=UploadImage(p.images, p.blobs, p.engine, p.clock, limits, policy.strict_types),
        get_image=GetImage(p.images),
        open_original=OpenOriginal(p.images, p.blobs),
        list_images=ListImages(p.images),
        delete_image=DeleteImage(p.images, p.blobs, p.cache),
        plan_rendering=plan,
        explain_plan=ExplainPlan(p.images, p.engine, limits, policy.sync_megapixels),
        open_rendering=OpenRendering(plan, make_now, p.cache, policy.sync_megapixels),
        transform_image=TransformImage(plan, request_variant, make_now, p.variants, policy.sync_megapixels),
        request_variant=request_variant,
        get_variant=GetVariant(p.variants),
        open_variant=OpenVariant(plan, make_now, p.variants, p.blobs),
        list_variants=ListVariants(p.images, p.variants),
        list_jobs=ListJobs(p.variants),
        make_variant=MakeVariant(
            p.images,
            p.variants,
            p.blobs,
            p.engine,
            p.clock,
            lease=policy.lease,
            deadline=policy.job_deadline,
            max_attempts=policy.max_attempts,
        ),
        requeue_stalled=RequeueStalled(p.variants, p.jobs),
        sweep_orphans=SweepOrphans(p.users, p.images, p.blobs, p.clock),
    )
