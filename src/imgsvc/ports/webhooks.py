"""Where webhooks are kept.

Every call is one transaction. Any may raise Busy or Unavailable; calls are safe from any thread.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from imgsvc.domain.user import UserId
from imgsvc.domain.webhook import DisabledReason, Webhook, WebhookChanges, WebhookId


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
