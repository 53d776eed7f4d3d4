"""Where users, images and variants are kept.

Every call is one transaction: it happens wholly or not at all, and what it returned from is kept. Any call may raise
Busy or Unavailable. Calls are safe from any thread. Lists are newest first, but where something else is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import within
from imgsvc.domain.image import Image, ImageChanges, ImageId
from imgsvc.domain.image_search import ALL_IMAGES, ImageSearch
from imgsvc.domain.quota import NO_QUOTA, Quota, Usage
from imgsvc.domain.user import User, UserId
from imgsvc.domain.variant import Failure, Rendition, Variant, VariantId, VariantStatus

T = TypeVar("T", covariant=True)

MAX_PAGE_SIZE = 100


@frozen
class Position:
    """Where a list was left: behind the item of this mark and id."""

    mark: datetime | str | int  # what the list is ordered by
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


@frozen
class Erased:
    """What went with an image."""

    image: Image
    variants: int
    variant_bytes: int
    frees_bytes: bool  # whether no other image shares the bytes of the original


class ImageRepository(Protocol):
    """Images, of which those of one owner may share equal bytes.

    What is added and deleted at once happens in some order, so bytes that nobody shares any more stay without a row:
    no image shares them ever after.
    """

    def add(self, image: Image, quota: Quota = NO_QUOTA) -> bool:
        """Keep a new image; False where no image of the owner has the bytes any more that it was to share.

        Raises UserNotFound where its owner is gone, ImageExists where there is an image of its id, QuotaExceeded where
        the owner would have too much, however many are added at once.
        """

    def usage_of(self, owner: UserId) -> Usage:
        """What a user keeps; exact, and at no cost however much it is."""

    def find_equal(self, owner: UserId, sha256: str) -> Image | None:
        """The first image of the owner that has the same bytes."""

    def having_bytes(self, bytes_ids: Sequence[ImageId]) -> set[ImageId]:
        """Those of the bytes that there are images for, their own or another that shares them."""

    def get(self, image_id: ImageId) -> Image:
        """Raises ImageNotFound."""

    def change(self, image_id: ImageId, changes: ImageChanges) -> Image:
        """The image with its labels changed; two changes at once both happen. Raises ImageNotFound."""

    def list_of(self, owner: UserId, page: PageRequest, search: ImageSearch = ALL_IMAGES) -> Page[Image]:
        """The images of one user that are searched for, in that order; names are in that of their characters."""

    def count_matching(self, owner: UserId, search: ImageSearch, most: int) -> int:
        """How many images of a user are searched for, of which no more than ``most`` are counted."""

    def count_of(self, owner: UserId) -> int:
        """How many images a user has; exact, and at no cost however many there are."""

    def delete(self, image_id: ImageId) -> Erased | None:
        """Remove the image and its variants, and note that it was there; None where there was none."""

    def was_erased(self, owner: UserId, image_id: ImageId) -> bool:
        """Whether there was such an image of the owner, as long as that is noted."""

    def forget_erased(self, age: timedelta) -> int:
        """Of those that were removed longer ago, note nothing any more; how many there were."""

    def existing(self, image_ids: Sequence[ImageId]) -> set[ImageId]:
        """Those of the ids that there are images for."""


@frozen
class Progress:
    """How far a job has come: what a look at many of them costs little for."""

    status: VariantStatus
    attempts: int


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

    def count_unfinished(self, owner: UserId, most: int) -> int:
        """How many queued variants of a user have not ended, of which no more than ``most`` are counted."""

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

    def take_stalled(self, idle: timedelta, limit: int) -> Sequence[VariantId]:
        """Queued variants whose lease is over, and those that wait and were not signalled for ``idle``; oldest first.

        All are pending then, and count as signalled now, so that the same call elsewhere takes others.
        """
