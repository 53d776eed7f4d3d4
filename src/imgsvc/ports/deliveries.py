"""Where deliveries are kept, and what sends them.

Every call of the repository is one transaction, but for ``claim``: that writes in one, and a crash behind it leaves a
lease that ends. Any may raise Busy or Unavailable; calls are safe from any thread.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.delivery import Attempt, Delivery, DeliveryId, DeliveryStatus
from imgsvc.domain.user import UserId
from imgsvc.domain.web_url import WebUrl
from imgsvc.domain.webhook import WebhookId
from imgsvc.ports.pages import Page, PageRequest


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
