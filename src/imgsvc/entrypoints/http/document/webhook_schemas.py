"""What webhooks are told, for the API document: requests that we make, and do not answer."""

from imgsvc.domain.delivery import Message
from imgsvc.domain.webhook import TEST_EVENT, WebhookEvent
from imgsvc.entrypoints.http.document.schemas import Schema, Schemas

_EVENTS = {
    WebhookEvent.VARIANT_READY: "A job is ready",
    WebhookEvent.VARIANT_FAILED: "A job failed",
    TEST_EVENT: "A test, which was asked for",
}
_HEADERS = {
    "webhook-id": "the id of the delivery, the same however often it is sent",
    "webhook-timestamp": "when it was sent, in seconds since 1970",
    "webhook-signature": "`v1,` and the HMAC-SHA256, in Base64, of id, timestamp and body with dots between them; "
    "several, separated by spaces, for a day after the secret was replaced",
}
_ANSWERS = {
    "2XX": {"description": "The message was taken"},
    "410": {"description": "No more messages are wanted: the webhook is disabled"},
    "default": {"description": "The message is sent again later"},
}


def messages(schemas: Schemas) -> Schema:
    """One request for each event, after Standard Webhooks."""
    content = {"application/json": {"schema": schemas.of(Message)}}
    parameters = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": meaning}
        for name, meaning in _HEADERS.items()
    ]
    request = {"tags": ["webhooks"], "parameters": parameters, "requestBody": {"required": True, "content": content}}
    return {
        str(event): {"post": {"summary": told, **request, "responses": _ANSWERS}} for event, told in _EVENTS.items()
    }
