"""Bytes that need not pass through us."""

from collections.abc import Mapping
from datetime import timedelta

from attrs import frozen

from imgsvc.ports.blobs import BlobStore


@frozen
class PresignContent:
    """Where somebody who may have a blob can fetch it from the storage itself."""

    blobs: BlobStore
    life: timedelta | None  # of a URL; None: all bytes pass through us

    def __call__(self, blob_key: str, headers: Mapping[str, str]) -> str | None:
        """A URL that anybody can use for a while, whose answer has the headers; None where there is no such.

        Nobody looks whether the storage has the bytes, nor whether they are still the same. Raises Unavailable.
        """
        return None if self.life is None else self.blobs.presigned_url(blob_key, self.life, headers)
