"""What each part of an installation finds out about itself, whether or not it would start."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial

from imgsvc.adapters.blobs import diagnose_blobs, peek
from imgsvc.adapters.cache import diagnose_cache
from imgsvc.adapters.common.data_folder import diagnose_data_folder
from imgsvc.adapters.credentials import diagnose_secrets
from imgsvc.adapters.imaging import diagnose_engine
from imgsvc.adapters.jobs import diagnose_jobs
from imgsvc.adapters.repositories import diagnose_database, known_installation
from imgsvc.application.storage_mark import MARK, Belonging
from imgsvc.domain.errors import ImgsvcError
from imgsvc.entrypoints.settings import Settings
from imgsvc.ports.diagnosis import Finding, Subject


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


def _diagnose_belonging(settings: Settings) -> Iterator[Finding]:
    """Nothing where both are new, or cannot be read: they tell that themselves.

    Here, and in no adapter's package, since it compares what two of them have.
    """
    subject = Subject("installation")
    try:
        mine, mark = known_installation(settings.database_url), peek(settings.blobs_url, MARK)
    except (ImgsvcError, OSError, RuntimeError, ValueError):
        return
    if mark is None:
        if mine is not None:
            yield subject.ok("the storage has no mark; the next start makes it, unless most originals have no row")
        return
    belonging = Belonging.told_by(mark, mine)
    yield subject.error(belonging.found, belonging.remedy) if belonging.refusal else subject.ok(belonging.found)
