"""Webhook: where somebody wants to be told how his jobs ended. Delivery: one message, until it was taken."""

import base64
import json
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID, uuid4

from attrs import Attribute, field, frozen

from imgsvc.domain.errors import InvalidInput, UrlNotAllowed, WebhookDisabled
from imgsvc.domain.field_rules import refused
from imgsvc.domain.image import ImageId
from imgsvc.domain.merging import ABSENT, IfGiven, Replacement
from imgsvc.domain.plain_data import plain
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Failure, VariantId, VariantStatus
from imgsvc.domain.web_url import WebUrl

WebhookId = NewType("WebhookId", UUID)
DeliveryId = NewType("DeliveryId", UUID)

MAX_WEBHOOKS = 10  # of one user
TEST_EVENT = "webhook.test"  # which its owner asks for, whatever else the webhook is told
SECRET_OVERLAP = timedelta(hours=24)  # for which a secret is good beside its successor
_SECRET_BYTES = 32
_LONGEST_WAIT = timedelta(days=1)
_JITTER = 0.2


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


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


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


@frozen(kw_only=True)
class EndedJob:
    """What there is to tell."""

    id: VariantId
    image_id: ImageId
    failure: Failure | None = None


@frozen(kw_only=True)
class JobData:
    """What a message tells of a job."""

    job_id: UUID
    image_id: UUID
    status: VariantStatus
    failure: Failure | None


@frozen(kw_only=True)
class TrialData:
    """What a message tells that was asked for as a test."""

    webhook_id: UUID


@frozen(kw_only=True)
class Message:
    """The body of a request to a webhook."""

    type: str
    timestamp: datetime  # when it happened
    data: JobData | TrialData


@frozen(kw_only=True)
class Delivery:
    """A message of which the id, and every byte, are the same however often it is sent."""

    id: DeliveryId = field(factory=lambda: DeliveryId(uuid4()))
    webhook_id: WebhookId
    event: str
    job: EndedJob | None = None  # None of a test
    created_at: datetime  # when that happened
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    next_attempt_at: datetime | None = None  # None also while it is sent
    last_attempt_at: datetime | None = None
    last_status: int | None = None  # of the receiver's latest answer
    last_trouble: str | None = None  # why the latest attempt was none

    @property
    def payload(self) -> bytes:
        """The body of its request: JSON of less than 20 kB, as Standard Webhooks has it."""
        message = Message(type=self.event, timestamp=self.created_at, data=self._data)
        return json.dumps(plain(message), separators=(",", ":")).encode()

    @property
    def _data(self) -> JobData | TrialData:
        job = self.job
        if job is None:
            return TrialData(webhook_id=self.webhook_id)
        status = VariantStatus.READY if job.failure is None else VariantStatus.FAILED
        return JobData(job_id=job.id, image_id=job.image_id, status=status, failure=job.failure)


@frozen
class Attempt:
    """What came of sending a message once."""

    status: int | None = None  # of the answer, where there was one
    trouble: str | None = None  # a sentence for the owner, where it was not taken
    retry_after: timedelta | None = None  # as the receiver asks

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_unwanted(self) -> bool:
        return self.status == 410


ABANDONED = Attempt(trouble="the webhook was disabled before it was taken")


@frozen
class RetrySchedule:
    """How long to wait after each attempt that was not taken; after the last there is none."""

    delays: tuple[timedelta, ...]

    def delay(self, attempts: int, retry_after: timedelta | None, chance: float) -> timedelta | None:
        """After so many attempts; ``chance`` is from 0 to 1, so that what failed together does not return together."""
        if attempts > len(self.delays):
            return None
        wait = self.delays[attempts - 1] * (1 - _JITTER + 2 * _JITTER * chance)
        return max(wait, min(retry_after or wait, _LONGEST_WAIT))
