"""``imgsvc add-user``."""

import sys

import click

from imgsvc.entrypoints.cli.settings import alone, explained_failures, settings_with
from imgsvc.entrypoints.composition import compose

_EPILOG = """\b
Examples:
  imgsvc add-user ada --email ada@example.org
  pass show imgsvc/ada | imgsvc add-user ada
"""


@click.command("add-user", epilog=_EPILOG)
@click.argument("username")
@click.option("--email", help="Shown to the user alone.")
def add_user(username: str, email: str | None) -> None:
    """Open an account, also where registration is closed.

    The password is asked for, or is the first line of what is piped in; and never an argument, which others on the
    machine could see.
    """
    settings = settings_with()
    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    with explained_failures(), compose(alone(settings)) as service:
        user = service.use_cases.register_user(username, password, email)
    click.echo(f"{user.username} may log in now.")


def _asked() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
