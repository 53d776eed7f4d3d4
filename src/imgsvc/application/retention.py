"""What nobody needs any more goes."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from uuid import UUID

from attrs import frozen

from imgsvc.domain.image import ImageId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.clock import Clock
from imgsvc.ports.repositories import ImageRepository, UserRepository

logger = logging.getLogger(__name__)

_BATCH = 500
# Uploads that one sweep may find cut off between blob and row; more is a sign of the wrong database.
_MOST_ORIGINALS = 100


@frozen
class SweepOrphans:
    """Remove blobs whose image is gone, or never came to be.

    Only what a crash can leave: a database that is new, empty or restored beside older blobs must not cost a picture.
    """

    users: UserRepository
    images: ImageRepository
    blobs: BlobStore
    clock: Clock

    def __call__(self, older_than: timedelta) -> int:
        """How many were removed; younger ones may belong to an upload that is not finished yet."""
        founded = self.users.first_created_at()
        if founded is None:
            return 0
        newest = self.clock() - older_than
        # What is older than the database was never its own.
        candidates = (blob.key for blob in self.blobs.list() if founded <= blob.modified_at <= newest)
        orphans = list(self._orphans(candidates))
        originals = sum(key.startswith("originals/") for key in orphans)
        if originals > _MOST_ORIGINALS:
            logger.error("%d originals have no row, more than crashes leave: nothing is removed", originals)
            return 0
        for key in orphans:
            self.blobs.delete(key)
        return len(orphans)

    def _orphans(self, keys: Iterator[str]) -> Iterator[str]:
        while batch := list(islice(keys, _BATCH)):
            owners = {key: _image_of(key) for key in batch}
            existing = self.images.existing([image for image in set(owners.values()) if image is not None])
            yield from (key for key, image in owners.items() if image is not None and image not in existing)


def _image_of(key: str) -> ImageId | None:
    """The image that a key of ours belongs to; None for a key that is not ours to judge."""
    kind, _, rest = key.partition("/")
    text = rest.partition("/")[0]
    try:
        image_id = UUID(text)
    except ValueError:
        return None
    # Other spellings of an id are not ours.
    return ImageId(image_id) if kind in ("originals", "variants") and str(image_id) == text else None
