"""Contenders measured in turn, and the table of what came out."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from attrs import frozen


@frozen
class Sample:
    """One round of one contender."""

    per_second: float
    # By the contender's own time on a core, where that is known: it changes little when others use the machine.
    per_cpu_second: float | None = None


@frozen
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float  # of each contender in each round


Contender = Callable[[float], Sample]


def compare(title: str, contenders: Mapping[str, Contender], effort: Effort) -> None:
    """Measure A B A B; print the rates, and the ratios to the last contender, each within one round."""
    print(f"\n{title}\n  {'':40}{'min':>9}{'median':>9}{'max':>9}   per CPU second")
    rounds = [{name: run(effort.seconds) for name, run in contenders.items()} for _ in range(effort.rounds)]
    *measured, reference = contenders
    for name in contenders:
        _row(name, [one[name].per_second for one in rounds], [one[name].per_cpu_second for one in rounds], ".1f")
    for name in measured:
        pairs = [(one[name], one[reference]) for one in rounds]
        ratios = [mine.per_second / theirs.per_second for mine, theirs in pairs]
        _row(f"{name} / {reference}", ratios, [_cpu_ratio(*pair) for pair in pairs], ".3f")


def _row(name: str, values: list[float], cpu_values: list[float | None], form: str) -> None:
    known = [value for value in cpu_values if value is not None]
    columns = [min(values), median(values), max(values)]
    print(f"  {name:40}" + "".join(f"{value:9{form}}" for value in columns), end="")
    print(f"{median(known):14{form}}" if known else f"{'-':>14}", flush=True)


def _cpu_ratio(mine: Sample, theirs: Sample) -> float | None:
    if mine.per_cpu_second is None or theirs.per_cpu_second is None:
        return None
    return mine.per_cpu_second / theirs.per_cpu_second


def cpu_seconds_of(process_id: int) -> float | None:
    """The time that a process and its children have spent on cores; known on Linux only."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        children = _children_of(process_id)
    except OSError:
        return None
    # Its own, and what children that have ended had spent.
    ticks = sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds_of(child) or 0 for child in children)


def resident_bytes_of(process_id: int) -> int | None:
    """What a process and its children have in memory, what they share counted for each; known on Linux only."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
        children = _children_of(process_id)
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes_of(child) or 0 for child in children)


def _children_of(process_id: int) -> list[int]:
    """Raises OSError where there is no such process."""
    files = Path(f"/proc/{process_id}").glob("task/*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def sample(count: int, seconds: float, cpu_seconds: float | None) -> Sample:
    """What ``count`` operations come to."""
    return Sample(count / seconds, count / cpu_seconds if cpu_seconds else None)
