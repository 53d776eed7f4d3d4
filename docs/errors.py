"""docs/errors.md: every code that an error may have, written from the classes."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from imgsvc.domain import errors
from imgsvc.domain.errors import ImgsvcError
from imgsvc.domain.variant import CANCELLED
from imgsvc.entrypoints.http import errors as http_errors
from imgsvc.entrypoints.http.errors import TITLES, status_of
from imgsvc.entrypoints.http.refusals import REFUSALS

PATH = Path(__file__).parent / "errors.md"

_BEGINNING = """\
# Errors

<!-- Written by `make docs` from the classes in src/imgsvc. Change those, and not this. -->

Every error of the API is a problem document; [api.md](api.md#errors) shows one. Its `code` is one of these, and means
the same for good. On the command line and in Python the same errors have the same codes.
"""
_JOBS = """
## Jobs

A job that could not be made is `failed`, and its `failure` has one of these codes; a request that asks for such a job
is answered with 200. Webhooks are told the same, but nothing of jobs that were `cancelled`.

"""
# What else jobs fail of, and when: what does not fit is refused before, as far as it can be known then.
_JOB_FAILURES: Mapping[type[ImgsvcError], str] = {
    errors.CropOutOfBounds: "After a trim, of which only the pixels tell what it leaves.",
    errors.OutputTooLarge: "After a trim, or where limits were lowered meanwhile.",
    errors.TooMuchMemory: "After a trim, or where limits were lowered meanwhile.",
    errors.ImageTooLarge: "Where limits were lowered since the upload.",
    errors.TooManyFrames: "Where limits were lowered since the upload.",
    errors.UnsupportedFormat: "Where the service read this format when it was uploaded, and does not any more.",
    errors.TooManyBytes: "No quality makes the result as small as `max_bytes` wants it.",
    errors.CorruptImage: "The pixels cannot be read to their end.",
    errors.OriginalMissing: "The bytes of the original are lost; upload it again.",
    errors.OriginalDamaged: "The bytes of the original are not those that were uploaded.",
    errors.NotFound: "The image of a watermark was deleted meanwhile.",
    errors.RenderingFailed: (
        "The picture passed every check and still could not be rendered, however often that was tried."
    ),
    errors.RenderingTimedOut: "It took longer than a job may.",
    errors.RenderingOutOfMemory: "It took more memory than a rendering may have; its plan tells how much it may take.",
    errors.RenderingCrashed: "The decoder ended while it worked, each time that it was tried.",
}
# What others are kinds of, and nothing is by itself.
_GENERAL = {ImgsvcError, errors.NotAllowed, errors.Conflict}
_OF_THE_SOCKET = "The request is refused before any endpoint is asked."


def text() -> str:
    """The whole page."""
    by_status: dict[int, list[tuple[str, str]]] = {}
    for kind in kinds():
        by_status.setdefault(status_of(kind), []).append((kind.code, meaning_of(kind)))
    for code, status in REFUSALS.items():
        by_status.setdefault(int(status), []).append((code, _OF_THE_SOCKET))
    parts = [_BEGINNING]
    for status, found in sorted(by_status.items()):
        title = TITLES.get(status) or next(one.phrase for one in REFUSALS.values() if one == status)
        parts.append(f"\n## {status} {title}\n\n{_table(found)}")
    return "".join([*parts, _JOBS, _table(of_jobs())])


def of_jobs() -> Iterator[tuple[str, str]]:
    """Every code that the failure of a job may have, and what it means there."""
    yield CANCELLED, "Its owner cancelled it; it is made if it is asked for again."
    yield from ((kind.code, meaning) for kind, meaning in _JOB_FAILURES.items())


def _table(found: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in sorted(set(found)))
    return f"| Code | Meaning |\n|---|---|\n{rows}"


def kinds() -> Iterator[type[ImgsvcError]]:
    """Every class of error that has a code of its own."""
    for module in (errors, http_errors):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, ImgsvcError) and _is_made_in(module, kind):
                yield from [kind] if "code" in vars(kind) and kind not in _GENERAL else []


def _is_made_in(module: ModuleType, kind: type[ImgsvcError]) -> bool:
    """Whether a module, or one of a package, is where the class stands."""
    return f"{kind.__module__}.".startswith(f"{module.__name__}.")


def meaning_of(kind: type[ImgsvcError]) -> str:
    """The first paragraph of what its class says of itself."""
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
