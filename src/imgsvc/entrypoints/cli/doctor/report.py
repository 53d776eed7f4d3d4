"""Findings as text for people and as JSON for programs."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import groupby
from textwrap import wrap

import click
from attrs import asdict

from imgsvc.ports.diagnosis import Finding, Level

_COLORS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}
_NARROWEST = 60  # columns


def as_json(findings: Sequence[Finding]) -> str:
    document = {
        "version": version("imgsvc"),
        "summary": {level.value: _count(findings)[level] for level in Level},
        "findings": [asdict(one) for one in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_text(findings: Sequence[Finding]) -> str:
    """Names to the left, once for all findings of one dependency; colours go where there is no terminal."""
    names = max(len(one.dependency) for one in findings) + 2
    lines = [f"imgsvc {version('imgsvc')}", ""]
    for name, group in groupby(findings, lambda one: one.dependency):
        shown = name
        for one in group:
            lines += _lines(one, shown, names)
            shown = ""
    return "\n".join([*lines, "", _summary(findings)])


def _lines(one: Finding, name: str, names: int) -> Iterator[str]:
    levels = max(map(len, Level)) + 2
    margin = " " * (names + levels)
    found, *more = _wrapped(one.found, len(margin))
    yield name.ljust(names) + click.style(one.level.ljust(levels), fg=_COLORS[one.level]) + found
    yield from (margin + line for line in more)
    if one.remedy:
        yield from (margin + line for line in _wrapped(f"To mend it: {one.remedy}", len(margin)))


def _wrapped(text: str, margin: int) -> list[str]:
    """To the width of a terminal; whole elsewhere, so that grep finds it."""
    if not sys.stdout.isatty():
        return [text]
    width = max(_NARROWEST, shutil.get_terminal_size().columns) - margin
    return wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _summary(findings: Sequence[Finding]) -> str:
    count = _count(findings)
    errors, warnings = count[Level.ERROR], count[Level.WARNING]
    told = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}, {count[Level.OK]} ok"
    if errors:
        return click.style(f"{told}: not everything works.", fg=_COLORS[Level.ERROR])
    if warnings:
        return click.style(f"{told}: everything works, and something should be looked at.", fg=_COLORS[Level.WARNING])
    return click.style(f"{told}: everything works.", fg=_COLORS[Level.OK])


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _count(findings: Sequence[Finding]) -> Counter[Level]:
    return Counter(one.level for one in findings)
