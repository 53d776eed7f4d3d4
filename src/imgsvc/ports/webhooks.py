"""Where webhooks and their deliveries are kept, and what sends them.

Every call of a repository is one transaction, but for ``claim``: that writes in one, and a crash behind it leaves a
lease that ends. Any may raise Busy or Unavailable; calls are safe from any thread.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.user import UserId
from imgsvc.domain.web_url import WebUrl
from imgsvc.domain.webhook import (
    Attempt,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    DisabledReason,
    Webhook,
    WebhookChanges,
    WebhookId,
)
from imgsvc.ports.pages import Page, PageRequest


class WebhookRepository(Protocol):
    """Of a webhook that was deleted nobody learns anything any more, from that moment on."""

    def add(self, webhook: Webhook, secret: str, most: int) -> tuple[Webhook, str]:
        """Keep a new webhook; where there is one of this id, and of this owner, that one and its secret.

        Raises TooManyWebhooks where the owner has ``most`` of them, UserNotFound where there is none.
        """

    def get(self, owner: UserId, webhook_id: WebhookId) -> Webhook:
        """Raises WebhookNotFound, also where it is somebody else's."""

    def list_of(self, owner: UserId) -> Sequence[Webhook]:
        """All of one user, the newest first."""

    def change(self, owner: UserId, webhook_id: WebhookId, changes: WebhookChanges) -> Webhook:
        """The webhook as it is then; enabled anew, it counts as failing no more. Raises WebhookNotFound."""

    def replace_secret(self, owner: UserId, webhook_id: WebhookId, secret: str, overlap: timedelta) -> Webhook:
        """Sign with the secret from now on, and for ``overlap`` with the one before, too. Raises WebhookNotFound."""

    def disable(self, webhook_id: WebhookId, reason: DisabledReason, failing_for: timedelta | None = None) -> bool:
        """Tell it nothing any more, where it is enabled, and failing for so long, if that is told. Whether it was."""

    def note_health(self, webhook_id: WebhookId, *, is_failing: bool) -> None:
        """From now on it takes no messages, or some again; what was noted already stays."""

    def delete(self, owner: UserId, webhook_id: WebhookId) -> bool:
        """Whether the user had such a webhook. Its deliveries are left: ``remove_deleted``."""

    def remove_deleted(self, limit: int, owner: UserId | None = None) -> int:
        """Remove some of what is left of deleted webhooks, of all or of one owner; 0 when there is nothing left."""


@frozen
class DueDelivery:
    """A delivery to be sent now, by whoever has claimed it; ``token`` tells this claim from an older one."""

    delivery: Delivery
    owner: UserId
    token: UUID
    url: str
    secrets: tuple[str, ...] = field(repr=False)  # those that are good, the newest first
    is_failing: bool  # the webhook was noted as such
    is_wanted: bool  # the webhook is there and enabled


class DeliveryRepository(Protocol):
    """Deliveries; those of jobs are added by whatever ends a job (VariantRepository), in the same transaction.

    A claim is a lease on the repository's own clock, so whatever is claimed by who dies is due again then.
    """

    def add(self, delivery: Delivery) -> None:
        """Due at once. Raises WebhookNotFound."""

    def list_of(
        self, webhook_id: WebhookId, page: PageRequest, *, status: DeliveryStatus | None = None
    ) -> Page[Delivery]:
        """Those of one webhook, the newest first."""

    def replay(self, webhook_id: WebhookId, delivery_id: DeliveryId) -> Delivery:
        """Have it due now, whatever came of it, as if it was never sent; one that is being sent stays as it is.

        Raises DeliveryNotFound.
        """

    def claim(self, lease: timedelta, busy: Collection[WebhookId] = ()) -> DueDelivery | None:
        """The delivery that is due for longest, with one attempt more, but none of the webhooks that are ``busy``.

        Where nothing is due, that is found by a look at an index alone.
        """

    def conclude(self, due: DueDelivery, attempt: Attempt, retry_in: timedelta | None) -> bool:
        """What came of it; where it was not taken it is due again then, or has failed.

        False, changing nothing, where the claim is not the latest, or the delivery is gone.
        """

    def abandon(self, webhook_id: WebhookId, limit: int) -> int:
        """Let so many fail of those that are pending, and not being sent; how many there were."""

    def prune(self, age: timedelta, limit: int) -> int:
        """Remove so many of those that ended longer ago; how many there were."""


class WebhookSender(Protocol):
    """Calls addresses of the public internet, and nothing else but what its operator allows. Safe from any thread."""

    def check(self, url: WebUrl) -> None:
        """Raises UrlNotAllowed for what is never called, or is no host; FetchTimedOut where none tells in time."""

    def send(self, due: DueDelivery) -> Attempt:
        """Sign the message, and send it once; takes no longer than it was given at its making. Raises nothing."""
