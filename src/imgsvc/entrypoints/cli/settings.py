"""What every command does about its settings: reads them, and says in one line what keeps it from working."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from attrs import evolve

from imgsvc.domain.errors import Busy, ImgsvcError, InvalidInput
from imgsvc.entrypoints.settings import Settings
from imgsvc.entrypoints.settings_sources import SettingsError, load_settings

_outages = logging.getLogger("imgsvc.adapters.common.outages")


def settings_with(**options: Any) -> Settings:
    """Settings of the environment, under what the command's options say; options that are None say nothing.

    Raises UsageError for settings that are wrong.
    """
    try:
        return evolve(load_settings(), **{name: value for name, value in options.items() if value is not None})
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except InvalidInput as error:
        raise click.UsageError(error.detail) from None


def alone(settings: Settings) -> Settings:
    """Without broker, cache and metrics, for commands that have no need of them."""
    unused = evolve(settings, metrics_port=None, metrics_token=None)
    return evolve(unused, jobs_url="memory:", cache_url="memory:?max_bytes=0", render_in="process")


@contextmanager
def explained_failures() -> Iterator[None]:
    """Around what opens the adapters: their failures as UsageError (2) or ClickException (1)."""
    try:
        with _told_once():
            yield
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except ImgsvcError as error:
        raise click.ClickException(_with_cause(error)) from None
    except OSError as error:
        raise click.ClickException(_sentence(error)) from None
    except RuntimeError as error:  # a database that is newer than this program
        raise click.ClickException(str(error)) from None


@contextmanager
def _told_once() -> Iterator[None]:
    """What adapters log of a start waits for its end: where that is an error, it is told by the command, and better."""
    kept: list[logging.LogRecord] = []

    def keep(record: logging.LogRecord) -> bool:
        kept.append(record)
        return False

    _outages.addFilter(keep)
    try:
        yield
    except (ImgsvcError, ValueError, OSError, RuntimeError):
        kept.clear()
        raise
    finally:
        _outages.removeFilter(keep)
        for record in kept:
            _outages.handle(record)


def _with_cause(error: ImgsvcError) -> str:
    """Who starts the service may see what callers may not: the library's own words, or their first line."""
    # What is no trouble of a server says all by itself; what the database told of it is ours to know.
    match error.__cause__ if isinstance(error, Busy) else None:
        case None:
            return error.detail
        case OSError() as cause:
            return f"{error.detail}: {_sentence(cause)}"
        case cause:
            return f"{error.detail}: {str(cause).partition(chr(10))[0]}"


def _sentence(error: OSError) -> str:
    reason = error.strerror or "it failed for no known reason"
    return f"cannot use {error.filename}: {reason}" if error.filename else reason
