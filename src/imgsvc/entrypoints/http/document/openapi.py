"""The OpenAPI 3.1 document, made from the endpoints: from their signatures, types and field rules."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import MAX_SPECS, OneOrSeveral
from imgsvc.entrypoints.http.document.examples import of_body
from imgsvc.entrypoints.http.document.parameters import parameters_of
from imgsvc.entrypoints.http.document.responses import header, responses_of
from imgsvc.entrypoints.http.document.schemas import COMPACT, Schema, Schemas, first_line
from imgsvc.entrypoints.http.document.upload_schemas import upload_body
from imgsvc.entrypoints.http.document.webhook_schemas import messages
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.endpoints.metrics import METRICS_TOKEN


def document(endpoints: Iterable[Endpoint]) -> Schema:
    """The whole document, as plain data."""
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    documented = tuple(endpoints)
    for endpoint in documented:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, documented)
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
            "headers": {"RequestId": header("The id of this request, in the log too; yours, if you sent one")},
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
    METRICS_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "The secret that whoever runs the service has set as `IMGSVC_METRICS_TOKEN`",
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
        "pointer": {
            "type": "string",
            "description": "JSON pointer to the value in the body, and from a text that is a spec on into that as JSON",
        },
        "parameter": {"type": "string", "description": "name of the query parameter"},
        "position": {"type": "integer", "description": "where in the compact form, counted from 0"},
        "value": {"description": "what was given"},
        "allowed": {"type": "string"},
        "nearest": {"type": "string", "description": "the name that was probably meant"},
    },
}


def _operation(endpoint: Endpoint, schemas: Schemas, endpoints: Sequence[Endpoint]) -> Schema:
    operation: Schema = {
        "operationId": endpoint.function.__name__,
        "summary": first_line(endpoint.function),
        "tags": [endpoint.tag],
        **({"x-rate-limit-group": endpoint.group} if endpoint.group else {}),
        "responses": responses_of(endpoint, schemas, endpoints),
    }
    parameters = parameters_of(endpoint, schemas)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.takes("body"):
        operation["requestBody"] = _request_body(endpoint.types["body"], schemas)
    if endpoint.takes("upload"):
        operation["requestBody"] = upload_body(endpoint.form)
    if endpoint.needs_caller:
        operation["security"] = [{"bearer": []}, *([{"api_key": [endpoint.scope]}] if endpoint.scope else [])]
    if endpoint.security is not None:
        operation["security"] = [{endpoint.security: []}]
    return operation


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
