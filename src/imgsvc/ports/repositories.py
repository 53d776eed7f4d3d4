"""Where users, images and variants are kept.

Every call is one transaction: it happens wholly or not at all, and what it returned from is kept. Any call may raise
Busy or Unavailable. Calls are safe from any thread. Lists are newest first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import within
from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.user import User, UserId
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantId, VariantStatus

T = TypeVar("T", covariant=True)

MAX_PAGE_SIZE = 100


@frozen
class Position:
    """Where a list was left: behind the item of this time and id."""

    moment: datetime  # what the list is ordered by
    id: UUID


@frozen(kw_only=True)
class PageRequest:
    """A part of a list: what follows ``after``, or the ``page``-th part counted from 1, but not both."""

    limit: int = field(default=20, validator=within(1, MAX_PAGE_SIZE))
    after: Position | None = None
    page: int = field(default=1, validator=within(1, 1_000_000))

    def __attrs_post_init__(self) -> None:
        if self.after is not None and self.page != 1:
            raise InvalidInput("a list is read by cursor or by page, not by both", path=("page",), value=self.page)


@frozen
class Page(Generic[T]):
    """The part that was asked for, and where the next one begins, if there is one."""

    items: Sequence[T]
    next: Position | None


class UserRepository(Protocol):
    def add(self, user: User) -> None:
        """Raises UsernameTaken where another user has the same ``username_key``."""

    def get(self, user_id: UserId) -> User:
        """Raises UserNotFound."""

    def first_created_at(self) -> datetime | None:
        """When the oldest account was opened, which is about as old as the database is; None without any."""

    def find_by_username(self, username: str) -> User | None:
        """The user whose name has the same ``username_key``."""


class ImageRepository(Protocol):
    def add(self, image: Image) -> None:
        """Keep a new image. Raises UserNotFound where its owner is gone."""

    def get(self, image_id: ImageId) -> Image:
        """Raises ImageNotFound."""

    def list_of(self, owner: UserId, page: PageRequest) -> Page[Image]:
        """The images of one user."""

    def count_of(self, owner: UserId) -> int:
        """How many images a user has; exact, and at no cost however many there are."""

    def delete(self, image_id: ImageId) -> bool:
        """Remove the image and its variants; False where there was none."""

    def existing(self, image_ids: Sequence[ImageId]) -> set[ImageId]:
        """Those of the ids that there are images for."""


@frozen
class Claim:
    """The right to make a variant, until the lease ends; ``token`` tells this claim from an older one."""

    variant: Variant
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

    def find(self, image_id: ImageId, spec_id: str, fingerprint: str) -> Variant | None:
        """The variant of an image, spec and fingerprint."""

    def list_of_image(self, image_id: ImageId, page: PageRequest) -> Page[Variant]:
        """The variants of one image."""

    def list_jobs(
        self, owner: UserId, page: PageRequest, *, status: VariantStatus | None = None, image_id: ImageId | None = None
    ) -> Page[Variant]:
        """The variants of one user that were queued, the last queued first."""

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

    def renew(self, claim: Claim, lease: timedelta) -> bool:
        """Let the lease begin anew; False like ``finish``."""

    def release(self, claim: Claim, *, charged: bool) -> bool:
        """Turn a claimed variant pending again, its attempt counted or given back; False like ``finish``."""

    def record(self, variant: Variant) -> Variant:
        """Keep a ready variant, over an unfinished or failed one of the same image, spec and fingerprint.

        Returns the kept one, with the older id where there was one. Raises ImageNotFound where the image is gone.
        """

    def retry(self, variant_id: VariantId, queued_at: datetime) -> Variant:
        """Turn a failed variant pending with no attempts; others stay as they are. Raises VariantNotFound."""

    def take_stalled(self, idle: timedelta, limit: int) -> Sequence[VariantId]:
        """Queued variants that wait, or whose lease is over, and that were not signalled for ``idle``; oldest first.

        Marks them as signalled now, so that the same call elsewhere takes others.
        """
