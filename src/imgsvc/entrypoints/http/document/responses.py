"""The responses of an endpoint: its successes, and its failures by their status."""

from http import HTTPStatus

from imgsvc.application.rates import RateGroup
from imgsvc.domain.transform import Format
from imgsvc.entrypoints.http.admission import RATE_HEADERS
from imgsvc.entrypoints.http.document.failures import codes_by_status
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


def responses_of(endpoint: Endpoint, schemas: Schemas) -> Schema:
    responses: Schema = {str(endpoint.status): _success(endpoint, endpoint.status, schemas)}
    for status, meaning in endpoint.also.items():
        responses[str(status)] = {**_success(endpoint, status, schemas), "description": meaning}
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
    response: Schema = {"description": _SUCCESSES.get(status, "Done"), "headers": dict(_REQUEST_ID)}
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
    # What is asked for as a picture, and made as a job, is told of as that.
    view = endpoint.view
    if endpoint.is_picture:
        view = JobView if endpoint.needs_caller else PendingView
    response["content"] = {"application/json": {"schema": schemas.of(view)}}
    if endpoint.is_picture:
        response["content"] |= _ERROR_PICTURE
    if status in (201, 202) and endpoint.takes("caller"):
        response["headers"] |= {"Location": header("Where it is, or will be")}
    return response


def header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}
