"""What webhooks are told: messages that are claimed, sent, and sent again until they are taken, then listed."""

import logging
from collections.abc import Callable, Collection
from datetime import timedelta
from random import random
from time import sleep

from attrs import frozen

from imgsvc.application.retention import BATCH, MustStop, never, until_nothing_is_left
from imgsvc.domain.delivery import ABANDONED, Attempt, Delivery, DeliveryId, DeliveryStatus, RetrySchedule
from imgsvc.domain.errors import Busy
from imgsvc.domain.user import UserId
from imgsvc.domain.webhook import DisabledReason, WebhookId
from imgsvc.ports.deliveries import DeliveryRepository, DueDelivery, WebhookSender
from imgsvc.ports.pages import Page, PageRequest
from imgsvc.ports.webhooks import WebhookRepository

logger = logging.getLogger(__name__)

_NOTING_PAUSES = (0.2, 0.5, 1, 2)  # seconds


@frozen
class ListDeliveries:
    """What a webhook was told, and what came of it."""

    webhooks: WebhookRepository
    deliveries: DeliveryRepository

    def __call__(
        self, caller: UserId, webhook_id: WebhookId, page: PageRequest, *, status: DeliveryStatus | None = None
    ) -> Page[Delivery]:
        """The newest first. Raises WebhookNotFound."""
        self.webhooks.get(caller, webhook_id)
        return self.deliveries.list_of(webhook_id, page, status=status)


@frozen
class ReplayDelivery:
    """Send a message once more, whatever came of it."""

    webhooks: WebhookRepository
    deliveries: DeliveryRepository

    def __call__(self, caller: UserId, webhook_id: WebhookId, delivery_id: DeliveryId) -> Delivery:
        """It is on its way. Raises WebhookNotFound, DeliveryNotFound, WebhookDisabled."""
        self.webhooks.get(caller, webhook_id).must_be_enabled()
        return self.deliveries.replay(webhook_id, delivery_id)


@frozen
class ClaimDelivery:
    """Take the delivery that is due for longest."""

    deliveries: DeliveryRepository
    lease: timedelta  # longer than any attempt takes

    def __call__(self, busy: Collection[WebhookId]) -> DueDelivery | None:
        """To be sent by the caller, who has enough to do with those that are ``busy``. Raises Busy, Unavailable."""
        while due := self.deliveries.claim(self.lease, busy):
            if due.is_wanted:
                return due
            # Its webhook was disabled, or deleted, after it was noted or while it was sent.
            self.deliveries.conclude(due, ABANDONED, None)
            self.deliveries.abandon(due.delivery.webhook_id, BATCH)
        return None


@frozen
class SendDelivery:
    """Send a claimed delivery once, and note what came of it."""

    webhooks: WebhookRepository
    deliveries: DeliveryRepository
    sender: WebhookSender | None
    schedule: RetrySchedule
    failing_life: timedelta | None  # how long a webhook may take nothing before it is disabled; None: for ever
    chance: Callable[[], float] = random
    pause: Callable[[float], None] = sleep  # seconds

    def __call__(self, due: DueDelivery) -> Attempt:
        """Raises Busy, Unavailable where nobody could be told what came of it: it is sent again then."""
        assert self.sender is not None, "nothing is sent where webhooks are switched off"
        attempt = self.sender.send(due)
        # A crash here, or a database that is away for long, has the lease end and the same message sent once more.
        delay = self.schedule.delay(due.delivery.attempts, attempt.retry_after, self.chance())
        # Who has claimed it since judges the receiver by what came later.
        if self._note(due, attempt, None if attempt.is_unwanted else delay):
            self._judge(due, attempt)
        return attempt

    def _note(self, due: DueDelivery, attempt: Attempt, retry_in: timedelta | None) -> bool:
        """Whether the claim was still the latest."""
        for pause in _NOTING_PAUSES:
            try:
                return self.deliveries.conclude(due, attempt, retry_in)
            except Busy:
                self.pause(pause)
        return self.deliveries.conclude(due, attempt, retry_in)

    def _judge(self, due: DueDelivery, attempt: Attempt) -> None:
        """Whether the receiver is there for anything."""
        webhook_id = due.delivery.webhook_id
        if attempt.is_taken != (not due.is_failing):
            self.webhooks.note_health(webhook_id, is_failing=not attempt.is_taken)
        if attempt.is_unwanted:
            self._disable(webhook_id, DisabledReason.GONE, None)
        elif not attempt.is_taken and self.failing_life is not None:
            self._disable(webhook_id, DisabledReason.FAILING, self.failing_life)

    def _disable(self, webhook_id: WebhookId, reason: DisabledReason, failing_for: timedelta | None) -> None:
        if self.webhooks.disable(webhook_id, reason, failing_for):
            logger.info("disabled a webhook: %s", reason, extra={"webhook_id": str(webhook_id)})
            abandon_all(self.deliveries, webhook_id)


@frozen
class PruneDeliveries:
    """Forget deliveries that ended long ago."""

    deliveries: DeliveryRepository
    life: timedelta | None  # since they ended; None is for ever

    def __call__(self, *, must_stop: MustStop = never) -> int:
        """How many there were. Raises Busy, Unavailable."""
        life = self.life
        if life is None:
            return 0
        return until_nothing_is_left(lambda limit: self.deliveries.prune(life, limit), must_stop)


def abandon_all(deliveries: DeliveryRepository, webhook_id: WebhookId) -> None:
    """What waits for a webhook that is told nothing any more has failed."""
    # What a crash leaves of them is abandoned when it is due (ClaimDelivery).
    while deliveries.abandon(webhook_id, BATCH):
        pass
