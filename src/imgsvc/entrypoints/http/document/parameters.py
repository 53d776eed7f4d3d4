"""The parameters of an endpoint, in its path, query and headers."""

from typing import Any

from attrs import fields

from imgsvc.domain import dialects
from imgsvc.domain.transform import TransformSpec
from imgsvc.entrypoints.http.document.schemas import Schema, Schemas
from imgsvc.entrypoints.http.document.upload_schemas import beside_file
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.error_pictures import PictureQuery

_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "yours, and the same each time you send the request: it is done once, and answered alike for a day",
}


def parameters_of(endpoint: Endpoint, schemas: Schemas) -> list[Schema]:
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
