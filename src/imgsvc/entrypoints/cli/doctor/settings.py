"""What is right and wrong with settings, by themselves and taken together."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import Attribute, fields

from imgsvc.entrypoints.settings import PREFIX, Settings
from imgsvc.ports.diagnosis import Finding, Subject

# A broker takes a signal back, and breaks off, when a worker keeps it for 30 minutes.
_LONGEST_JOB = 1500  # seconds


def diagnose_settings(settings: Settings) -> Iterator[Finding]:
    """Of those that are set only names are shown where values may hold a secret."""
    subject = Subject("settings")
    changed = [_shown(one, settings) for one in fields(Settings) if not _is_default(one, settings)]
    yield subject.ok(f"set: {', '.join(changed)}" if changed else "everything is as by default")
    yield from _secrets(subject, settings)
    yield from _topology(subject, settings)


def _shown(one: "Attribute[Any]", settings: Settings) -> str:
    name = f"{PREFIX}{one.name.upper()}"
    return f"{name}={getattr(settings, one.name)}" if one.repr else name


def _is_default(one: "Attribute[Any]", settings: Settings) -> bool:
    value = getattr(settings, one.name)
    if isinstance(value, Path):
        return value.absolute() == Path(str(one.default)).absolute()
    return bool(value == one.default)


def _secrets(subject: Subject, settings: Settings) -> Iterator[Finding]:
    if not _is_shared(settings):
        return
    what_follows = {
        "token_secret": "processes with other data folders refuse each other's tokens and cursors",
        "password_secret": "who registers at one process cannot log in at another with another data folder",
        "link_keys": "a process refuses the links that another with another data folder has signed",
    }
    for name, following in what_follows.items():
        if getattr(settings, name) is None:
            variable = f"{PREFIX}{name.upper()}"
            yield subject.warning(
                f"{variable} is not set, though the database can be shared: {following}",
                f"set {variable} to the same 32 bytes or more everywhere, such as what openssl rand -hex 32 prints",
            )


def _topology(subject: Subject, settings: Settings) -> Iterator[Finding]:
    """What fits by itself, and not together."""
    has_broker = urlsplit(settings.jobs_url).scheme != "memory"
    if not has_broker and settings.worker_slots == 0:
        yield subject.error(
            "jobs are queued inside the server, which makes none of them: IMGSVC_WORKER_SLOTS is 0",
            "raise IMGSVC_WORKER_SLOTS, or name a broker in IMGSVC_JOBS_URL and start imgsvc worker",
        )
    if has_broker and settings.job_seconds > _LONGEST_JOB:
        yield subject.warning(
            f"IMGSVC_JOB_SECONDS is {settings.job_seconds}, and a broker takes back what was kept for 1800 seconds",
            f"lower it to {_LONGEST_JOB}, or raise consumer_timeout of the broker",
        )
    place = Path(settings.worker_health_file).absolute().parent
    if settings.worker_health_file and not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        yield subject.error(
            "IMGSVC_WORKER_HEALTH_FILE cannot be written by this user",
            "name a file in a folder that is there and can be written",
        )
    if has_broker and not _is_shared(settings):
        yield subject.warning(
            "jobs go over a broker to other processes, and the database is a file of this machine",
            "run imgsvc worker on this machine alone, or name a Postgres in IMGSVC_DATABASE_URL",
        )
    if has_broker and _is_shared(settings) and not settings.blobs_url:
        yield subject.error(
            "jobs go over a broker to other processes, and the pictures are in the data folder of this one",
            "name what all processes see in IMGSVC_BLOBS_URL",
        )


def _is_shared(settings: Settings) -> bool:
    return settings.database_url.startswith("postgresql")
