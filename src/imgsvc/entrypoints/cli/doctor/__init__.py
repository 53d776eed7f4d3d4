"""``imgsvc doctor``."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import click

from imgsvc.entrypoints.cli.doctor.report import as_json, as_text
from imgsvc.entrypoints.cli.doctor.settings import diagnose_settings
from imgsvc.entrypoints.cli.settings import settings_with
from imgsvc.entrypoints.composition import examinations
from imgsvc.entrypoints.settings import Settings
from imgsvc.entrypoints.side_by_side import SideBySide
from imgsvc.ports.diagnosis import Finding, Level, Subject

_SECONDS = 30.0  # for everything; each of those who are asked has shorter deadlines of its own

_EPILOG = """\b
Examples:
  imgsvc doctor
  imgsvc doctor --json | jq '.findings[] | select(.level != "ok")'

Exit codes: 0 nothing is an error, 1 something is, 2 settings are wrong.
"""


@click.command(epilog=_EPILOG)
@click.option("--json", "is_json", is_flag=True, help="Print the findings as one JSON document.")
def doctor(is_json: bool) -> None:
    """Look for what is wrong with settings and dependencies, and say how to mend it.

    Looks at what the settings name, with the service running or not, and changes nothing, but for small probes that
    are removed again. Shows no secret.
    """
    settings = settings_with()
    logging.getLogger().addHandler(logging.NullHandler())  # what adapters would log is in the findings
    findings, has_wrong_settings = _examined(settings)
    click.echo(as_json(findings) if is_json else as_text(findings))
    if has_wrong_settings:
        raise SystemExit(2)
    if any(one.level is Level.ERROR for one in findings):
        raise SystemExit(1)


def _examined(settings: Settings) -> tuple[Sequence[Finding], bool]:
    """The findings, and whether some of them are of settings that mean nothing."""
    own: dict[str, Callable[[], Iterable[Finding]]] = {
        "settings": partial(diagnose_settings, settings),
    }
    every = {**own, **examinations(settings)}
    asked = SideBySide({name: partial(_collected, examine) for name, examine in every.items()}, _SECONDS)
    findings: list[Finding] = []
    has_wrong_settings = False
    for name, answer in asked.answers().items():
        found, ended_by = answer if isinstance(answer, tuple) else ([], answer)
        findings += found
        if ended_by is not None:
            has_wrong_settings |= isinstance(ended_by, ValueError)
            findings.append(_ending(name, ended_by))
    return findings, has_wrong_settings


def _collected(examine: Callable[[], Iterable[Finding]]) -> tuple[list[Finding], Exception | None]:
    """What was found before it ended, and what ended it early."""
    found: list[Finding] = []
    try:
        found.extend(examine())
    except Exception as error:
        return found, error
    return found, None


def _ending(name: str, error: Exception) -> Finding:
    subject = Subject(name)
    match error:
        case ValueError():
            return subject.error(str(error), f"correct IMGSVC_{_variable(name)}")
        case TimeoutError():
            return subject.error(f"it was not done within {_SECONDS:g} seconds", "see whether it hangs")
    # Whatever it says may hold anything.
    return subject.error(f"it could not be examined ({type(error).__name__})", "report this as a mistake of imgsvc")


def _variable(name: str) -> str:
    return name.upper() if name == "engine" else f"{name.upper()}_URL"
