"""Webhook: where somebody wants to be told how his jobs ended."""

import base64
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID, uuid4

from attrs import Attribute, field, frozen

from imgsvc.domain.errors import InvalidInput, UrlNotAllowed, WebhookDisabled
from imgsvc.domain.field_rules import refused
from imgsvc.domain.merging import ABSENT, IfGiven, Replacement
from imgsvc.domain.user import UserId
from imgsvc.domain.web_url import WebUrl

WebhookId = NewType("WebhookId", UUID)

MAX_WEBHOOKS = 10  # of one user
TEST_EVENT = "webhook.test"  # which its owner asks for, whatever else the webhook is told
SECRET_OVERLAP = timedelta(hours=24)  # for which a secret is good beside its successor
_SECRET_BYTES = 32


class WebhookEvent(StrEnum):
    """What a webhook may be told of."""

    VARIANT_READY = "variant.ready"
    VARIANT_FAILED = "variant.failed"


class DisabledReason(StrEnum):
    OWNER = "owner"
    GONE = "gone"
    FAILING = "failing"

    @property
    def detail(self) -> str:
        """For the owner."""
        return _DETAILS[self]


_DETAILS = {
    DisabledReason.OWNER: "you disabled it",
    DisabledReason.GONE: "the receiver answered 410, which says that it wants no more messages",
    DisabledReason.FAILING: "the receiver has taken no message for days: its deliveries tell why",
}


def some_events(instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """A rule: at least one, none twice."""
    if not isinstance(value, tuple) or not value or len(set(value)) < len(value):
        given = [str(one) for one in value] if isinstance(value, tuple) else value
        raise refused(attribute.name, given, f"one or more of {', '.join(WebhookEvent)}, each once")


def web_address(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    """A rule: an address of the web. Raises InvalidUrl, UrlNotAllowed."""
    try:
        WebUrl.parse(value)
    except InvalidInput as error:
        raise error.under(attribute.name) from None


@frozen(kw_only=True)
class Webhook:
    """An address that is told of events; what its messages are signed with, no one who has this knows."""

    id: WebhookId = field(factory=lambda: WebhookId(uuid4()))
    owner: UserId
    url: str = field(validator=web_address)
    events: tuple[WebhookEvent, ...] = field(default=tuple(WebhookEvent), validator=some_events)
    created_at: datetime  # always with a time zone
    disabled_reason: DisabledReason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None  # from when on the receiver has taken no message

    @property
    def is_enabled(self) -> bool:
        return self.disabled_reason is None

    def must_be_enabled(self) -> None:
        """Raises WebhookDisabled."""
        if not self.is_enabled:
            raise WebhookDisabled("the webhook is disabled: enable it first")


@frozen(kw_only=True)
class WebhookChanges:
    """What its owner may change; what is left out stays."""

    url: Replacement[str] = field(default=ABSENT, validator=IfGiven(web_address))
    events: Replacement[tuple[WebhookEvent, ...]] = field(default=ABSENT, validator=IfGiven(some_events))
    enabled: Replacement[bool] = ABSENT


def new_secret() -> str:
    """256 bits of chance, in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def must_not_be_own(url: WebUrl, own_hosts: tuple[str, ...]) -> None:
    """Raises UrlNotAllowed: a service that tells itself of its jobs would find ever more to tell."""
    if url.host.rstrip(".").lower() in own_hosts:
        raise UrlNotAllowed("this is the address of this service", allowed="another host")
