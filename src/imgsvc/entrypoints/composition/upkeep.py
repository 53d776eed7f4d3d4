"""What is done to an installation besides running it: to migrate, to adopt."""

from contextlib import ExitStack

from imgsvc.adapters.blobs import open_blob_store
from imgsvc.adapters.repositories import migrate, open_repositories
from imgsvc.application.storage_mark import AdoptStorage
from imgsvc.entrypoints.composition.failures import told_of
from imgsvc.entrypoints.settings import Settings
from imgsvc.ports.installation import InstallationId


def migrate_database(settings: Settings) -> tuple[str | None, str]:
    """Bring the schema up to date: the revision that it had, None for no schema, and the one that it has.

    Raises what ``compose`` does.
    """
    with told_of("IMGSVC_DATABASE_URL"):
        return migrate(settings.resolved().database_url)


def adopt_storage(settings: Settings) -> InstallationId:
    """Mark the storage as this database's, under a new id, whosever it was. Raises what ``compose`` does."""
    settings = settings.resolved()
    with ExitStack() as opened:
        with told_of("IMGSVC_DATABASE_URL"):
            repositories = opened.enter_context(open_repositories(settings.database_url))
        with told_of("IMGSVC_BLOBS_URL"):
            return AdoptStorage(repositories.installation, opened.enter_context(open_blob_store(settings.blobs_url)))()
