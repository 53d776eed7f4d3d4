"""The composition root: the only place that knows which technology keeps which promise."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from threading import Event

from attrs import field, frozen

from imgsvc.adapters.blobs import diagnose_blobs, kept_under, open_blob_store
from imgsvc.adapters.cache import diagnose_cache, open_cache
from imgsvc.adapters.common.data_folder import diagnose_data_folder
from imgsvc.adapters.credentials import (
    diagnose_secrets,
    open_api_key_issuer,
    open_password_hasher,
    open_refresh_token_issuer,
    open_sealer,
    open_signer,
    open_token_issuer,
)
from imgsvc.adapters.imaging import diagnose_engine, open_engine, open_engine_in_children, open_header_reader
from imgsvc.adapters.jobs import diagnose_jobs, open_jobs
from imgsvc.adapters.metrics import counted, open_metrics
from imgsvc.adapters.outbound import open_fetcher, open_webhook_sender
from imgsvc.adapters.repositories import diagnose_database, known_installation, migrate, open_repositories
from imgsvc.application.installation import MARK, AdoptStorage, Belonging, ClaimStorage
from imgsvc.application.ports import Ports
from imgsvc.application.use_cases import UseCases, assemble
from imgsvc.domain.errors import Busy, ImgsvcError
from imgsvc.entrypoints.health import health_findings
from imgsvc.entrypoints.logs import bound_request_id
from imgsvc.entrypoints.policy import policy_of
from imgsvc.entrypoints.settings import CORES, Settings
from imgsvc.entrypoints.side_by_side import SideBySide
from imgsvc.ports.deliveries import WebhookSender
from imgsvc.ports.diagnosis import Finding, Subject
from imgsvc.ports.fetching import Fetcher
from imgsvc.ports.imaging import HeaderReader, ImageEngine
from imgsvc.ports.installation import InstallationId
from imgsvc.ports.invalidations import Invalidations
from imgsvc.ports.jobs import JobSource
from imgsvc.ports.metrics import NO_METRICS, Metrics
from imgsvc.ports.signatures import Sealer

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 2.5  # for each thing that we depend on to say that it is there
_MOST_COUNTED = 10_000  # jobs that wait, for metrics
_UNCONFINED = "pictures are decoded without Landlock, which this kernel lacks or forbids"


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
        with _told_of("IMGSVC_METRICS_PORT"):
            metrics = opened.enter_context(
                open_metrics(
                    settings.metrics_host,
                    settings.metrics_port,
                    version=version("imgsvc"),
                    is_told_elsewhere=settings.metrics_token is not None,
                )
            )
        with _told_of("IMGSVC_DATABASE_URL"):
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
        with _told_of("IMGSVC_BLOBS_URL"):
            blobs = opened.enter_context(open_blob_store(settings.blobs_url, metrics.dependency("blobs")))
            _claim(ClaimStorage(repositories.installation, repositories.images, blobs))
        with _told_of("IMGSVC_CACHE_URL"):
            cache = opened.enter_context(open_cache(settings.cache_url, metrics.dependency("cache")))
        with _told_of("IMGSVC_JOBS_URL"):
            jobs = opened.enter_context(
                open_jobs(
                    settings.jobs_url,
                    slots=settings.worker_slots or CORES,
                    request_id=bound_request_id,
                    metrics=metrics.dependency("jobs"),
                )
            )
        engine, notes = opened.enter_context(_opened_engine(settings, settings.sync_seconds, metrics))
        ports = Ports(
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
            checks=SideBySide(
                {
                    "database": repositories.check,
                    "blobs": blobs.check,
                    "jobs": jobs.queue.check,
                    "cache": cache.cache.check,
                },
                _CHECK_SECONDS,
            ),
        )


def _claim(claim_storage: ClaimStorage) -> None:
    """Before anything is written. Raises RuntimeError where the storage is another installation's."""
    try:
        belonging = claim_storage()
    except Busy as error:  # it is full, say; each sweep tries again, and removes nothing before
        logger.warning("the storage could not be marked: %s", error.detail)
        return
    if belonging is Belonging.ANOTHERS:
        raise RuntimeError(belonging)


@contextmanager
def _told_of(variable: str) -> Iterator[None]:
    """What opening raises of it names the setting, never its value."""
    try:
        yield
    except ImgsvcError as error:
        if variable not in error.detail:
            raise type(error)(f"{variable}: {error.detail}") from error.__cause__
        raise
    except (ValueError, RuntimeError) as error:
        if variable not in str(error):
            raise (ValueError if isinstance(error, ValueError) else RuntimeError)(f"{variable}: {error}") from error
        raise


@contextmanager
def compose_engine(settings: Settings) -> Iterator[ImageEngine]:
    """The engine alone, for those who have the pictures already, and as long for each as a job has.

    Raises ValueError, RuntimeError.
    """
    with _opened_engine(settings, settings.job_seconds) as (engine, _):
        yield engine


def compose_header_reader(settings: Settings) -> HeaderReader:
    """What reads headers, for those who want no pixels."""
    return open_header_reader(settings.limits)


def _opened_fetcher(settings: Settings) -> Fetcher | None:
    if not settings.fetch:
        return None
    return open_fetcher(seconds=settings.fetch_seconds, allowed=settings.callable_networks)


def _opened_sender(settings: Settings) -> WebhookSender | None:
    if not settings.webhooks:
        return None
    return open_webhook_sender(seconds=settings.webhook_seconds, clock=utc_now, allowed=settings.callable_networks)


@contextmanager
def _opened_engine(
    settings: Settings, seconds: int, metrics: Metrics = NO_METRICS
) -> Iterator[tuple[ImageEngine, Sequence[str]]]:
    """The engine, and what is to be noted about it."""
    slots, queue = settings.render_slots, settings.render_queue
    metrics.render_slots(slots)
    if settings.render_in != "children":
        yield open_engine(settings.engine, settings.limits, slots=slots, queue=queue, metrics=metrics), ()
        return
    with open_engine_in_children(
        settings.engine,
        settings.limits,
        slots=slots,
        queue=queue,
        deadline=timedelta(seconds=seconds),
        memory=settings.render_memory,
        keep=settings.render_keep,
        metrics=metrics,
    ) as engine:
        yield engine, () if engine.is_confined else (_UNCONFINED,)


def examinations(settings: Settings) -> Mapping[str, Callable[[], Iterable[Finding]]]:
    """What each part finds out about itself, by its name, also where ``compose`` would fail.

    Nothing is opened before it is called, and nothing is changed but for probes that are removed again. Each may raise
    ValueError for a setting of no use.
    """
    secrets = {name: getattr(settings, name) for name in ("token_secret", "password_secret", "link_keys")}
    given = (settings.database_url, settings.blobs_url, *secrets.values())
    has_data = not all(given)  # or all of it is elsewhere
    settings = settings.resolved()
    engine = partial(
        diagnose_engine,
        settings.engine,
        settings.limits,
        deadline=timedelta(seconds=settings.sync_seconds),
        memory=None if settings.render_in == "process" else settings.render_memory,
    )
    return {
        "data folder": partial(diagnose_data_folder, settings.data_dir, is_used=has_data),
        "secrets": lambda: diagnose_secrets(settings.data_dir, **secrets),
        "database": lambda: diagnose_database(settings.database_url, settings.database_pool),
        "blobs": lambda: diagnose_blobs(settings.blobs_url),
        "installation": lambda: _diagnose_belonging(settings),
        "jobs": lambda: diagnose_jobs(settings.jobs_url),
        "cache": lambda: diagnose_cache(settings.cache_url),
        "engine": engine,
    }


def migrate_database(settings: Settings) -> tuple[str | None, str]:
    """Bring the schema up to date: the revision that it had, None for no schema, and the one that it has.

    Raises what ``compose`` does.
    """
    with _told_of("IMGSVC_DATABASE_URL"):
        return migrate(settings.resolved().database_url)


def adopt_storage(settings: Settings) -> InstallationId:
    """Mark the storage as this database's, under a new id, whosever it was. Raises what ``compose`` does."""
    settings = settings.resolved()
    with ExitStack() as opened:
        with _told_of("IMGSVC_DATABASE_URL"):
            repositories = opened.enter_context(open_repositories(settings.database_url))
        with _told_of("IMGSVC_BLOBS_URL"):
            return AdoptStorage(repositories.installation, opened.enter_context(open_blob_store(settings.blobs_url)))()


def _diagnose_belonging(settings: Settings) -> Iterator[Finding]:
    """Nothing where both are new, or cannot be read: they tell that themselves."""
    subject = Subject("installation")
    try:
        mine, mark = known_installation(settings.database_url), kept_under(settings.blobs_url, MARK)
    except (ImgsvcError, OSError, RuntimeError, ValueError):
        return
    if mark is None:
        if mine is not None:
            yield subject.ok("the storage has no mark; the next start makes it, unless most originals have no row")
    elif mine is not None and Belonging.told_by(mark, mine) is Belonging.OURS:
        yield subject.ok("the mark in the storage is that of this database")
    else:
        found, _, remedy = Belonging.ANOTHERS.partition(": ")
        yield subject.error(found, remedy)


def utc_now() -> datetime:
    return datetime.now(UTC)
