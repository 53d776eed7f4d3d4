"""The OpenAPI 3.1 document, made from the endpoints: from their signatures, types and field rules."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from attrs import fields

from imgsvc.application.rates import RateGroup
from imgsvc.domain import dialects
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
from imgsvc.domain.transform import Format, TransformSpec
from imgsvc.domain.wanted_specs import MAX_SPECS, OneOrSeveral
from imgsvc.entrypoints.http.admission import RATE_HEADERS
from imgsvc.entrypoints.http.bodies import WANTED_FAILURES
from imgsvc.entrypoints.http.document.examples import of_body
from imgsvc.entrypoints.http.document.schemas import COMPACT, Schema, Schemas, first_line
from imgsvc.entrypoints.http.document.upload_schemas import beside_file, upload_body
from imgsvc.entrypoints.http.document.webhook_schemas import messages
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.error_pictures import PictureQuery
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
from imgsvc.entrypoints.http.guarded_protocol import REFUSALS
from imgsvc.entrypoints.http.renderings import PendingView

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
_REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def document(endpoints: Iterable[Endpoint]) -> Schema:
    """The whole document, as plain data."""
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "imgsvc",
            "version": version("imgsvc"),
            "description": "Upload pictures, transform them now by URL or later as a job, and get them back.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "webhooks": messages(schemas),
        "components": {
            "schemas": {**schemas.components, "Problem": _PROBLEM},
            "headers": {"RequestId": _header("The id of this request, in the log too; yours, if you sent one")},
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


_SECURITY_SCHEMES: Schema = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a login, which may do everything",
    },
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "imgsvc_...",
        "description": "An API key, where it has the scope that is named: `read`, or `write`",
    },
}

_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong, after RFC 9457; `code` is stable and meant for programs",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "pointer": {"type": "string", "description": "JSON pointer to the value in the body"},
        "parameter": {"type": "string", "description": "name of the query parameter"},
        "position": {"type": "integer", "description": "where in the compact form, counted from 0"},
        "value": {"description": "what was given"},
        "allowed": {"type": "string"},
        "nearest": {"type": "string", "description": "the name that was probably meant"},
    },
}


def _operation(endpoint: Endpoint, schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": endpoint.function.__name__,
        "summary": first_line(endpoint.function),
        "tags": [endpoint.tag],
        **({"x-rate-limit-group": endpoint.group} if endpoint.group else {}),
        "responses": _responses(endpoint, schemas),
    }
    parameters = _parameters(endpoint, schemas)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.takes("body"):
        operation["requestBody"] = _request_body(endpoint.types["body"], schemas)
    if endpoint.takes("upload"):
        operation["requestBody"] = upload_body(endpoint.form)
    if endpoint.needs_caller:
        operation["security"] = [{"bearer": []}, *([{"api_key": [endpoint.scope]}] if endpoint.scope else [])]
    return operation


def _parameters(endpoint: Endpoint, schemas: Schemas) -> list[Schema]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(endpoint.types.get(name, str))}
        for name in endpoint.path_parameters
    ]
    if endpoint.is_done_once:
        parameters.append(_KEY)
    if endpoint.takes("upload"):
        parameters += beside_file(endpoint.form)
    kind = endpoint.types.get("query")
    if kind is TransformSpec:
        return parameters + _spec_parameters(schemas)
    return parameters if kind is None else parameters + _query_parameters(kind, schemas)


def _query_parameters(kind: Any, schemas: Schemas) -> list[Schema]:
    parameters: list[Schema] = []
    for one in fields(kind):
        schema = schemas.of_field(one, strict=True)
        # An absent parameter is how a query says null.
        options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
        parameters.append({"name": one.name, "in": "query", "schema": options[0] if options else schema})
    return parameters


_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "yours, and the same each time you send the request: it is done once, and answered alike for a day",
}


def _spec_parameters(schemas: Schemas) -> list[Schema]:
    compact = {"name": "t", "in": "query", "schema": {"type": "string", "maxLength": 2048}}
    compact["description"] = (
        "the compact form of a spec, such as `rs:cover:300:200,gray,f:webp`, or `p:name` for a preset; stands alone"
    )
    flat = [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": f"the spec's {'.'.join(path)}"}
        for name, (path, _) in dialects.QUERY_KEYS.items()
    ]
    accept = {"name": "Accept", "in": "header", "schema": {"type": "string"}}
    accept["description"] = "the media types that you show: the format `auto` chooses among those that are named"
    return [compact, *flat, *_query_parameters(PictureQuery, schemas), accept]


def _request_body(kind: Any, schemas: Schemas) -> Schema:
    if kind in (TransformSpec, OneOrSeveral):
        shapes = schemas.spec_shapes()
        schema: Schema = {"anyOf": [*shapes, *([_several_specs(shapes)] if kind == OneOrSeveral else [])]}
    else:
        schema = schemas.of(kind, strict=True)
    shown = of_body(kind)
    content = {"schema": schema, **({"examples": shown} if shown else {})}
    return {"required": True, "content": {"application/json": content}}


def _several_specs(shapes: Sequence[Schema]) -> Schema:
    specs = {"type": "array", "minItems": 1, "maxItems": MAX_SPECS, "items": {"anyOf": [*shapes, COMPACT]}}
    return {
        "type": "object",
        "description": "several at once",
        "required": ["specs"],
        "additionalProperties": False,
        "properties": {"specs": specs},
    }


def _responses(endpoint: Endpoint, schemas: Schemas) -> Schema:
    responses: Schema = {str(endpoint.status): _success(endpoint, endpoint.status, schemas)}
    for status, meaning in endpoint.also.items():
        responses[str(status)] = {**_success(endpoint, status, schemas), "description": meaning}
    for status, codes in sorted(_codes_by_status(endpoint).items()):
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in sorted(codes))}",
            "headers": dict(_REQUEST_ID),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
                **(_ERROR_PICTURE if endpoint.is_picture else {}),
            },
        }
    return responses


_ERROR_PICTURE: Schema = {"image/svg+xml": {"schema": {"type": "string", "contentMediaType": "image/svg+xml"}}}


def _success(endpoint: Endpoint, status: int, schemas: Schemas) -> Schema:
    response: Schema = {"description": _SUCCESSES.get(status, "Done"), "headers": dict(_REQUEST_ID)}
    if endpoint.is_picture:
        response["headers"] |= {"ETag": _header("Equal for equal bytes"), "Accept-Ranges": _header("bytes")}
    if endpoint.group not in (None, RateGroup.RENDER):
        response["headers"] |= {name: _header(meaning) for name, meaning in RATE_HEADERS.items()}
    if status == 307:
        response["headers"] |= {"Location": _header("Where the picture is, for a while")}
    if status in (204, 304, 307):
        return response
    if endpoint.is_picture and status != 202:
        content = {"type": "string", "contentMediaType": "image/*"}
        response["content"] = {one: {"schema": content} for one in _PICTURE_TYPES}
        return response
    if endpoint.is_stream:
        response["content"] = {"text/event-stream": {"schema": _EVENT}}
        return response
    # What is asked for as a picture, and made as a job, is told of as that.
    view = endpoint.view
    if endpoint.is_picture:
        view = JobView if endpoint.needs_caller else PendingView
    response["content"] = {"application/json": {"schema": schemas.of(view)}}
    if endpoint.is_picture:
        response["content"] |= _ERROR_PICTURE
    if status in (201, 202) and endpoint.takes("caller"):
        response["headers"] |= {"Location": _header("Where it is, or will be")}
    return response


_EVENT: Schema = {
    "type": "object",
    "description": "one server-sent event",
    "properties": {name: {"type": "string"} for name in ("event", "id", "data")},
}
_SUCCESSES = {200: "Here it is", 201: "It was made", 204: "It is gone"}
_PICTURE_TYPES = [*(one.media_type for one in Format), "image/bmp", "image/heic"]


def _codes_by_status(endpoint: Endpoint) -> Mapping[int, set[str]]:
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
    codes: dict[int, set[str]] = {}
    for code, status in REFUSALS.items():
        codes.setdefault(status, set()).add(code)
    for kind in kinds:
        codes.setdefault(status_of(kind), set()).add(kind.code)
    return codes


def _header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}
