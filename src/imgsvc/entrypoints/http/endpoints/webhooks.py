"""Webhooks: addresses that are told how jobs ended."""

from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.delivery import Delivery, DeliveryId, DeliveryStatus
from imgsvc.domain.errors import (
    DeliveryNotFound,
    FetchTimedOut,
    InvalidCursor,
    InvalidUrl,
    TooManyWebhooks,
    UrlNotAllowed,
    WebhookDisabled,
    WebhookNotFound,
)
from imgsvc.domain.user import User
from imgsvc.domain.webhook import (
    DisabledReason,
    Webhook,
    WebhookChanges,
    WebhookEvent,
    WebhookId,
    some_events,
    web_address,
)
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.idempotency import shown_once
from imgsvc.entrypoints.http.paging import Listing, PageQuery
from imgsvc.entrypoints.http.threads import Pool

_ADDRESS_FAILURES = (InvalidUrl, UrlNotAllowed, FetchTimedOut)


@frozen(kw_only=True)
class WebhookRequest:
    url: str = field(validator=web_address)
    events: tuple[WebhookEvent, ...] = field(default=tuple(WebhookEvent), validator=some_events)


@frozen
class DisabledView:
    reason: DisabledReason
    detail: str
    at: datetime | None


@frozen(kw_only=True)
class WebhookView:
    id: UUID
    url: str
    events: tuple[WebhookEvent, ...]
    enabled: bool
    disabled: DisabledView | None  # why it is told nothing
    failing_since: datetime | None  # from when on the receiver has taken no message
    created_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookView":
        reason = webhook.disabled_reason
        return cls(
            id=webhook.id,
            url=webhook.url,
            events=webhook.events,
            enabled=webhook.is_enabled,
            disabled=None if reason is None else DisabledView(reason, reason.detail, webhook.disabled_at),
            failing_since=webhook.failing_since,
            created_at=webhook.created_at,
        )


@frozen(kw_only=True)
class NewSecretView:
    secret: str | None = shown_once()  # none where the same request was answered before: have another one made
    webhook: WebhookView


@frozen(kw_only=True)
class WebhookListView:
    items: tuple[WebhookView, ...]


@frozen(kw_only=True)
class DeliveryView:
    id: UUID  # which the receiver sees as webhook-id
    event: str
    job_id: UUID | None  # none of a test
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None  # of the receiver's latest answer
    last_trouble: str | None  # why the latest attempt was none
    created_at: datetime

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        return cls(
            id=delivery.id,
            event=delivery.event,
            job_id=None if delivery.job is None else delivery.job.id,
            status=delivery.status,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            last_attempt_at=delivery.last_attempt_at,
            last_status=delivery.last_status,
            last_trouble=delivery.last_trouble,
            created_at=delivery.created_at,
        )


@frozen(kw_only=True)
class DeliveryListView:
    items: tuple[DeliveryView, ...]
    next: str | None
    next_cursor: str | None


@frozen(kw_only=True, slots=False)
class DeliveryQuery(PageQuery):
    """Which deliveries: of one status, or all."""

    status: DeliveryStatus | None = None


@endpoint(
    "POST",
    "/v1/webhooks",
    tag="webhooks",
    status=201,
    raises=(*_ADDRESS_FAILURES, TooManyWebhooks),
    pool=Pool.FETCHING,
)
def create_webhook(use_cases: UseCases, caller: User, body: WebhookRequest, new_id: UUID) -> Answer[NewSecretView]:
    """Have an address told how your jobs end. Its secret, which messages are signed with, is shown this once."""
    webhook, secret = use_cases.create_webhook(caller.id, body.url, body.events, WebhookId(new_id))
    view = NewSecretView(secret=secret, webhook=WebhookView.of(webhook))
    return Answer(view, 201, {"Location": f"/v1/webhooks/{webhook.id}"})


@endpoint("GET", "/v1/webhooks", tag="webhooks")
def list_webhooks(use_cases: UseCases, caller: User) -> WebhookListView:
    """Your webhooks, the newest first; there are ten at most."""
    return WebhookListView(items=tuple(WebhookView.of(one) for one in use_cases.list_webhooks(caller.id)))


@endpoint("GET", "/v1/webhooks/{webhook_id}", tag="webhooks", raises=(WebhookNotFound,))
def get_webhook(use_cases: UseCases, caller: User, webhook_id: UUID) -> WebhookView:
    """One webhook; why it was disabled, if it was."""
    return WebhookView.of(use_cases.get_webhook(caller.id, WebhookId(webhook_id)))


@endpoint(
    "PATCH",
    "/v1/webhooks/{webhook_id}",
    tag="webhooks",
    raises=(WebhookNotFound, *_ADDRESS_FAILURES),
    pool=Pool.FETCHING,
)
def change_webhook(use_cases: UseCases, caller: User, webhook_id: UUID, body: WebhookChanges) -> WebhookView:
    """Change where it leads and what it is told of; enable or disable it. What is left out stays."""
    return WebhookView.of(use_cases.change_webhook(caller.id, WebhookId(webhook_id), body))


@endpoint("DELETE", "/v1/webhooks/{webhook_id}", tag="webhooks", status=204, raises=(WebhookNotFound,))
def delete_webhook(use_cases: UseCases, caller: User, webhook_id: UUID) -> None:
    """Tell it nothing any more, and forget what it was told."""
    use_cases.delete_webhook(caller.id, WebhookId(webhook_id))


@endpoint("POST", "/v1/webhooks/{webhook_id}/secret", tag="webhooks", status=201, raises=(WebhookNotFound,))
def rotate_secret(use_cases: UseCases, caller: User, webhook_id: UUID) -> NewSecretView:
    """Have another secret, which is shown this once. For a day messages are signed with the old one, too."""
    webhook, secret = use_cases.rotate_secret(caller.id, WebhookId(webhook_id))
    return NewSecretView(secret=secret, webhook=WebhookView.of(webhook))


@endpoint(
    "POST", "/v1/webhooks/{webhook_id}/test", tag="webhooks", status=202, raises=(WebhookNotFound, WebhookDisabled)
)
def test_webhook(use_cases: UseCases, caller: User, webhook_id: UUID) -> DeliveryView:
    """Send a message of the type `webhook.test`, to see whether it arrives."""
    return DeliveryView.of(use_cases.send_test_message(caller.id, WebhookId(webhook_id)))


@endpoint("GET", "/v1/webhooks/{webhook_id}/deliveries", tag="webhooks", raises=(WebhookNotFound, InvalidCursor))
def list_deliveries(
    use_cases: UseCases, service: Service, caller: User, webhook_id: UUID, query: DeliveryQuery
) -> Answer[DeliveryListView]:
    """What it was told, the newest first, and what came of it."""
    listing = Listing(f"/v1/webhooks/{webhook_id}/deliveries", caller, query, service.sealer)
    page = use_cases.list_deliveries(caller.id, WebhookId(webhook_id), listing.request(), status=query.status)
    return listing.answer(page, DeliveryListView, DeliveryView.of)


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    tag="webhooks",
    status=202,
    raises=(WebhookNotFound, DeliveryNotFound, WebhookDisabled),
)
def replay_delivery(use_cases: UseCases, caller: User, webhook_id: UUID, delivery_id: UUID) -> DeliveryView:
    """Send the same message once more, by the same id and as often as if it was new."""
    return DeliveryView.of(use_cases.replay_delivery(caller.id, WebhookId(webhook_id), DeliveryId(delivery_id)))


ENDPOINTS = (
    create_webhook,
    list_webhooks,
    get_webhook,
    change_webhook,
    delete_webhook,
    rotate_secret,
    test_webhook,
    list_deliveries,
    replay_delivery,
)
