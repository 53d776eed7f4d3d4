"""The ports of all use cases."""

from attrs import frozen

from imgsvc.ports.api_keys import ApiKeyRepository
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.cache import Cache
from imgsvc.ports.clock import Clock
from imgsvc.ports.credentials import ApiKeyIssuer, PasswordHasher, RefreshTokenIssuer, TokenIssuer
from imgsvc.ports.deliveries import DeliveryRepository, WebhookSender
from imgsvc.ports.erasure import ErasureRepository
from imgsvc.ports.fetching import Fetcher
from imgsvc.ports.idempotency import IdempotencyRepository
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.installation import InstallationRepository
from imgsvc.ports.invalidations import Invalidations
from imgsvc.ports.jobs import JobQueue
from imgsvc.ports.locks import Locks
from imgsvc.ports.metrics import NO_METRICS, Metrics
from imgsvc.ports.presets import PresetRepository
from imgsvc.ports.rate_limits import RateLimiter
from imgsvc.ports.retention import RetentionRepository
from imgsvc.ports.sessions import SessionRepository
from imgsvc.ports.signatures import Signer
from imgsvc.ports.users import UserRepository
from imgsvc.ports.variants import VariantRepository
from imgsvc.ports.webhooks import WebhookRepository


@frozen(kw_only=True)
class Ports:
    """What the use cases need from the outside."""

    installation: InstallationRepository
    users: UserRepository
    sessions: SessionRepository
    api_keys: ApiKeyRepository
    erasure: ErasureRepository
    images: ImageRepository
    variants: VariantRepository
    presets: PresetRepository
    webhooks: WebhookRepository
    deliveries: DeliveryRepository
    retention: RetentionRepository
    blobs: BlobStore
    cache: Cache
    locks: Locks
    limiter: RateLimiter
    invalidations: Invalidations
    idempotency: IdempotencyRepository
    jobs: JobQueue
    engine: ImageEngine
    hasher: PasswordHasher
    tokens: TokenIssuer
    signer: Signer
    refresh_tokens: RefreshTokenIssuer
    key_issuer: ApiKeyIssuer
    clock: Clock
    fetcher: Fetcher | None = None  # None: nothing is fetched from the web
    webhook_sender: WebhookSender | None = None  # None: nobody is told of anything
    metrics: Metrics = NO_METRICS
