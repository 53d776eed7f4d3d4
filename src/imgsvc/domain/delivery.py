"""Delivery: one message to a webhook, until it was taken."""

import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID, uuid4

from attrs import field, frozen

from imgsvc.domain.image import ImageId
from imgsvc.domain.plain_data import plain
from imgsvc.domain.variant import Failure, VariantId, VariantStatus
from imgsvc.domain.webhook import WebhookId

DeliveryId = NewType("DeliveryId", UUID)

_LONGEST_WAIT = timedelta(days=1)
_JITTER = 0.2


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


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
class TestMessageData:
    """What a message tells that was asked for as a test."""

    webhook_id: UUID


@frozen(kw_only=True)
class Message:
    """The body of a request to a webhook."""

    type: str
    timestamp: datetime  # when it happened
    data: JobData | TestMessageData


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
    def _data(self) -> JobData | TestMessageData:
        job = self.job
        if job is None:
            return TestMessageData(webhook_id=self.webhook_id)
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
