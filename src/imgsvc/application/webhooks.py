"""Where somebody wants to be told how his jobs ended: addresses and their secrets."""

from collections.abc import Sequence

from attrs import frozen

from imgsvc.application.deliveries import abandon_all
from imgsvc.application.retention import MustStop, never, until_nothing_is_left
from imgsvc.domain.delivery import Delivery
from imgsvc.domain.errors import InvalidInput, UrlNotAllowed, WebhookNotFound
from imgsvc.domain.merging import ABSENT
from imgsvc.domain.user import UserId
from imgsvc.domain.web_url import WebUrl
from imgsvc.domain.webhook import (
    MAX_WEBHOOKS,
    SECRET_OVERLAP,
    TEST_EVENT,
    Webhook,
    WebhookChanges,
    WebhookEvent,
    WebhookId,
    must_not_be_own,
    new_secret,
)
from imgsvc.ports.clock import Clock
from imgsvc.ports.deliveries import DeliveryRepository, WebhookSender
from imgsvc.ports.webhooks import WebhookRepository


@frozen
class CallableAddress:
    """What webhooks may call."""

    sender: WebhookSender | None  # None: nobody is called
    own_hosts: tuple[str, ...]

    def must_be(self, text: str) -> None:
        """Raises InvalidUrl, UrlNotAllowed, FetchTimedOut."""
        try:
            url = WebUrl.parse(text)
            if self.sender is None:
                raise UrlNotAllowed("this service calls nobody: webhooks are switched off")
            must_not_be_own(url, self.own_hosts)
            self.sender.check(url)
        except InvalidInput as error:
            error.under("url")
            raise


@frozen
class CreateWebhook:
    """Have an address told of the ends of jobs, from now on."""

    webhooks: WebhookRepository
    address: CallableAddress
    clock: Clock

    def __call__(
        self, caller: UserId, url: str, events: tuple[WebhookEvent, ...], webhook_id: WebhookId
    ) -> tuple[Webhook, str]:
        """What is kept, and the secret that its messages are signed with: of the same id, once more the same.

        Raises what ``CallableAddress`` does, TooManyWebhooks, UserNotFound.
        """
        self.address.must_be(url)
        webhook = Webhook(id=webhook_id, owner=caller, url=url, events=events, created_at=self.clock())
        return self.webhooks.add(webhook, new_secret(), MAX_WEBHOOKS)


@frozen
class ListWebhooks:
    """All webhooks of the caller."""

    webhooks: WebhookRepository

    def __call__(self, caller: UserId) -> Sequence[Webhook]:
        """The newest first; their secrets are told no more."""
        return self.webhooks.list_of(caller)


@frozen
class GetWebhook:
    """One webhook."""

    webhooks: WebhookRepository

    def __call__(self, caller: UserId, webhook_id: WebhookId) -> Webhook:
        """Raises WebhookNotFound, also when it is someone else's."""
        return self.webhooks.get(caller, webhook_id)


@frozen
class ChangeWebhook:
    """Change where a webhook leads, what it is told of, and whether it is told anything."""

    webhooks: WebhookRepository
    deliveries: DeliveryRepository
    address: CallableAddress

    def __call__(self, caller: UserId, webhook_id: WebhookId, changes: WebhookChanges) -> Webhook:
        """Raises WebhookNotFound, and what ``CallableAddress`` does."""
        if changes.url is not ABSENT:
            self.webhooks.get(caller, webhook_id)  # a stranger's mistakes are not looked at
            self.address.must_be(changes.url)
        webhook = self.webhooks.change(caller, webhook_id, changes)
        if changes.enabled is False:
            abandon_all(self.deliveries, webhook_id)
        return webhook


@frozen
class RotateSecret:
    """Sign messages with another secret, and for a day with the old one, too."""

    webhooks: WebhookRepository

    def __call__(self, caller: UserId, webhook_id: WebhookId) -> tuple[Webhook, str]:
        """The secret is told this once. Raises WebhookNotFound."""
        secret = new_secret()
        return self.webhooks.replace_secret(caller, webhook_id, secret, SECRET_OVERLAP), secret


@frozen
class DeleteWebhook:
    """Tell an address nothing any more, and forget what it was told."""

    webhooks: WebhookRepository

    def __call__(self, caller: UserId, webhook_id: WebhookId) -> None:
        """Raises WebhookNotFound, also when it is someone else's."""
        # What of its deliveries is left goes with the next sweep, part by part.
        if not self.webhooks.delete(caller, webhook_id):
            raise WebhookNotFound(f"no webhook {webhook_id}")


@frozen
class RemoveDeletedWebhooks:
    """Remove what is left of deleted webhooks: their deliveries, then themselves."""

    webhooks: WebhookRepository

    def __call__(self, owner: UserId | None = None, *, must_stop: MustStop = never) -> int:
        """How many rows there were: of everybody, or of one owner. Raises Busy, Unavailable."""
        return until_nothing_is_left(lambda limit: self.webhooks.remove_deleted(limit, owner), must_stop)


@frozen
class SendTestMessage:
    """Send a message that means nothing, to see whether it arrives."""

    webhooks: WebhookRepository
    deliveries: DeliveryRepository
    clock: Clock

    def __call__(self, caller: UserId, webhook_id: WebhookId) -> Delivery:
        """It is on its way. Raises WebhookNotFound, WebhookDisabled."""
        self.webhooks.get(caller, webhook_id).must_be_enabled()
        now = self.clock()
        delivery = Delivery(webhook_id=webhook_id, event=TEST_EVENT, created_at=now, next_attempt_at=now)
        self.deliveries.add(delivery)
        return delivery
