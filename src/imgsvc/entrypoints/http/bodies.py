"""Reading what a request carries, strictly and within limits."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import parse_qsl

from attrs import AttrsInstance, fields, fields_dict
from starlette.requests import Request

from imgsvc.domain import wanted_specs
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    NotAuthenticated,
    TooManyOperations,
    UnknownOperation,
    UnknownParameter,
    UnknownPreset,
    UnsupportedOutput,
    unknown,
)
from imgsvc.domain.plain_data import read, read_parameters
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import OneOrSeveral, WantedSpec
from imgsvc.entrypoints.http.error_pictures import PictureQuery
from imgsvc.entrypoints.http.errors import (
    BodyTooLarge,
    InvalidJson,
    UnsupportedEncoding,
    UnsupportedMediaType,
)

T = TypeVar("T")

MAX_JSON = 64 * 1024
MAX_PARAMETERS = 100
_ERROR = fields(PictureQuery).error.name

_SPEC_READERS: dict[object, Callable[[object], object]] = {
    TransformSpec: wanted_specs.read_any,
    OneOrSeveral: wanted_specs.read_one_or_several,
}


def bearer_token(request: Request) -> str:
    """The token of the Authorization header; raises NotAuthenticated."""
    headers = request.headers.getlist("authorization")
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("send one header: Authorization: Bearer <token>")
    return token.strip()


async def read_body(request: Request, kind: type[T]) -> T:
    """The JSON body as a value of ``kind``; for a TransformSpec as WantedSpec. Raises InvalidInput."""
    refuse_encoding(request)
    if not is_json(media_type(request)):
        allowed = "application/json"
        raise UnsupportedMediaType("the body must be JSON", value=media_type(request), allowed=allowed)
    document = read_json(await _read_at_most(request, MAX_JSON))
    if kind in _SPEC_READERS and isinstance(document, list | dict):
        return cast(T, _SPEC_READERS[kind](document))
    if not isinstance(document, dict):
        allowed = "an object or a list" if kind in _SPEC_READERS else "an object"
        raise InvalidJson(f"the body must be {allowed}", allowed=allowed)
    try:
        return read(kind, document)
    except InvalidInput as error:
        raise _without_secret(error, kind) from None


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON body, which is an object. Raises InvalidJson, BodyTooLarge."""
    document = read_json(await _read_at_most(request, MAX_JSON))
    if not isinstance(document, dict):
        raise InvalidJson("the body must be an object", allowed="an object")
    return document


def is_json(kind: str) -> bool:
    """Whether a media type is one of JSON."""
    return re.fullmatch(r"application/(\S+\+)?json", kind) is not None


# What can be wrong with a spec or a preset, besides the body or the query that it stands in.
WANTED_FAILURES = (
    InvalidParameter,
    UnknownParameter,
    UnknownOperation,
    TooManyOperations,
    ConflictingParameters,
    UnknownPreset,
    UnsupportedOutput,
)


def read_wanted(spec: object, preset: object) -> WantedSpec | None:
    """What stands under ``spec``, in any shape, or ``preset``; None where nothing does. Raises InvalidInput."""
    if spec is not None and preset is not None:
        detail = "a preset and a spec are two different transforms"
        raise ConflictingParameters(detail, path=("preset",), value=preset, allowed="one of the two")
    if preset is not None:
        return WantedSpec(wanted_specs.read_json({"preset": preset}), ("preset",))
    return None if spec is None else wanted_specs.read_any(_as_json(spec), "spec")


def _as_json(spec: object) -> object:
    """A text may be JSON, since a form has no other values."""
    if not isinstance(spec, str) or spec.lstrip()[:1] not in ("{", "["):
        return spec
    try:
        return read_json(spec)
    except InvalidInput as error:
        raise error.under("spec") from None


def read_query(request: Request, kind: type[T]) -> T:
    """The query string as a value of ``kind``; for a TransformSpec as WantedSpec. Raises InvalidInput."""
    if kind is TransformSpec:
        _read_fields(PictureQuery, [pair for pair in query_pairs(request) if pair[0] == _ERROR])
        return cast(T, wanted_specs.read_query(spec_pairs(request)))
    return _read_fields(kind, query_pairs(request))


def spec_pairs(request: Request) -> list[tuple[str, str]]:
    """What a query string says of a rendering. Raises InvalidParameter."""
    return [pair for pair in query_pairs(request) if pair[0] != _ERROR]


def _read_fields(kind: type[T], pairs: list[tuple[str, str]]) -> T:
    known = fields_dict(cast("type[AttrsInstance]", kind))
    plain: dict[str, Any] = {}
    for name, text in pairs:
        if name not in known:
            error: InvalidInput = unknown(UnknownParameter, "parameter", name, known)
            raise error.of(name)
        if name in plain:
            raise DuplicateParameter(f"{name} is given twice", parameter=name, value=text, allowed=f"{name} once")
        plain[name] = _query_value(text, known[name].type)
    try:
        return read_parameters(kind, plain)
    except InvalidInput as error:
        error.parameter = str(error.path[0]) if error.path else None
        raise error.moved_to() from None


async def _read_at_most(request: Request, limit: int) -> bytes:
    body = bytearray()
    if int(request.headers.get("content-length", "0")) <= limit:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise BodyTooLarge("the body is too large", allowed=f"at most {limit} bytes")


def read_json(body: bytes | str) -> Any:
    """Strictly; raises InvalidJson."""
    try:
        return json.loads(body, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except InvalidJson:
        raise
    except (ValueError, RecursionError):
        raise InvalidJson("the body is not JSON", allowed="JSON in UTF-8") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidJson("an object has the same key twice", value=key, allowed="distinct keys")
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not JSON", value=name, allowed="finite numbers")


def _without_secret(error: InvalidInput, kind: type) -> InvalidInput:
    """The failure without the value of a field that is kept out of every log, such as a password."""
    field = fields_dict(kind).get(str(error.path[0])) if error.path else None
    if field is not None and not field.repr:
        return type(error)(error.detail, path=error.path, allowed=error.allowed)
    return error


def refuse_encoding(request: Request) -> None:
    """Raises UnsupportedEncoding for a compressed body."""
    if "content-encoding" in request.headers:
        raise UnsupportedEncoding("send the body without Content-Encoding", allowed="no Content-Encoding")


def media_type(request: Request) -> str:
    """Of the body, in lower case and without parameters; empty where none is named."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """The names and values of the query string. Raises InvalidParameter."""
    try:
        text = request.scope["query_string"].decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        allowed = f"at most {MAX_PARAMETERS} names and values, in UTF-8"
        raise InvalidParameter("the query string cannot be read", allowed=allowed) from None


def _query_value(text: str, kind: Any) -> str | int:
    """A number where one is wanted and written; the rules of the field refuse the rest."""
    is_number = int in (kind, *getattr(kind, "__args__", ())) and re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text)
    return int(text) if is_number else text
