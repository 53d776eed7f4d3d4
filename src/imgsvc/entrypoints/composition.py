"""The composition root: the only place that knows which technology keeps which promise."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from attrs import field, frozen

from imgsvc.adapters.blobs import open_blob_store
from imgsvc.adapters.cache import open_cache
from imgsvc.adapters.credentials import open_password_hasher, open_token_issuer
from imgsvc.adapters.imaging import open_engine, open_engine_in_children, open_header_reader
from imgsvc.adapters.jobs import open_jobs
from imgsvc.adapters.repositories import Repositories, migrate, open_repositories
from imgsvc.application.use_cases import Policy, Ports, UseCases, assemble
from imgsvc.domain.errors import ImgsvcError
from imgsvc.entrypoints.logs import bound_request_id
from imgsvc.entrypoints.settings import Settings
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.imaging import HeaderReader, ImageEngine
from imgsvc.ports.jobs import JobSource

logger = logging.getLogger(__name__)

_UNCONFINED = "pictures are decoded without Landlock, which this kernel lacks or forbids"


@frozen(kw_only=True)
class Service:
    """A running installation: what it can do, and where its work comes from."""

    use_cases: UseCases
    settings: Settings
    jobs: JobSource
    engine: ImageEngine
    notes: Sequence[str] = ()  # what an operator should know, though it keeps nothing from working
    _repositories: Repositories = field(alias="repositories")
    _blobs: BlobStore = field(alias="blobs")

    def health(self) -> Mapping[str, bool]:
        """Whether each thing that we depend on answers."""
        return {"database": _answers(self._repositories.check), "blobs": _answers(self._blobs.check)}


@contextmanager
def compose(settings: Settings) -> Iterator[Service]:
    """The service that the settings describe, until the context ends.

    Raises ValueError for a setting of no use, OSError or Unavailable for a place that cannot be used, RuntimeError for
    a database whose schema does not fit this program or an engine that does not start in processes of its own.
    Nothing is made in the background until a worker runs (entrypoints.worker).
    """
    settings = settings.resolved()
    with ExitStack() as opened:
        repositories = opened.enter_context(open_repositories(settings.database_url, pool=settings.database_pool))
        blobs = opened.enter_context(open_blob_store(settings.blobs_url))
        cache = opened.enter_context(open_cache(settings.cache_url))
        jobs = opened.enter_context(
            open_jobs(settings.jobs_url, slots=max(1, settings.worker_slots), request_id=bound_request_id)
        )
        engine, notes = opened.enter_context(_opened_engine(settings, settings.sync_seconds))
        ports = Ports(
            users=repositories.users,
            images=repositories.images,
            variants=repositories.variants,
            blobs=blobs,
            cache=cache.cache,
            locks=cache.locks,
            jobs=jobs.queue,
            engine=engine,
            hasher=open_password_hasher(settings.password_secret, settings.data_dir, cost=settings.password_cost),
            tokens=open_token_issuer(
                settings.token_secret, settings.data_dir, lifetime=settings.token_lifetime, clock=utc_now
            ),
            clock=utc_now,
        )
        policy = Policy(
            limits=settings.limits,
            sync_deadline=timedelta(seconds=settings.sync_seconds),
            job_deadline=timedelta(seconds=settings.job_seconds),
            sync_megapixels=settings.sync_megapixels,
            strict_types=settings.strict_types,
        )
        yield Service(
            use_cases=assemble(ports, policy),
            settings=settings,
            jobs=jobs.source,
            engine=engine,
            notes=notes,
            repositories=repositories,
            blobs=blobs,
        )


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


@contextmanager
def _opened_engine(settings: Settings, seconds: int) -> Iterator[tuple[ImageEngine, Sequence[str]]]:
    """The engine, and what is to be noted about it."""
    slots, queue = settings.render_slots, settings.render_queue
    if settings.render_in != "children":
        yield open_engine(settings.engine, settings.limits, slots=slots, queue=queue), ()
        return
    with open_engine_in_children(
        settings.engine,
        settings.limits,
        slots=slots,
        queue=queue,
        deadline=timedelta(seconds=seconds),
        memory=settings.render_memory,
    ) as engine:
        yield engine, () if engine.is_confined else (_UNCONFINED,)


def migrate_database(settings: Settings) -> None:
    """Bring the schema up to date. Raises what ``compose`` does."""
    migrate(settings.resolved().database_url)


def utc_now() -> datetime:
    return datetime.now(UTC)


def _answers(check: Callable[[], None]) -> bool:
    try:
        check()
    except ImgsvcError:
        return False
    return True
