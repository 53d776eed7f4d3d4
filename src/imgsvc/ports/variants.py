"""Where variants are kept.

Every call is one transaction: it happens wholly or not at all, and what it returned from is kept. Any call may raise
Busy or Unavailable. Calls are safe from any thread. Lists are newest first, but
where something else is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from attrs import frozen

from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.user import UserId
from imgsvc.domain.variant import Failure, RenderingName, Rendition, Variant, VariantId, VariantStatus
from imgsvc.ports.pages import Page, PageRequest


@frozen
class Progress:
    """How far a job has come: what a look at many of them costs little for."""

    status: VariantStatus
    attempts: int


@frozen
class Claim:
    """The right to make a variant of an image, until the lease ends; ``token`` tells this claim from an older one."""

    variant: Variant
    image: Image
    token: UUID


class VariantRepository(Protocol):
    """Variants; a claim is a lease on the repository's own clock, so workers need not agree on the time."""

    def add_if_absent(self, variant: Variant) -> tuple[Variant, bool]:
        """The variant of this image, spec and fingerprint, and whether it is new.

        An existing one that was not queued takes the ``queued_at`` of the given one. Raises ImageNotFound where the
        image is gone.
        """

    def get(self, variant_id: VariantId) -> Variant:
        """Raises VariantNotFound."""

    def find(self, name: RenderingName) -> Variant | None:
        """The variant that is of this rendering."""

    def list_of_image(self, image_id: ImageId, page: PageRequest) -> Page[Variant]:
        """The variants of one image."""

    def list_jobs(
        self, owner: UserId, page: PageRequest, *, status: VariantStatus | None = None, image_id: ImageId | None = None
    ) -> Page[Variant]:
        """The variants of one user that were queued, the last queued first."""

    def count_unfinished(self, owner: UserId, most: int) -> int:
        """How many queued variants of a user have not ended, of which no more than ``most`` are counted."""

    def count_waiting(self, most: int) -> int:
        """How many queued variants of all users nobody has begun yet, of which no more than ``most`` are counted."""

    def progress(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, Progress]:
        """How far each of many has come, of those that there are."""

    def claim(self, variant_id: VariantId, lease: timedelta) -> Claim | None:
        """Turn a pending variant, or one whose lease is over, to processing, with one attempt more.

        None where there is nothing to do: it is gone, made, failed, or somebody else's by now.
        """

    def finish(self, claim: Claim, rendition: Rendition, now: datetime) -> bool:
        """Turn a claimed variant ready; False, changing nothing, where the claim is no longer the latest."""

    def fail(self, claim: Claim, failure: Failure, now: datetime) -> bool:
        """Turn a claimed variant failed; False like ``finish``."""

    def adopt(self, claim: Claim, fingerprint: str) -> Claim | None:
        """Give a claimed variant to the engine of that fingerprint.

        None, changing nothing, where that engine's variant is there already, or the claim is no longer the latest.
        """

    def renew(self, claims: Sequence[Claim], lease: timedelta) -> int:
        """Let leases begin anew, each for itself; how many. Not those of claims that are no longer the latest."""

    def release(self, claim: Claim, *, charged: bool) -> bool:
        """Turn a claimed variant pending again, its attempt counted or given back; False like ``finish``.

        It counts as signalled now: who gives it back has it delivered again.
        """

    def record(self, variant: Variant) -> Variant:
        """Keep a ready variant, over an unfinished or failed one of the same image, spec and fingerprint.

        Returns the kept one, with the older id where there was one. Raises ImageNotFound where the image is gone.
        """

    def retry(self, variant_id: VariantId, queued_at: datetime) -> Variant:
        """Turn a failed variant pending with no attempts; others stay as they are. Raises VariantNotFound."""

    def cancel(self, variant_id: VariantId, failure: Failure, now: datetime) -> Variant:
        """Turn a queued variant that has not ended failed, claimed or not, and return it as it is then.

        Others stay as they are. Raises VariantNotFound.
        """

    def delete(self, variant_id: VariantId) -> Variant | None:
        """Remove a variant, whatever its status, and note that something of its image ended (``Invalidations``).

        The variant as it was last; None where there was none. Whoever has claimed it holds no claim any more.
        """

    def take_stalled(self, idle: timedelta, limit: int) -> Sequence[VariantId]:
        """Queued variants whose lease is over, and those that wait and were not signalled for ``idle``; oldest first.

        All are pending then, and count as signalled now, so that the same call elsewhere takes others.
        """
