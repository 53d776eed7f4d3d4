"""Users, images and variants in the database that a URL names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import field, frozen
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.repositories import schema
from imgsvc.adapters.repositories.local_news import LocalNews
from imgsvc.adapters.repositories.sql_api_keys import SqlApiKeys
from imgsvc.adapters.repositories.sql_deliveries import SqlDeliveries
from imgsvc.adapters.repositories.sql_erasure import SqlErasure
from imgsvc.adapters.repositories.sql_idempotency import SqlIdempotency
from imgsvc.adapters.repositories.sql_images import SqlImages
from imgsvc.adapters.repositories.sql_installation import SqlInstallation
from imgsvc.adapters.repositories.sql_invalidations import SqlInvalidations
from imgsvc.adapters.repositories.sql_presets import SqlPresets
from imgsvc.adapters.repositories.sql_retention import SqlRetention
from imgsvc.adapters.repositories.sql_sessions import SqlSessions
from imgsvc.adapters.repositories.sql_users import SqlUsers
from imgsvc.adapters.repositories.sql_variants import SqlVariants
from imgsvc.adapters.repositories.sql_webhooks import SqlWebhooks
from imgsvc.adapters.repositories.tables import users
from imgsvc.adapters.repositories.transactions import NEWS, OUTAGES, reading
from imgsvc.adapters.repositories.troubles import trouble_of
from imgsvc.domain.errors import Unavailable
from imgsvc.ports.api_keys import ApiKeyRepository
from imgsvc.ports.deliveries import DeliveryRepository
from imgsvc.ports.diagnosis import Finding
from imgsvc.ports.erasure import ErasureRepository
from imgsvc.ports.idempotency import IdempotencyRepository
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.installation import InstallationId, InstallationRepository
from imgsvc.ports.invalidations import Invalidations
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics
from imgsvc.ports.presets import PresetRepository
from imgsvc.ports.retention import RetentionRepository
from imgsvc.ports.sessions import SessionRepository
from imgsvc.ports.users import UserRepository
from imgsvc.ports.variants import VariantRepository
from imgsvc.ports.webhooks import WebhookRepository

_SCHEMES = ("sqlite", "postgresql+psycopg", "postgresql")


@frozen
class Repositories:
    """The repositories of one database."""

    installation: InstallationRepository
    users: UserRepository
    sessions: SessionRepository
    api_keys: ApiKeyRepository
    erasure: ErasureRepository
    images: ImageRepository
    variants: VariantRepository
    presets: PresetRepository
    retention: RetentionRepository
    invalidations: Invalidations
    idempotency: IdempotencyRepository
    webhooks: WebhookRepository
    deliveries: DeliveryRepository
    _engine: Engine = field(repr=False)

    def check(self) -> None:
        """A round trip to the database's data. Raises Busy, Unavailable."""
        with reading(self._engine) as connection:
            connection.execute(select(users.c.id).limit(1)).all()


@contextmanager
def open_repositories(
    url: str,
    *,
    pool: int = 10,
    on_delivery: Callable[[], None] = lambda: None,
    metrics: DependencyMetrics = NO_DEPENDENCY_METRICS,
) -> Iterator[Repositories]:
    """``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql+psycopg://user:password@host/name``.

    A file is made and migrated where it needs to be; a server's database must have been (``migrate``), since others
    may be using it. ``pool``: the most connections to a server. ``on_delivery`` is called whenever a message to a
    webhook was added that is due at once, in whatever thread that was. ``metrics`` hear how the database fares.

    Raises ValueError where the URL is not understood, RuntimeError where the schema does not fit this program,
    Unavailable.
    """
    if _is_file(url):
        migrate(url)
    with _opened(_engine(url, pool)) as engine:
        if not _is_file(url):
            with _explained_to_operators():
                schema.must_be_current(engine)
        # Before, whoever starts the service is told.
        engine.update_execution_options(**{OUTAGES: Outages("the database", metrics=metrics), NEWS: LocalNews()})
        yield Repositories(
            installation=SqlInstallation(engine),
            users=SqlUsers(engine),
            sessions=SqlSessions(engine),
            api_keys=SqlApiKeys(engine),
            erasure=SqlErasure(engine),
            images=SqlImages(engine),
            variants=SqlVariants(engine, on_delivery=on_delivery),
            presets=SqlPresets(engine),
            retention=SqlRetention(engine),
            invalidations=SqlInvalidations(engine),
            idempotency=SqlIdempotency(engine),
            webhooks=SqlWebhooks(engine),
            deliveries=SqlDeliveries(engine, on_delivery=on_delivery),
            engine=engine,
        )


def migrate(url: str) -> tuple[str | None, str]:
    """Bring the schema up to date; several processes may do so at once. Raises like ``open_repositories``.

    Returns the revision that it had, None for no schema, and the one that it has.
    """
    with _opened(_engine(url, pool=1, migrates=True)) as engine, _explained_to_operators():
        return schema.upgrade(engine)


def has_current_schema(url: str) -> bool:
    """Whether there is nothing to migrate. Raises like ``open_repositories``."""
    with _opened(_engine(url, pool=1)) as engine:
        return schema.is_current(engine)


def diagnose_database(url: str, pool: int) -> Iterator[Finding]:
    """What is right and wrong with it, also where it cannot be opened. Raises ValueError like ``open_repositories``."""
    if _is_file(url):
        from imgsvc.adapters.repositories.sqlite import path_of
        from imgsvc.adapters.repositories.sqlite_diagnosis import diagnose_sqlite

        yield from diagnose_sqlite(path_of(url))
        return
    from imgsvc.adapters.repositories.postgres_diagnosis import diagnose_postgres

    with _opened(_engine(url, pool=1)) as engine:
        yield from diagnose_postgres(engine, url, pool)


def known_installation(url: str) -> InstallationId | None:
    """Its id, None where nobody has asked for one yet; nothing is made. Raises like ``open_repositories``."""
    if _is_file(url) and not _exists(url):
        return None
    with _opened(_engine(url, pool=1)) as engine, _explained_to_operators():
        return SqlInstallation(engine).known_id()


@contextmanager
def _explained_to_operators() -> Iterator[None]:
    """At a start, and of a migration, what a database's own error means is told with its remedy, and without SQL.

    Raises Unavailable, and RuntimeError for what waiting does not mend.
    """
    try:
        yield
    except Unavailable as error:
        if error.__cause__ is None:
            raise
        raise type(error)(trouble_of(error.__cause__).told) from None
    except DBAPIError as error:
        raise RuntimeError(trouble_of(error.orig or error).told) from None


@contextmanager
def _opened(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()


def _engine(url: str, pool: int, *, migrates: bool = False) -> Engine:
    """Whoever migrates may take long, and waits for others who do."""
    if _is_file(url):
        from imgsvc.adapters.repositories.sqlite import sqlite_engine

        return sqlite_engine(url, lock_wait=60.0 if migrates else 5.0)
    from imgsvc.adapters.repositories.postgres import MIGRATING, SERVING, postgres_engine

    return postgres_engine(url, pool, MIGRATING if migrates else SERVING)


def _exists(url: str) -> bool:
    from imgsvc.adapters.repositories.sqlite import path_of

    return path_of(url).exists()


def _is_file(url: str) -> bool:
    """Raises ValueError where the database is of no kind that we know."""
    # Only what stands before the colon may be shown: a password can be anywhere behind it.
    scheme = url.partition(":")[0] if ":" in url else ""
    if scheme not in _SCHEMES:
        raise ValueError(f"unknown scheme {scheme!r} of the database's URL; known: {', '.join(_SCHEMES)}")
    return scheme == "sqlite"
