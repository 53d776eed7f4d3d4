"""All that the service can do, on one page."""

from attrs import frozen

from imgsvc.application.accounts import LogIn, RegisterUser
from imgsvc.application.api_keys import CreateApiKey, DeleteApiKey, KnownKeys, ListApiKeys
from imgsvc.application.claims import GiveBackUnfinished, HeldClaims
from imgsvc.application.deliveries import ClaimDelivery, ListDeliveries, PruneDeliveries, ReplayDelivery, SendDelivery
from imgsvc.application.erasure import DeleteAccount, FinishErasures
from imgsvc.application.fetching import FetchPicture
from imgsvc.application.idempotency import AnswerOnce
from imgsvc.application.images import (
    ChangeImage,
    DeleteImage,
    GetImage,
    GetUsage,
    ListImages,
    OpenOriginal,
    UploadImage,
)
from imgsvc.application.job_limits import JobLimit
from imgsvc.application.jobs import CancelJob, GetJob, ListJobs, QueueRendering, QueueUpload, WatchJobs
from imgsvc.application.links import FollowLink, MakeLinks
from imgsvc.application.login_attempts import LoginAttempts
from imgsvc.application.making_now import MakeNow
from imgsvc.application.orphans import SweepOrphans
from imgsvc.application.planning import ExplainPlan, PlanRendering
from imgsvc.application.policy import Policy
from imgsvc.application.ports import Ports
from imgsvc.application.presets import DeletePreset, GetPreset, ListPresets, PutPreset, ResolveSpec
from imgsvc.application.presigned_urls import PresignContent
from imgsvc.application.pruning import PruneIdempotencyKeys, PruneInvalidations, PruneTombstones
from imgsvc.application.rates import CountRendering, CountRequest, RateLimits
from imgsvc.application.rendering import GiveUpVariant, MakeVariant, RequeueStalled
from imgsvc.application.retention import EraseRendering, ExpireVariants, PruneJobs
from imgsvc.application.sessions import (
    Authenticate,
    ChangePassword,
    FindRevoked,
    LogOut,
    PruneSessions,
    RefreshSession,
    SessionTokens,
)
from imgsvc.application.several import TransformSeveral
from imgsvc.application.storage_mark import ClaimStorage, FindBelonging
from imgsvc.application.sweep import Sweep
from imgsvc.application.sync_budget import SyncBudget
from imgsvc.application.usage import NoteUse
from imgsvc.application.variants import (
    DeleteVariant,
    GetVariant,
    ListVariants,
    OpenRendering,
    OpenVariant,
    RequestVariant,
    TransformImage,
)
from imgsvc.application.webhooks import (
    CallableAddress,
    ChangeWebhook,
    CreateWebhook,
    DeleteWebhook,
    GetWebhook,
    ListWebhooks,
    RemoveDeletedWebhooks,
    RotateSecret,
    SendTestMessage,
)


@frozen(kw_only=True)
class UseCases:
    register_user: RegisterUser
    log_in: LogIn
    authenticate: Authenticate
    find_revoked: FindRevoked
    refresh_session: RefreshSession
    log_out: LogOut
    change_password: ChangePassword
    delete_account: DeleteAccount
    create_api_key: CreateApiKey
    list_api_keys: ListApiKeys
    delete_api_key: DeleteApiKey
    count_request: CountRequest
    answer_once: AnswerOnce
    upload_image: UploadImage
    fetch_picture: FetchPicture
    get_usage: GetUsage
    get_image: GetImage
    open_original: OpenOriginal
    presign_content: PresignContent
    list_images: ListImages
    change_image: ChangeImage
    delete_image: DeleteImage
    plan_rendering: PlanRendering
    explain_plan: ExplainPlan
    open_rendering: OpenRendering
    make_links: MakeLinks
    follow_link: FollowLink
    transform_image: TransformImage
    transform_several: TransformSeveral
    request_variant: RequestVariant
    get_variant: GetVariant
    open_variant: OpenVariant
    delete_variant: DeleteVariant
    list_variants: ListVariants
    list_jobs: ListJobs
    put_preset: PutPreset
    get_preset: GetPreset
    list_presets: ListPresets
    delete_preset: DeletePreset
    resolve_spec: ResolveSpec
    create_webhook: CreateWebhook
    list_webhooks: ListWebhooks
    get_webhook: GetWebhook
    change_webhook: ChangeWebhook
    rotate_secret: RotateSecret
    delete_webhook: DeleteWebhook
    list_deliveries: ListDeliveries
    send_test_message: SendTestMessage
    replay_delivery: ReplayDelivery
    claim_delivery: ClaimDelivery
    send_delivery: SendDelivery
    get_job: GetJob
    queue_rendering: QueueRendering
    queue_upload: QueueUpload
    watch_jobs: WatchJobs
    cancel_job: CancelJob
    make_variant: MakeVariant
    give_up_variant: GiveUpVariant
    give_back_unfinished: GiveBackUnfinished
    requeue_stalled: RequeueStalled
    expire_variants: ExpireVariants
    prune_jobs: PruneJobs
    prune_invalidations: PruneInvalidations
    prune_idempotency_keys: PruneIdempotencyKeys
    prune_tombstones: PruneTombstones
    prune_sessions: PruneSessions
    prune_deliveries: PruneDeliveries
    remove_deleted_webhooks: RemoveDeletedWebhooks
    finish_erasures: FinishErasures
    find_belonging: FindBelonging
    claim_storage: ClaimStorage
    sweep_orphans: SweepOrphans
    sweep: Sweep


def assemble(ports: Ports, policy: Policy) -> UseCases:
    """Every use case on the given ports."""
    p, limits = ports, policy.limits
    budget = SyncBudget(policy.sync_megapixels)
    tokens = SessionTokens(p.tokens, p.refresh_tokens, policy.session_life)
    attempts = LoginAttempts(p.limiter, policy.logins_per_account, policy.logins_per_address)
    prune_invalidations = PruneInvalidations(p.invalidations)
    prune_idempotency_keys = PruneIdempotencyKeys(p.idempotency)
    prune_tombstones = PruneTombstones(p.images, policy.tombstone_life)
    prune_sessions = PruneSessions(p.sessions)
    prune_deliveries = PruneDeliveries(p.deliveries, policy.delivery_life)
    remove_deleted_webhooks = RemoveDeletedWebhooks(p.webhooks)
    finish_erasures = FinishErasures(p.erasure, p.blobs, p.cache, remove_deleted_webhooks)
    address = CallableAddress(p.webhook_sender, policy.own_hosts)
    plan = PlanRendering(p.images, p.engine, limits)
    note_use = NoteUse(p.retention, p.clock)
    rate_limits = RateLimits(p.limiter, policy.rates, policy.key_rates)
    count_rendering = CountRendering(rate_limits)
    make_now = MakeNow(
        p.images, p.variants, p.blobs, p.engine, p.clock, p.locks, note_use, count_rendering, policy.sync_deadline
    )
    claims = HeldClaims(p.variants, policy.lease)
    job_limit = JobLimit(p.variants, p.locks, policy.jobs_per_account)
    request_variant = RequestVariant(p.images, plan, p.variants, p.jobs, p.clock, note_use, job_limit)
    transform_image = TransformImage(plan, request_variant, make_now, p.variants, note_use, budget)
    resolve_spec = ResolveSpec(p.presets)
    get_variant = GetVariant(p.variants, note_use)
    erase = EraseRendering(p.retention, p.blobs)
    expire = ExpireVariants(p.retention, p.blobs, erase, policy.variant_life)
    prune = PruneJobs(p.retention, policy.job_life)
    find_belonging = FindBelonging(p.installation, p.images, p.blobs)
    claim_storage = ClaimStorage(p.installation, p.blobs, find_belonging)
    sweep_orphans = SweepOrphans(p.users, p.images, p.retention, p.blobs, erase, p.clock, find_belonging, claim_storage)
    upload_image = UploadImage(p.images, p.blobs, p.engine, p.clock, limits, policy.strict_types, policy.quota)
    delete_image = DeleteImage(p.images, p.blobs, p.cache)
    return UseCases(
        register_user=RegisterUser(p.users, p.hasher, p.clock),
        log_in=LogIn(p.users, p.sessions, p.hasher, tokens, attempts),
        authenticate=Authenticate(p.sessions, p.tokens, KnownKeys(p.api_keys, p.key_issuer, p.clock)),
        find_revoked=FindRevoked(p.sessions, p.api_keys),
        refresh_session=RefreshSession(p.sessions, tokens, p.clock),
        log_out=LogOut(p.sessions),
        change_password=ChangePassword(p.sessions, p.hasher, tokens, attempts),
        delete_account=DeleteAccount(p.erasure, p.hasher, attempts, finish_erasures, p.blobs),
        create_api_key=CreateApiKey(p.api_keys, p.key_issuer, p.clock),
        list_api_keys=ListApiKeys(p.api_keys),
        delete_api_key=DeleteApiKey(p.api_keys),
        count_request=CountRequest(rate_limits),
        answer_once=AnswerOnce(p.idempotency),
        upload_image=upload_image,
        fetch_picture=FetchPicture(p.fetcher, limits),
        get_usage=GetUsage(p.images, policy.quota),
        get_image=GetImage(p.images),
        open_original=OpenOriginal(p.images, p.blobs),
        presign_content=PresignContent(p.blobs, policy.presigned_url_life),
        list_images=ListImages(p.images),
        change_image=ChangeImage(p.images),
        delete_image=delete_image,
        plan_rendering=plan,
        explain_plan=ExplainPlan(p.images, p.engine, limits, budget),
        open_rendering=OpenRendering(plan, p.variants, make_now, p.cache, note_use, budget),
        make_links=MakeLinks(plan, resolve_spec, p.signer, p.clock),
        follow_link=FollowLink(p.images, plan, p.signer, p.clock),
        transform_image=transform_image,
        transform_several=TransformSeveral(
            p.images,
            plan,
            resolve_spec,
            request_variant,
            job_limit,
            transform_image,
            budget,
            policy.sync_deadline,
            p.clock,
        ),
        request_variant=request_variant,
        get_variant=get_variant,
        open_variant=OpenVariant(plan, make_now, get_variant, p.blobs),
        delete_variant=DeleteVariant(p.variants, p.blobs, p.cache, p.metrics, erase),
        list_variants=ListVariants(p.images, p.variants),
        list_jobs=ListJobs(p.variants),
        queue_rendering=QueueRendering(p.images, p.variants, request_variant, job_limit, count_rendering),
        queue_upload=QueueUpload(plan, upload_image, resolve_spec, request_variant, delete_image, job_limit),
        put_preset=PutPreset(p.presets, plan, p.clock),
        get_preset=GetPreset(p.presets),
        list_presets=ListPresets(p.presets),
        delete_preset=DeletePreset(p.presets),
        resolve_spec=resolve_spec,
        create_webhook=CreateWebhook(p.webhooks, address, p.clock),
        list_webhooks=ListWebhooks(p.webhooks),
        get_webhook=GetWebhook(p.webhooks),
        change_webhook=ChangeWebhook(p.webhooks, p.deliveries, address),
        rotate_secret=RotateSecret(p.webhooks),
        delete_webhook=DeleteWebhook(p.webhooks),
        list_deliveries=ListDeliveries(p.webhooks, p.deliveries),
        send_test_message=SendTestMessage(p.webhooks, p.deliveries, p.clock),
        replay_delivery=ReplayDelivery(p.webhooks, p.deliveries),
        claim_delivery=ClaimDelivery(p.deliveries, policy.webhook_lease),
        send_delivery=SendDelivery(
            p.webhooks, p.deliveries, p.webhook_sender, policy.webhook_schedule, policy.webhook_failing_life
        ),
        get_job=GetJob(get_variant),
        watch_jobs=WatchJobs(p.variants),
        cancel_job=CancelJob(p.variants, p.clock, p.metrics),
        make_variant=MakeVariant(
            p.images,
            p.variants,
            p.blobs,
            p.engine,
            p.clock,
            claims,
            p.metrics,
            erase,
            deadline=policy.job_deadline,
            max_attempts=policy.max_attempts,
        ),
        give_up_variant=GiveUpVariant(p.variants, p.clock, p.metrics, policy.lease),
        give_back_unfinished=GiveBackUnfinished(p.variants, claims, p.metrics),
        requeue_stalled=RequeueStalled(p.variants, p.jobs),
        expire_variants=expire,
        prune_jobs=prune,
        prune_invalidations=prune_invalidations,
        prune_idempotency_keys=prune_idempotency_keys,
        prune_tombstones=prune_tombstones,
        prune_sessions=prune_sessions,
        prune_deliveries=prune_deliveries,
        remove_deleted_webhooks=remove_deleted_webhooks,
        finish_erasures=finish_erasures,
        find_belonging=find_belonging,
        claim_storage=claim_storage,
        sweep_orphans=sweep_orphans,
        sweep=Sweep(
            prune_invalidations,
            prune_idempotency_keys,
            prune_tombstones,
            prune_sessions,
            prune_deliveries,
            remove_deleted_webhooks,
            finish_erasures,
            expire,
            prune,
            sweep_orphans,
            find_belonging,
            policy.orphan_grace,
        ),
    )
