"""Where images are kept.

Every call is one transaction: it happens wholly or not at all, and what it returned from is kept. Any call may raise
Busy or Unavailable. Calls are safe from any thread. Lists are newest first, but
where something else is asked for.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from attrs import frozen

from imgsvc.domain.image import Image, ImageChanges, ImageId
from imgsvc.domain.image_search import ALL_IMAGES, ImageSearch
from imgsvc.domain.quota import NO_QUOTA, Quota, Usage
from imgsvc.domain.user import UserId
from imgsvc.ports.pages import Page, PageRequest


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

    def forget_erased(self, age: timedelta, limit: int) -> int:
        """Of so many of those that were removed longer ago, note nothing any more; how many there were."""

    def existing(self, image_ids: Sequence[ImageId]) -> set[ImageId]:
        """Those of the ids that there are images for."""
