"""Our failures as HTTP status codes and problem documents (RFC 9457)."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response

from imgsvc.domain import errors
from imgsvc.domain.errors import ImgsvcError, InvalidInput
from imgsvc.entrypoints.http import error_pictures


class InvalidJson(InvalidInput):
    """The body is not the JSON that it should be."""

    code = "invalid_json"


class InvalidMultipart(InvalidInput):
    """The form cannot be read."""

    code = "invalid_multipart"


class MissingFile(InvalidInput):
    """The form has no file under the name it should have, or ends before the file does."""

    code = "missing_file"


class DigestMismatch(InvalidInput):
    """The body is not the one that a header of the request describes."""

    code = "digest_mismatch"


class TooManyParts(InvalidInput):
    """The form has more files or fields than one may have."""

    code = "too_many_parts"


class BodyTooLarge(InvalidInput):
    """The body of a request that carries no file is too large."""

    code = "body_too_large"


class UnsupportedMediaType(InvalidInput):
    """The request's Content-Type is not one that the endpoint reads."""

    code = "unsupported_media_type"


class UnsupportedEncoding(InvalidInput):
    """The request's body is compressed."""

    code = "unsupported_encoding"


class RangeNotSatisfiable(ImgsvcError):
    """The part that was asked for begins behind the end."""

    code = "invalid_range"

    def __init__(self, byte_count: int) -> None:
        super().__init__(f"the picture has {byte_count} bytes")
        self.byte_count = byte_count


class NoSuchPage(ImgsvcError):
    """There is nothing at this path."""

    code = "not_found"


class MethodNotAllowed(ImgsvcError):
    """The address is there, and has other methods: `Allow` names them."""

    code = "method_not_allowed"


class CrossOriginRefused(errors.NotAllowed):
    """A page of another origin asks to use the service, which whoever runs it has not allowed."""

    code = "cross_origin_refused"


class InternalError(ImgsvcError):
    """Our fault; the log has it under the request's id."""

    code = "internal_error"


# The nearest ancestor counts.
STATUS: dict[type[ImgsvcError], int] = {
    InvalidInput: 422,
    InvalidJson: 400,
    InvalidMultipart: 400,
    MissingFile: 400,
    TooManyParts: 400,
    DigestMismatch: 400,
    errors.InvalidCursor: 400,
    errors.InvalidIdempotencyKey: 400,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.ImageErased: 410,
    NoSuchPage: 404,
    errors.OriginalMissing: 410,
    errors.LinkExpired: 410,
    MethodNotAllowed: 405,
    errors.Conflict: 409,
    BodyTooLarge: 413,
    RangeNotSatisfiable: 416,
    errors.FileTooLarge: 413,
    UnsupportedMediaType: 415,
    UnsupportedEncoding: 415,
    errors.UnsupportedFormat: 415,
    errors.RenderingFailed: 422,
    InternalError: 500,
    errors.TooManyRequests: 429,
    errors.Busy: 503,
    errors.RenderingTimedOut: 504,
    errors.FetchTimedOut: 504,
    errors.StorageFull: 507,
}


# Python's own phrases differ between its versions.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    507: "Insufficient Storage",
}


def status_of(kind: type[ImgsvcError]) -> int:
    """The status code of a failure."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def problem(connection: HTTPConnection, error: ImgsvcError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed: a document, or a picture where that was asked for."""
    status = status_of(type(error))
    told = {**_headers(error, status), **(headers or {})}
    if error_pictures.is_wanted(connection):
        return error_pictures.error_picture(connection, status, error.code, told)
    return Response(problem_document(connection, error) + "\n", status, told, "application/problem+json")


def problem_document(connection: HTTPConnection, error: ImgsvcError) -> str:
    """What the answer says, as JSON in one line."""
    status = status_of(type(error))
    document = {
        "type": f"urn:imgsvc:error:{error.code}",
        "title": TITLES[status],
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "request_id": connection.scope.get("state", {}).get("request_id", ""),
        **(_where(error) if isinstance(error, InvalidInput) else {}),
    }
    return json.dumps(document, ensure_ascii=False, default=str)


def _where(error: InvalidInput) -> dict[str, Any]:
    """What the caller needs to mend the request; only what there is."""
    found = {
        "pointer": error.pointer or None,
        "parameter": error.parameter,
        "position": error.position,
        "allowed": error.allowed,
        "nearest": error.nearest,
    }
    return {name: value for name, value in found.items() if value is not None} | (
        {"value": error.value} if error.has_value else {}
    )


def _headers(error: ImgsvcError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.NotAuthenticated):
        reason = "" if error.code == "unauthenticated" else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="imgsvc"{reason}'
    if isinstance(error, errors.InsufficientScope):
        headers["WWW-Authenticate"] = 'Bearer realm="imgsvc", error="insufficient_scope"'
    if isinstance(error, errors.Busy | errors.TooManyRequests | errors.RequestInProgress):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.byte_count}"
    if status == 413:
        headers["Connection"] = "close"  # the rest of the body is not read
    return headers
