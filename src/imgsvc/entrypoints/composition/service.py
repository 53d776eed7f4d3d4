"""A service, with the adapters that its settings name."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.metadata import version
from threading import Event

from attrs import field, frozen

from imgsvc.adapters.blobs import open_blob_store
from imgsvc.adapters.cache import OpenedCache, open_cache
from imgsvc.adapters.credentials import (
    open_api_key_issuer,
    open_password_hasher,
    open_refresh_token_issuer,
    open_sealer,
    open_signer,
    open_token_issuer,
)
from imgsvc.adapters.jobs import Jobs, open_jobs
from imgsvc.adapters.metrics import counted, open_metrics
from imgsvc.adapters.outbound import open_fetcher, open_webhook_sender
from imgsvc.adapters.repositories import Repositories, open_repositories
from imgsvc.application.ports import Ports
from imgsvc.application.storage_mark import Belonging, ClaimStorage, FindBelonging
from imgsvc.application.use_cases import UseCases, assemble
from imgsvc.domain.errors import Busy
from imgsvc.entrypoints.composition.clock import utc_now
from imgsvc.entrypoints.composition.engines import opened_engine
from imgsvc.entrypoints.composition.failures import told_of
from imgsvc.entrypoints.health import health_findings
from imgsvc.entrypoints.logs import bound_request_id
from imgsvc.entrypoints.policy import policy_of
from imgsvc.entrypoints.settings import CORES, Settings
from imgsvc.entrypoints.side_by_side import SideBySide
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.deliveries import WebhookSender
from imgsvc.ports.diagnosis import Finding
from imgsvc.ports.fetching import Fetcher
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.invalidations import Invalidations
from imgsvc.ports.jobs import JobSource
from imgsvc.ports.metrics import Metrics
from imgsvc.ports.signatures import Sealer

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 2.5  # for each thing that we depend on to say that it is there
_MOST_COUNTED = 10_000  # jobs that wait, for metrics


@frozen(kw_only=True)
class Service:
    """A running installation: what it can do, and where its work comes from."""

    use_cases: UseCases
    settings: Settings
    jobs: JobSource
    engine: ImageEngine
    invalidations: Invalidations
    sealer: Sealer
    metrics: Metrics
    deliveries_due: Event  # set whenever this process has added a message to a webhook
    notes: Sequence[str] = ()  # what an operator should know, though it keeps nothing from working
    _checks: SideBySide[None] = field(alias="checks")

    def health(self) -> Sequence[Finding]:
        """How each thing that we depend on fares, within 2.5 seconds.

        An error is what nothing can be done without, a warning what the service gets along without.
        """
        return health_findings(self._checks.answers())


@contextmanager
def compose(settings: Settings) -> Iterator[Service]:
    """The service that the settings describe, until the context ends.

    Raises ValueError for a setting of no use, OSError or Unavailable for a place that cannot be used, RuntimeError for
    a database whose schema does not fit this program, a storage that another installation has marked, an engine that
    does not start in processes of its own, or a port for metrics that is taken.
    Nothing is made in the background until a worker runs (entrypoints.worker).
    """
    settings = settings.resolved()
    deliveries_due = Event()
    with ExitStack() as opened:
        with told_of("IMGSVC_METRICS_PORT"):
            metrics = opened.enter_context(
                open_metrics(
                    settings.metrics_host,
                    settings.metrics_port,
                    version=version("imgsvc"),
                    is_told_elsewhere=settings.metrics_token is not None,
                )
            )
        with told_of("IMGSVC_DATABASE_URL"):
            repositories = opened.enter_context(
                open_repositories(
                    settings.database_url,
                    pool=settings.database_pool,
                    on_delivery=deliveries_due.set,
                    metrics=metrics.dependency("database"),
                )
            )
        metrics.jobs_waiting(partial(repositories.variants.count_waiting, _MOST_COUNTED))
        opened.callback(metrics.jobs_waiting, None)  # before the database is closed
        with told_of("IMGSVC_BLOBS_URL"):
            blobs = opened.enter_context(open_blob_store(settings.blobs_url, metrics.dependency("blobs")))
            _claim(repositories, blobs)
        with told_of("IMGSVC_CACHE_URL"):
            cache = opened.enter_context(open_cache(settings.cache_url, metrics.dependency("cache")))
        with told_of("IMGSVC_JOBS_URL"):
            jobs = opened.enter_context(
                open_jobs(
                    settings.jobs_url,
                    slots=settings.worker_slots or CORES,
                    request_id=bound_request_id,
                    metrics=metrics.dependency("jobs"),
                )
            )
        engine, notes = opened.enter_context(opened_engine(settings, settings.sync_seconds, metrics))
        ports = _ports(settings, repositories, blobs, cache, jobs, engine, metrics)
        yield Service(
            use_cases=assemble(ports, policy_of(settings)),
            settings=settings,
            jobs=jobs.source,
            engine=engine,
            invalidations=repositories.invalidations,
            sealer=open_sealer(settings.token_secret, settings.data_dir),
            metrics=metrics,
            deliveries_due=deliveries_due,
            notes=notes,
            checks=_checks(repositories, blobs, cache, jobs),
        )


def _claim(repositories: Repositories, blobs: BlobStore) -> None:
    """Before anything is written. Raises RuntimeError where the storage is another installation's."""
    find_belonging = FindBelonging(repositories.installation, repositories.images, blobs)
    try:
        belonging = ClaimStorage(repositories.installation, blobs, find_belonging)()
    except Busy as error:  # it is full, say; each sweep tries again, and removes nothing before
        logger.warning("the storage could not be marked: %s", error.detail)
        return
    if belonging is Belonging.ANOTHERS:
        raise RuntimeError(belonging.refusal)
    if belonging is Belonging.UNCLEAR:  # a database that was lost, perhaps, beside which a new one may begin
        logger.warning(belonging.refusal)


def _ports(
    settings: Settings,
    repositories: Repositories,
    blobs: BlobStore,
    cache: OpenedCache,
    jobs: Jobs,
    engine: ImageEngine,
    metrics: Metrics,
) -> Ports:
    """What was opened, and what needs no opening."""
    return Ports(
        installation=repositories.installation,
        users=repositories.users,
        sessions=repositories.sessions,
        api_keys=repositories.api_keys,
        erasure=repositories.erasure,
        images=repositories.images,
        variants=repositories.variants,
        presets=repositories.presets,
        webhooks=repositories.webhooks,
        deliveries=repositories.deliveries,
        retention=repositories.retention,
        blobs=blobs,
        cache=cache.cache,
        locks=cache.locks,
        invalidations=repositories.invalidations,
        idempotency=repositories.idempotency,
        limiter=cache.rate_limiter,
        jobs=jobs.queue,
        engine=counted(engine, metrics),
        hasher=open_password_hasher(settings.password_secret, settings.data_dir, cost=settings.password_cost),
        tokens=open_token_issuer(
            settings.token_secret, settings.data_dir, lifetime=settings.token_lifetime, clock=utc_now
        ),
        signer=open_signer(settings.link_keys, settings.data_dir),
        key_issuer=open_api_key_issuer(),
        refresh_tokens=open_refresh_token_issuer(settings.token_secret, settings.data_dir),
        clock=utc_now,
        fetcher=_opened_fetcher(settings),
        webhook_sender=_opened_sender(settings),
        metrics=metrics,
    )


def _checks(repositories: Repositories, blobs: BlobStore, cache: OpenedCache, jobs: Jobs) -> SideBySide[None]:
    """Of each thing that we depend on, whether it is there."""
    return SideBySide(
        {
            "database": repositories.check,
            "blobs": blobs.check,
            "jobs": jobs.queue.check,
            "cache": cache.cache.check,
        },
        _CHECK_SECONDS,
    )


def _opened_fetcher(settings: Settings) -> Fetcher | None:
    if not settings.fetch:
        return None
    return open_fetcher(seconds=settings.fetch_seconds, allowed=settings.callable_networks)


def _opened_sender(settings: Settings) -> WebhookSender | None:
    if not settings.webhooks:
        return None
    return open_webhook_sender(seconds=settings.webhook_seconds, clock=utc_now, allowed=settings.callable_networks)
