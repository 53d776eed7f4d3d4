"""The failures of an endpoint: what it raises itself, and what comes of all that it takes."""

from collections.abc import Mapping

from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    FetchFailed,
    FetchTimedOut,
    FileTooLarge,
    IdempotencyMismatch,
    ImageExists,
    ImgsvcError,
    InsufficientScope,
    InvalidIdempotencyKey,
    InvalidInput,
    InvalidParameter,
    InvalidToken,
    InvalidUrl,
    NotAllowed,
    NotAuthenticated,
    RequestInProgress,
    StorageFull,
    TokenExpired,
    TokenRevoked,
    TooManyRequests,
    Unavailable,
    UnknownField,
    UnknownParameter,
    UrlNotAllowed,
)
from imgsvc.domain.preset import PresetName
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import OneOrSeveral
from imgsvc.entrypoints.http.bodies import WANTED_FAILURES
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.errors import (
    BodyTooLarge,
    DigestMismatch,
    InvalidJson,
    InvalidMultipart,
    MissingFile,
    RangeNotSatisfiable,
    TooManyParts,
    UnsupportedEncoding,
    UnsupportedMediaType,
    status_of,
)
from imgsvc.entrypoints.http.refusals import REFUSALS

_NO_CALLER = (NotAuthenticated, InvalidToken, TokenExpired, TokenRevoked, InsufficientScope)
_FAILURES_OF_PARAMETER: dict[str, tuple[type[ImgsvcError], ...]] = {
    "caller": _NO_CALLER,
    "identity": _NO_CALLER,
    "login": _NO_CALLER,
    "query": (InvalidParameter, UnknownParameter, DuplicateParameter, ConflictingParameters),
    "body": (InvalidJson, BodyTooLarge, UnsupportedMediaType, UnsupportedEncoding, InvalidInput, UnknownField),
    "upload": (
        ImageExists,
        InvalidMultipart,
        MissingFile,
        TooManyParts,
        UnknownParameter,
        UnsupportedMediaType,
        UnsupportedEncoding,
        FileTooLarge,
        UnknownField,
        InvalidInput,
        InvalidParameter,
        DuplicateParameter,
        DigestMismatch,
        InvalidJson,
        BodyTooLarge,
        InvalidUrl,
        UrlNotAllowed,
        FetchFailed,
        FetchTimedOut,
        NotAllowed,
    ),
}


def codes_by_status(endpoint: Endpoint) -> Mapping[int, set[str]]:
    """The stable codes of its failures, and of those that every request may meet."""
    codes: dict[int, set[str]] = {}
    for code, status in REFUSALS.items():
        codes.setdefault(status, set()).add(code)
    for kind in _failures_of(endpoint):
        codes.setdefault(status_of(kind), set()).add(kind.code)
    return codes


def _failures_of(endpoint: Endpoint) -> set[type[ImgsvcError]]:
    kinds: set[type[ImgsvcError]] = set(endpoint.raises)
    if endpoint.takes("use_cases") or endpoint.needs_caller:
        kinds.add(Unavailable)
        if endpoint.method != "GET":
            kinds.add(StorageFull)
    for name, failures in _FAILURES_OF_PARAMETER.items():
        if endpoint.takes(name):
            kinds.update(failures)
    if endpoint.is_done_once:
        kinds.update((InvalidIdempotencyKey, IdempotencyMismatch, RequestInProgress))
    if endpoint.group is not None:
        kinds.add(TooManyRequests)
    if endpoint.is_picture:
        kinds.add(RangeNotSatisfiable)
    if PresetName in endpoint.types.values():
        kinds.add(InvalidInput)
    if {endpoint.types.get("body"), endpoint.types.get("query")} & {TransformSpec, OneOrSeveral}:
        kinds.update(WANTED_FAILURES)
    return kinds
