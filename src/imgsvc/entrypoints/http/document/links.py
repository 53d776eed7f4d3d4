"""The links of a response: what may be asked for next, by the ids that it tells."""

import types
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from attrs import fields_dict, has

from imgsvc.entrypoints.http.document.schemas import Schema
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.endpoints.api_keys import NewApiKeyView
from imgsvc.entrypoints.http.endpoints.images import ImageView
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.endpoints.presets import PresetView
from imgsvc.entrypoints.http.endpoints.uploads import UploadedImageView
from imgsvc.entrypoints.http.endpoints.variants import VariantView
from imgsvc.entrypoints.http.endpoints.webhooks import DeliveryView, NewSecretView, WebhookView

# Where the views tell what parts of paths are; a part is called alike in every path.
_OWN: Mapping[Any, Mapping[str, str]] = {
    ImageView: {"image_id": "/id"},
    UploadedImageView: {"image_id": "/id"},
    VariantView: {"variant_id": "/id"},
    JobView: {"job_id": "/id", "variant_id": "/id"},
    PresetView: {"name": "/name"},
    WebhookView: {"webhook_id": "/id"},
    NewSecretView: {"webhook_id": "/webhook/id"},
    DeliveryView: {"delivery_id": "/id"},
    NewApiKeyView: {"key_id": "/api_key/id"},
}
# The same of what they only belong to, which leads no further than to that.
_OTHERS: Mapping[Any, Mapping[str, str]] = {VariantView: {"image_id": "/image_id"}, JobView: {"image_id": "/image_id"}}
_JOB_TOO = {"job_id": "/id"}  # of a variant that is made in the background
_QUERIES = {"image": "image_id"}  # what a parameter of a query is in a path


def links_of(endpoint: Endpoint, status: int, view: Any, endpoints: Iterable[Endpoint]) -> Schema:
    """From an answer of ``endpoint`` that shows ``view`` to the operations that its ids are for, by their names."""
    if isinstance(view, types.UnionType):
        view = get_args(view)[0]  # what a request for one shows, and not for several
    own = {**_OWN.get(view, {}), **(_JOB_TOO if (view, status) == (VariantView, 202) else {})}
    others = _OTHERS.get(view, {})
    found: Schema = {}
    for target in endpoints:
        if target is endpoint:
            continue
        parameters = _parameters(endpoint, target, own)
        if target.method == "GET" and target.path.endswith("}"):
            parameters = parameters or _parameters(endpoint, target, others)
        if parameters:
            name = target.function.__name__
            found[name] = {"operationId": name, "parameters": parameters}
    return found


def _parameters(endpoint: Endpoint, target: Endpoint, told: Mapping[str, str]) -> Mapping[str, str]:
    """What the target is asked with: as the answer tells, else as the request said; nothing where that is not all."""
    found = {query: _answered(told[part]) for query, part in _queries(target).items() if part in told}
    for part in target.path_parameters:
        if part in told:
            found[part] = _answered(told[part])
    if not found:
        return {}
    for part in target.path_parameters:
        if part not in found and part in endpoint.path_parameters:
            found[part] = f"$request.path.{part}"
    return found if found.keys() >= set(target.path_parameters) else {}


def _queries(target: Endpoint) -> Mapping[str, str]:
    kind = target.types.get("query")
    known = fields_dict(kind) if kind is not None and has(kind) else {}
    return {name: part for name, part in _QUERIES.items() if name in known}


def _answered(pointer: str) -> str:
    return f"$response.body#{pointer}"
