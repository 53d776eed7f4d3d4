"""What goes wrong with a setting names it."""

from collections.abc import Iterator
from contextlib import contextmanager

from imgsvc.domain.errors import ImgsvcError


@contextmanager
def told_of(variable: str) -> Iterator[None]:
    """What opening raises of it names the setting, never its value."""
    try:
        yield
    except ImgsvcError as error:
        if variable not in error.detail:
            raise type(error)(f"{variable}: {error.detail}") from error.__cause__
        raise
    except (ValueError, RuntimeError) as error:
        if variable not in str(error):
            raise (ValueError if isinstance(error, ValueError) else RuntimeError)(f"{variable}: {error}") from error
        raise
