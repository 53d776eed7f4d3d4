"""The OpenAPI 3.1 document, made from the endpoints: from their signatures, types and field rules."""

import types
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from typing import Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from attrs import NOTHING, Attribute, fields, has

from imgsvc.domain import dialects
from imgsvc.domain.color import Color
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    FileTooLarge,
    ImgsvcError,
    InvalidInput,
    InvalidParameter,
    InvalidToken,
    NotAuthenticated,
    StorageFull,
    TokenExpired,
    TokenRevoked,
    TooManyOperations,
    Unavailable,
    UnknownField,
    UnknownOperation,
    UnknownParameter,
    UnsupportedOutput,
)
from imgsvc.domain.field_rules import Characters, Matches, Within
from imgsvc.domain.geometry import LengthWithin, Percent
from imgsvc.domain.image import MAX_NAME
from imgsvc.domain.plain_data import is_tagged_union
from imgsvc.domain.transform import Format, TransformSpec
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.errors import (
    TITLES,
    BodyTooLarge,
    InvalidJson,
    InvalidMultipart,
    MissingFile,
    TooManyParts,
    UnsupportedEncoding,
    UnsupportedMediaType,
    status_of,
)

Schema = dict[str, Any]

_SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    Color: {"type": "string", "description": "3, 4, 6 or 8 hexadecimal digits, or a CSS colour name"},
    type(None): {"type": "null"},
}
_SPEC_FAILURES = (InvalidParameter, UnknownParameter, UnknownOperation, TooManyOperations, ConflictingParameters)
_FAILURES_OF_PARAMETER: dict[str, tuple[type[ImgsvcError], ...]] = {
    "caller": (NotAuthenticated, InvalidToken, TokenExpired, TokenRevoked),
    "query": (InvalidParameter, UnknownParameter, DuplicateParameter, ConflictingParameters),
    "body": (InvalidJson, BodyTooLarge, UnsupportedMediaType, UnsupportedEncoding, InvalidInput, UnknownField),
    "upload": (
        InvalidMultipart,
        MissingFile,
        TooManyParts,
        UnsupportedMediaType,
        UnsupportedEncoding,
        FileTooLarge,
        UnknownField,
        InvalidInput,
        DuplicateParameter,
    ),
}
_REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def document(endpoints: Iterable[Endpoint]) -> Schema:
    """The whole document, as plain data."""
    schemas = _Schemas()
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
        "components": {
            "schemas": {**schemas.components, "Problem": _PROBLEM},
            "headers": {"RequestId": _header("The id of this request, in the log too; yours, if you sent one")},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
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


class _Schemas:
    """Turns types into schemas; attrs classes become components."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kind: Any, *, strict: bool = False) -> Schema:
        """The schema of a type; ``strict`` for what we read, where unknown keys are refused."""
        if isinstance(kind, NewType):
            return self.of(kind.__supertype__, strict=strict)
        if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {"type": "string", "enum": [choice.value for choice in kind]}
        if kind is Percent:
            return {"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,6})?%$"}
        if get_origin(kind) is Literal:
            return {"type": "string", "enum": list(get_args(kind))}
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0], strict=strict)}
        if get_origin(kind) is dict or kind is dict:
            return {"type": "object"}
        if get_origin(kind) in (Union, types.UnionType):
            return self._of_union(kind, strict)
        assert has(kind), f"no schema for {kind}"
        self.components.setdefault(kind.__name__, {})
        self.components[kind.__name__] = self.of_object(kind, strict=strict)
        return {"$ref": f"#/components/schemas/{kind.__name__}"}

    def _of_union(self, union: Any, strict: bool) -> Schema:
        options = [self.of(one, strict=strict) for one in get_args(union)]
        if is_tagged_union(union):
            mapping = {one.op: f"#/components/schemas/{one.__name__}" for one in get_args(union)}
            return {"oneOf": options, "discriminator": {"propertyName": "op", "mapping": mapping}}
        return {"anyOf": options}

    def of_object(self, kind: Any, *, strict: bool) -> Schema:
        properties = {one.name: self.of_field(one, strict=strict) for one in fields(kind)}
        required = [one.name for one in fields(kind) if one.default is NOTHING or not strict]
        if hasattr(kind, "op"):
            properties = {"op": {"const": kind.op}, **properties}
            required = ["op", *required]
        return {
            "type": "object",
            "description": _first_line(kind),
            "properties": properties,
            **({"required": required} if required else {}),
            **({"additionalProperties": False} if strict else {}),
        }

    def of_field(self, attribute: "Attribute[Any]", *, strict: bool) -> Schema:
        schema = self.of(attribute.type, strict=strict)
        if not strict:
            return schema
        for rule in _rules(attribute.validator):
            target = next((one for one in schema.get("anyOf", ()) if one != {"type": "null"}), schema)
            target.update(_rule(rule))
        if isinstance(attribute.default, str | int | float):
            schema["default"] = attribute.default
        return schema


def _rules(validator: Any) -> list[Any]:
    """The rules that a field has, behind attrs' `optional` and `and_`."""
    inner = getattr(validator, "validator", None) or getattr(validator, "_validators", None)
    if inner is not None:
        return [rule for one in (inner if isinstance(inner, tuple) else (inner,)) for rule in _rules(one)]
    return [] if validator is None else [validator]


def _rule(rule: Any) -> Schema:
    match rule:
        case Within(low, high):
            return {"minimum": low, "maximum": high}
        case LengthWithin(least=least, most=most):
            return {"minimum": least, "maximum": most, "description": rule.allowed}
        case Characters(least, most):
            return {"minLength": least, "maxLength": most}
        case Matches(pattern, allowed):
            return {"pattern": f"^{pattern}$", "description": allowed}
        case _:
            return {}


def _operation(endpoint: Endpoint, schemas: _Schemas) -> Schema:
    operation: Schema = {
        "operationId": endpoint.function.__name__,
        "summary": _first_line(endpoint.function),
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, schemas),
    }
    parameters = _parameters(endpoint, schemas)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.takes("body"):
        operation["requestBody"] = _request_body(endpoint.types["body"], schemas)
    if endpoint.takes("upload"):
        operation["requestBody"] = _UPLOAD
    if endpoint.takes("caller"):
        operation["security"] = [{"bearer": []}]
    return operation


def _parameters(endpoint: Endpoint, schemas: _Schemas) -> list[Schema]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(UUID)} for name in endpoint.path_parameters
    ]
    kind = endpoint.types.get("query")
    if kind is TransformSpec:
        return parameters + _spec_parameters()
    for one in fields(kind) if kind is not None else ():
        schema = schemas.of_field(one, strict=True)
        # An absent parameter is how a query says null.
        options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
        parameters.append({"name": one.name, "in": "query", "schema": options[0] if options else schema})
    return parameters


def _spec_parameters() -> list[Schema]:
    compact = {"name": "t", "in": "query", "schema": {"type": "string", "maxLength": 2048}}
    compact["description"] = "the compact form of a spec, such as `rs:cover:300:200,gray,f:webp`; stands alone"
    flat = [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": f"the spec's {'.'.join(path)}"}
        for name, (path, _) in dialects.QUERY_KEYS.items()
    ]
    return [compact, *flat]


def _request_body(kind: Any, schemas: _Schemas) -> Schema:
    schema = schemas.of(kind, strict=True)
    if kind is TransformSpec:
        foreign: list[Schema] = [
            {"type": "object", "description": "operations by name, in a fixed order", "not": {"required": ["steps"]}},
            {"type": "array", "items": {"type": "object", "required": ["operation"]}, "description": "in this order"},
        ]
        schema = {"anyOf": [schema, *foreign]}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_UPLOAD: Schema = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {"type": "string", "contentMediaType": "image/*", "format": "binary"},
                    "name": {"type": "string", "maxLength": MAX_NAME},
                },
            }
        }
    },
}


def _responses(endpoint: Endpoint, schemas: _Schemas) -> Schema:
    responses: Schema = {str(endpoint.status): _success(endpoint, endpoint.status, schemas)}
    for status, meaning in endpoint.also.items():
        responses[str(status)] = {**_success(endpoint, status, schemas), "description": meaning}
    for status, codes in sorted(_codes_by_status(endpoint).items()):
        responses[str(status)] = {
            "description": f"{TITLES[status]}: {', '.join(f'`{code}`' for code in sorted(codes))}",
            "headers": dict(_REQUEST_ID),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses


def _success(endpoint: Endpoint, status: int, schemas: _Schemas) -> Schema:
    response: Schema = {"description": _SUCCESSES.get(status, "Done"), "headers": dict(_REQUEST_ID)}
    if endpoint.is_picture:
        response["headers"] |= {"ETag": _header("Equal for equal bytes")}
    if status in (204, 304):
        return response
    if endpoint.is_picture:
        content = {"type": "string", "contentMediaType": "image/*"}
        response["content"] = {one: {"schema": content} for one in _PICTURE_TYPES}
        return response
    response["content"] = {"application/json": {"schema": schemas.of(endpoint.view)}}
    if status in (201, 202) and endpoint.takes("caller"):
        response["headers"] |= {"Location": _header("Where it is, or will be")}
    return response


_SUCCESSES = {200: "Here it is", 201: "It was made", 204: "It is gone"}
_PICTURE_TYPES = [
    *(one.media_type for one in Format),
    "image/avif",
    "image/bmp",
    "image/tiff",
]


def _codes_by_status(endpoint: Endpoint) -> Mapping[int, set[str]]:
    kinds: set[type[ImgsvcError]] = set(endpoint.raises)
    if endpoint.takes("use_cases") or endpoint.takes("caller"):
        kinds.add(Unavailable)
        if endpoint.method != "GET":
            kinds.add(StorageFull)
    for name, failures in _FAILURES_OF_PARAMETER.items():
        if endpoint.takes(name):
            kinds.update(failures)
    if TransformSpec in (endpoint.types.get("body"), endpoint.types.get("query")):
        kinds.update((*_SPEC_FAILURES, UnsupportedOutput))
    codes: dict[int, set[str]] = {}
    for kind in kinds:
        codes.setdefault(status_of(kind), set()).add(kind.code)
    return codes


def _header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}


def _first_line(documented: Any) -> str:
    return (documented.__doc__ or "").partition("\n")[0]
