"""Originals as they were uploaded, or not at all."""

import logging
from typing import BinaryIO

from imgsvc.application.checked_streams import checked
from imgsvc.domain.errors import BlobNotFound, OriginalDamaged, OriginalMissing
from imgsvc.domain.image import Image
from imgsvc.ports.blobs import BlobStore

logger = logging.getLogger(__name__)


def open_original(blobs: BlobStore, image: Image) -> BinaryIO:
    """A stream that can seek and that the caller closes; of wrong bytes it never gives the last.

    Raises OriginalMissing, and OriginalDamaged where that shows in the first MiB; reading may raise the latter too.
    """

    def damaged() -> OriginalDamaged:
        logger.error("an original is not as it was uploaded", extra={"image_id": str(image.id)})
        return OriginalDamaged("the bytes of this image were damaged in storage: upload it again")

    try:
        stream = blobs.open(image.blob_key)
    except BlobNotFound as error:
        logger.error("an original has no bytes", extra={"image_id": str(image.id)})
        raise OriginalMissing("the bytes of this image are lost: upload it again") from error
    return checked(stream, image.byte_count, image.sha256, damaged)
