"""Accounts that are being erased: what of them is left, so that whoever comes next goes on with it.

Every call is one transaction. Any call may raise Busy or Unavailable; calls are safe from any thread.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from attrs import frozen

from imgsvc.domain.image import ImageId
from imgsvc.domain.user import UserId


@frozen
class ErasedImage:
    """An image without a row, whose bytes and cache entries may be left."""

    id: ImageId
    bytes_id: ImageId  # under which its original was kept


class ErasureRepository(Protocol):
    def mark(self, user_id: UserId, password_hash: str) -> bool:
        """Give an account up for good: nobody knows its name or e-mail, nobody can log in, no session and no key of it
        is left, its webhooks are deleted, and nothing is added to it any more. False, changing nothing, where that is
        not its password hash.
        """

    def marked(self, limit: int) -> Sequence[UserId]:
        """Accounts that were given up, and are there still."""

    def remove_images(self, user_id: UserId, limit: int) -> int:
        """Remove so many images with their variants and jobs, and keep in mind that their bytes are left."""

    def remove_account(self, user_id: UserId) -> None:
        """The last of it, once it has no images."""

    def images(self, limit: int) -> Sequence[ErasedImage]:
        """Images whose bytes may be left."""

    def forget_images(self, image_ids: Collection[ImageId]) -> None:
        """Their bytes are gone."""
