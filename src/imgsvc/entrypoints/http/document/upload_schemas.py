"""An upload in the API document: a form, the file alone, or its address."""

from collections.abc import Mapping

from imgsvc.domain.image import MAX_DESCRIPTION, MAX_NAME, MAX_TAGS
from imgsvc.domain.preset import name_rule
from imgsvc.domain.wanted_specs import MAX_SPECS
from imgsvc.domain.web_url import MAX_URL
from imgsvc.entrypoints.http.document.schemas import Schema

_FILE: Schema = {"type": "string", "contentMediaType": "image/*", "format": "binary"}
_NAME: Schema = {"type": "string", "maxLength": MAX_NAME, "description": "else the name of the file"}
_DESCRIPTION: Schema = {"type": "string", "maxLength": MAX_DESCRIPTION}
_TAGS: Schema = {"type": "string", "description": f"with commas in between; at most {MAX_TAGS} of 64 characters"}
_TAG_LIST: Schema = {"type": "array", "maxItems": MAX_TAGS, "uniqueItems": True, "items": {"type": "string"}}
_NAMES: Schema = {
    "type": "array",
    "maxItems": MAX_SPECS,
    "uniqueItems": True,
    "items": {"type": "string", "pattern": f"^{name_rule.pattern}$"},
}
_LISTS = {"presets": _NAMES}  # what JSON has as a list, and a form and a query with commas in between
_ADDRESS: Schema = {"type": "string", "format": "uri", "maxLength": MAX_URL, "description": "http or https"}


def _object(required: str, **properties: Schema) -> Schema:
    return {
        "schema": {
            "type": "object",
            "required": [required],
            "additionalProperties": False,
            "properties": properties,
        }
    }


def upload_body(more: Mapping[str, str]) -> Schema:
    """What may be sent; ``more`` names what else may be beside a picture, and tells what it is."""
    texts = {name: {"type": "string", "description": _as_text(name, meaning)} for name, meaning in more.items()}
    values = {name: {**_LISTS.get(name, {}), "description": meaning} for name, meaning in more.items()}
    form = _object("file", file=_FILE, name=_NAME, description=_DESCRIPTION, tags=_TAGS, **texts)
    address = _object("url", url=_ADDRESS, name=_NAME, description=_DESCRIPTION, tags=_TAG_LIST, **values)
    content = {"multipart/form-data": form, "image/*": {"schema": _FILE}, "application/json": address}
    return {"required": True, "content": content}


def _in(place: str, name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": place, "schema": schema, "description": description}


_ALONE = "only where the body is the file alone"
_TEXT: Schema = {"type": "string"}
_BESIDE_FILE: list[Schema] = [
    _in("query", "name", {"type": "string", "maxLength": MAX_NAME}, f"{_ALONE}; else by Content-Disposition"),
    _in("query", "description", _DESCRIPTION, _ALONE),
    _in("query", "tags", {"type": "string"}, f"{_ALONE}, with commas in between"),
    _in("header", "Content-Digest", _TEXT, "of the whole body, sha-256 or sha-512 (RFC 9530); compared"),
    _in("header", "Repr-Digest", _TEXT, "the same"),
    _in("header", "Content-MD5", _TEXT, "the same, in base64"),
]


def beside_file(more: Mapping[str, str]) -> list[Schema]:
    """The parameters that go with a file alone."""
    described = {name: f"{_ALONE}; {_as_text(name, meaning)}" for name, meaning in more.items()}
    return [*_BESIDE_FILE, *(_in("query", name, _TEXT, description) for name, description in described.items())]


def _as_text(name: str, meaning: str) -> str:
    return f"{meaning}, with commas in between" if name in _LISTS else meaning
