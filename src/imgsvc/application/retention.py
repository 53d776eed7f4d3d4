"""What nobody needs any more goes."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

from attrs import frozen

from imgsvc.domain.image import ImageId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.clock import Clock
from imgsvc.ports.repositories import ImageRepository

_BATCH = 500


@frozen
class SweepOrphans:
    """Remove blobs whose image is gone, or never came to be."""

    images: ImageRepository
    blobs: BlobStore
    clock: Clock

    def __call__(self, older_than: timedelta) -> int:
        """How many were removed; younger ones may belong to an upload that is not finished yet."""
        newest = self.clock() - older_than
        candidates = (blob.key for blob in self.blobs.list() if blob.modified_at <= newest)
        removed = 0
        while batch := list(islice(candidates, _BATCH)):
            for key in self._orphans(batch):
                self.blobs.delete(key)
                removed += 1
        return removed

    def _orphans(self, keys: Sequence[str]) -> Iterator[str]:
        owners = {key: _image_of(key) for key in keys}
        existing = self.images.existing([image for image in set(owners.values()) if image is not None])
        return (key for key, image in owners.items() if image is not None and image not in existing)


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
