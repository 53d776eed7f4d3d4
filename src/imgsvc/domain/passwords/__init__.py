"""The passwords that everybody tries first.

``common.txt`` has the 5,000 most common ones of at least 8 characters, the most common first, in lower case: those of
the frequency list of the package zxcvbn (see LICENSE beside it).
"""

from functools import cache
from importlib.resources import files


def is_common(password: str) -> bool:
    """However its letters are written."""
    return password.casefold() in _common()


@cache
def _common() -> frozenset[str]:
    return frozenset(files(__package__).joinpath("common.txt").read_text("utf-8").splitlines())
