"""``imgsvc adopt``."""

import click

from imgsvc.entrypoints.cli.settings import alone, explained_failures, settings_with
from imgsvc.entrypoints.composition import adopt_storage

_EPILOG = """\b
Examples:
  imgsvc adopt
  docker compose run --rm --no-deps api adopt --yes
"""

_QUESTION = "Is this storage for the configured database alone, and does no other installation work on it?"


@click.command(epilog=_EPILOG)
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask whether nobody else works on the storage.")
def adopt(is_sure: bool) -> None:
    """Make the storage this installation's own.

    For a storage that was copied or restored from another installation, or one whose database was lost: its mark
    names another database then, so that the service does not start. The database gets a new id, and the storage its
    mark. Whoever used the storage before starts no more, and sweeps nothing.
    """
    settings = settings_with()
    if not is_sure:
        click.confirm(_QUESTION, abort=True)
    with explained_failures():
        adopt_storage(alone(settings))
    click.echo("The storage belongs to this database now.")
