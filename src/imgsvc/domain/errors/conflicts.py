"""What cannot be done in the present state of things."""

from typing import ClassVar

from imgsvc.domain.errors.base import ImgsvcError


class Conflict(ImgsvcError):
    """The caller can choose another."""

    code = "conflict"


class TooManyPresets(Conflict):
    """One has to go before there is another."""

    code = "too_many_presets"


class RequestInProgress(Conflict):
    """The same request is being worked on; the caller can wait, and send it again.

    Where whoever worked on it has died, that is done within a minute.
    """

    code = "in_progress"
    retry_after: ClassVar[int] = 5


class ImageExists(Conflict):
    """There is an image with this id."""


class UsernameTaken(Conflict):
    """Somebody has this name already, in whatever spelling."""

    code = "username_taken"


class TooManyApiKeys(Conflict):
    """One has to go before there is another."""

    code = "too_many_api_keys"


class TooManyWebhooks(Conflict):
    """One has to go before there is another."""

    code = "too_many_webhooks"


class WebhookDisabled(Conflict):
    """It is told nothing, which its owner can change."""

    code = "webhook_disabled"


class VariantNotReady(Conflict):
    """The variant is still being made, or failed."""

    code = "variant_not_ready"


class JobFinished(Conflict):
    """The job has come to its end already."""

    code = "job_finished"
