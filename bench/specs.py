"""Specs that were never asked for."""

from collections.abc import Iterator

_SPREAD = 16  # pixels by which sides vary, so 256 specs of each quality


def fresh_specs(step: str, width: int, height: int, format: str = "jpeg") -> Iterator[str]:
    """Never the same twice, and nearly the same work: some pixels more or less, then another quality."""
    for quality in range(80, 0, -1):
        for across in range(-_SPREAD // 2, _SPREAD // 2):
            for down in range(-_SPREAD // 2, _SPREAD // 2):
                yield f"{step}:{width + across}:{height + down},f:{format},q:{quality}"
