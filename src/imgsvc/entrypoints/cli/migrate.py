"""``imgsvc migrate``."""

import click

from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.composition import migrate_database

_EPILOG = """\b
Examples:
  imgsvc migrate
  IMGSVC_DATABASE_URL=postgresql+psycopg://imgsvc:secret@db.example.org/imgsvc imgsvc migrate
"""


@click.command(epilog=_EPILOG)
def migrate() -> None:
    """Update the database's schema.

    Doing it again does nothing, and of several at once one does it. A database in a file is brought up to date by
    itself whenever the service starts.
    """
    settings = settings_with()
    with explained_failures():
        before, now = migrate_database(settings)
    if before == now:
        click.echo(f"The database is up to date: it had schema {now} already.")
    else:
        had = "no schema" if before is None else f"schema {before}"
        click.echo(f"The database is up to date: it had {had}, and has {now} now.")
