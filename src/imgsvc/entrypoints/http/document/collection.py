"""The API document as a Postman collection (format 2.1), which Bruno, Insomnia and others read too.

Variables carry what one request answers to the next: the token of a login, the id of an upload.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# What an answer leaves behind, by operation: a variable and the field that it is taken from.
_REMEMBERED = {
    "log_in": {"token": "access_token"},
    "upload_image": {"image_id": "id"},
    "transform_image": {"variant_id": "id", "job_id": "id"},
}


def collection(document: Mapping[str, Any]) -> Json:
    """Every operation once, in a folder for each tag."""
    folders: dict[str, list[Json]] = {}
    for path, method, operation in _operations(document):
        folders.setdefault(operation["tags"][0], []).append(_item(path, method, operation))
    variables = sorted({name for items in folders.values() for item in items for name in _names_in(item)})
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [
            {"key": "address", "value": "http://127.0.0.1:8000"},
            {"key": "token", "value": ""},
            *({"key": name, "value": ""} for name in variables),
        ],
        "item": [{"name": tag, "item": items} for tag, items in folders.items()],
    }


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Json]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method.upper(), operation


def _item(path: str, method: str, operation: Json) -> Json:
    request: Json = {
        "method": method,
        "description": operation["summary"],
        "url": _url(path, operation.get("parameters", ())),
        "header": [],
    }
    if {"bearer": []} not in operation.get("security", ()):  # it asks for nothing, or for what no login gives
        request["auth"] = {"type": "noauth"}
    if "requestBody" in operation:
        request |= _body(operation["requestBody"]["content"])
    item: Json = {"name": f"{method} {path}", "request": request}
    remembered = _REMEMBERED.get(operation["operationId"])
    if remembered:
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": _script(remembered)}}]
    return item


def _url(path: str, parameters: Any) -> Json:
    filled = re.sub(r"\{(\w+)\}", r"{{\1}}", path)
    query = [
        {"key": one["name"], "value": "", "description": one.get("description", ""), "disabled": True}
        for one in parameters
        if one["in"] == "query"
    ]
    url: Json = {"raw": f"{{{{address}}}}{filled}", "host": ["{{address}}"], "path": filled.strip("/").split("/")}
    return url | ({"query": query} if query else {})


def _body(content: Mapping[str, Any]) -> Json:
    if "multipart/form-data" in content:
        properties = content["multipart/form-data"]["schema"]["properties"]
        parts = [_part(name, schema) for name, schema in properties.items()]
        return {"body": {"mode": "formdata", "formdata": parts}}
    example: Json = next(iter(content["application/json"].get("examples", {}).values()), {"value": {}})
    return {
        "header": [{"key": "Content-Type", "value": "application/json"}],
        "body": {
            "mode": "raw",
            "raw": json.dumps(example["value"], indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        },
    }


def _part(name: str, schema: Mapping[str, Any]) -> Json:
    if schema.get("format") == "binary":
        return {"key": name, "type": "file", "src": ""}
    return {"key": name, "type": "text", "value": "", "disabled": True}


def _script(remembered: Mapping[str, str]) -> list[str]:
    lines = [f'  pm.collectionVariables.set("{name}", answer.{key});' for name, key in remembered.items()]
    return ["if (pm.response.code < 300) {", "  const answer = pm.response.json();", *lines, "}"]


def _names_in(item: Json) -> list[str]:
    return [name for name in re.findall(r"\{\{(\w+)\}\}", item["request"]["url"]["raw"]) if name != "address"]
