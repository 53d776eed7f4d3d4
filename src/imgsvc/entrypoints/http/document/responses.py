"""The responses of an endpoint: its successes, and its failures by their status."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from imgsvc.application.rates import RateGroup
from imgsvc.domain.transform import Format
from imgsvc.entrypoints.http.admission import RATE_HEADERS
from imgsvc.entrypoints.http.document.failures import codes_by_status
from imgsvc.entrypoints.http.document.links import links_of
from imgsvc.entrypoints.http.document.schemas import Schema, Schemas
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.renderings import PendingView

_REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
_ERROR_PICTURE: Schema = {"image/svg+xml": {"schema": {"type": "string", "contentMediaType": "image/svg+xml"}}}
_EVENT: Schema = {
    "type": "object",
    "description": "one server-sent event",
    "properties": {name: {"type": "string"} for name in ("event", "id", "data")},
}
_SUCCESSES = {200: "Here it is", 201: "It was made", 204: "It is gone"}
_PICTURE_TYPES = [*(one.media_type for one in Format), "image/bmp", "image/heic"]


def responses_of(endpoint: Endpoint, schemas: Schemas, endpoints: Sequence[Endpoint]) -> Schema:
    """``endpoints`` are those that successes may lead to."""
    responses: Schema = {}
    for status, meaning in {endpoint.status: _SUCCESSES.get(endpoint.status, "Done"), **endpoint.also}.items():
        links = links_of(endpoint, status, _view_of(endpoint, status), endpoints)
        success = {**_success(endpoint, status, schemas), "description": meaning}
        responses[str(status)] = success | ({"links": links} if links else {})
    for status, codes in sorted(codes_by_status(endpoint).items()):
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in sorted(codes))}",
            "headers": dict(_REQUEST_ID),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
                **(_ERROR_PICTURE if endpoint.is_picture else {}),
            },
        }
    return responses


def _success(endpoint: Endpoint, status: int, schemas: Schemas) -> Schema:
    response: Schema = {"headers": dict(_REQUEST_ID)}
    if endpoint.is_picture:
        response["headers"] |= {"ETag": header("Equal for equal bytes"), "Accept-Ranges": header("bytes")}
    if endpoint.group not in (None, RateGroup.RENDER):
        response["headers"] |= {name: header(meaning) for name, meaning in RATE_HEADERS.items()}
    if status == 307:
        response["headers"] |= {"Location": header("Where the picture is, for a while")}
    if status in (204, 304, 307):
        return response
    if endpoint.is_picture and status != 202:
        content = {"type": "string", "contentMediaType": "image/*"}
        response["content"] = {one: {"schema": content} for one in _PICTURE_TYPES}
        return response
    if endpoint.is_stream:
        response["content"] = {"text/event-stream": {"schema": _EVENT}}
        return response
    if endpoint.media_types:
        response["content"] = {one: {"schema": {"type": "string"}} for one in endpoint.media_types}
        return response
    response["content"] = {"application/json": {"schema": schemas.of(_view_of(endpoint, status))}}
    if endpoint.is_picture:
        response["content"] |= _ERROR_PICTURE
    if status in (201, 202) and endpoint.takes("caller"):
        response["headers"] |= {"Location": header("Where it is, or will be")}
    return response


def _view_of(endpoint: Endpoint, status: int) -> Any:
    """What is shown as JSON; None where nothing is."""
    if not endpoint.is_picture:
        return endpoint.view
    # What is asked for as a picture, and made as a job, is told of as that.
    job = JobView if endpoint.needs_caller else PendingView
    return job if status == 202 else None


def header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}
