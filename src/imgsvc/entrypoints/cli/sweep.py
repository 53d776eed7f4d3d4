"""``imgsvc sweep``."""

import json
from collections.abc import Iterator
from secrets import token_hex

import click
from attrs import asdict, evolve

from imgsvc.application.retention import Tally
from imgsvc.application.sweep import Swept
from imgsvc.entrypoints.cli.settings import alone, explained_failures, settings_with
from imgsvc.entrypoints.composition import compose
from imgsvc.entrypoints.logs import configure_logs
from imgsvc.entrypoints.settings import Settings

_EPILOG = """\b
Examples:
  imgsvc sweep --dry-run
  imgsvc sweep --json | jq .orphans
"""


@click.command(epilog=_EPILOG)
@click.option("--dry-run", is_flag=True, help="Tell what would go, and remove nothing.")
@click.option("--json", "is_json", is_flag=True, help="Print it as one JSON document.")
def sweep(dry_run: bool, is_json: bool) -> None:
    """Remove what nobody needs any more: once, and now.

    Servers and workers that make jobs do the same every hour. Variants go that nobody wanted for IMGSVC_VARIANT_DAYS,
    jobs that ended IMGSVC_JOB_DAYS ago, and what has lost its other half in a crash: bytes without a row, and
    renderings without bytes. Originals without bytes are told, and stay.
    """
    settings = settings_with()
    # What is printed need not be logged as well.
    configure_logs("warning" if settings.log_level == "info" else settings.log_level, settings.log_format)
    with explained_failures(), compose(_without_secrets(alone(settings))) as service:
        swept = service.use_cases.sweep(dry_run=dry_run)
    if is_json:
        click.echo(json.dumps({"dry_run": dry_run, **asdict(swept)}, indent=2))
    else:
        for line in _lines(swept, settings, dry_run):
            click.echo(line)
    trouble = list(_troubles(swept))
    if trouble:
        raise click.ClickException("; ".join(trouble))


def _without_secrets(settings: Settings) -> Settings:
    """Nothing is signed here, so no secret is made where none is kept."""
    unused = token_hex(32)
    return evolve(settings, token_secret=unused, password_secret=unused, link_keys=unused)


def _lines(swept: Swept, settings: Settings, dry_run: bool) -> Iterator[str]:
    remove, forget = ("Would remove", "Would forget") if dry_run else ("Removed", "Forgot")
    wanted, ended = _days(settings.variant_days), _days(settings.job_days)
    yield _line(remove, swept.variants, "variant", f"that nobody wanted for {wanted}", settings.variant_days)
    yield _line(forget, swept.jobs, "job", f"that ended {ended} ago", settings.job_days)
    yield _line(remove, swept.orphans.blobs, "blob", "without a row")
    yield _line(remove, swept.orphans.variants, "variant", "without bytes")


def _line(verb: str, tally: Tally, noun: str, which: str, days: int = 1) -> str:
    if not days:
        return f"{noun.capitalize()}s are kept for ever."
    return f"{verb} {tally.count} {noun}{'' if tally.count == 1 else 's'} {which}{_named(tally)}"


def _named(tally: Tally) -> str:
    if not tally.count:
        return "."
    rest = tally.count - len(tally.first)
    return f": {', '.join(tally.first)}{f', and {rest} more' if rest else ''}"


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days} days"


def _troubles(swept: Swept) -> Iterator[str]:
    """What somebody has to look after."""
    lost = swept.orphans.originals
    if lost.count:
        yield f"{lost.count} original{'' if lost.count == 1 else 's'} without bytes{_named(lost)}"
    if swept.orphans.refusal:
        yield swept.orphans.refusal
