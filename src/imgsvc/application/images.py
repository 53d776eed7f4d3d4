"""Originals: take them in, hand them out, list and erase them."""

import hashlib
from contextlib import suppress
from typing import BinaryIO

from attrs import frozen

from imgsvc.domain.errors import Busy, EmptyFile, FileTooLarge, TypeMismatch
from imgsvc.domain.image import MAX_NAME, Image, ImageId
from imgsvc.domain.plan import Limits
from imgsvc.domain.user import UserId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.cache import Cache
from imgsvc.ports.clock import Clock
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.repositories import ImageRepository, Page, PageRequest

_CHUNK = 1024 * 1024
_ALSO_CALLED = {"image/heif": "image/heic"}


@frozen
class UploadImage:
    """Take a picture in, after every pixel of it was seen to be readable."""

    images: ImageRepository
    blobs: BlobStore
    engine: ImageEngine
    clock: Clock
    limits: Limits
    strict_types: bool

    def __call__(self, caller: UserId, content: BinaryIO, name: str = "", declared_type: str = "") -> Image:
        """``content`` can seek and is read from its start; ``name`` is kept as it is, up to 255 characters.

        What the bytes are counts; where types are strict, a ``declared_type`` that says otherwise is refused.
        Raises EmptyFile, FileTooLarge, TypeMismatch, and what ImageEngine.measure raises. Nothing is kept then.
        """
        sha256, byte_count = self._digest(content)
        facts = self.engine.measure(content)
        called = _ALSO_CALLED.get(declared_type, declared_type)
        if self.strict_types and called not in ("", "application/octet-stream", facts.media_type):
            detail = "the file is not of the type that it is labelled with"
            raise TypeMismatch(detail, value=declared_type, allowed=facts.media_type)
        image = Image(
            owner=caller,
            name=name[:MAX_NAME],
            facts=facts,
            byte_count=byte_count,
            sha256=sha256,
            created_at=self.clock(),
        )
        content.seek(0)
        # The bytes come first: a crash in between leaves a blob without a row, which SweepOrphans removes.
        self.blobs.put(image.blob_key, content, facts.media_type)
        try:
            self.images.add(image)
        except BaseException:
            with suppress(Busy):
                self._take_back(image)
            raise
        return image

    def _take_back(self, image: Image) -> None:
        # The row may have been kept and only the answer lost: a row without bytes is worse than bytes without a row.
        self.images.delete(image.id)
        self.blobs.delete(image.blob_key)

    def _digest(self, content: BinaryIO) -> tuple[str, int]:
        digest, byte_count = hashlib.sha256(), 0
        content.seek(0)
        while chunk := content.read(_CHUNK):
            byte_count += len(chunk)
            if byte_count > self.limits.max_bytes:
                raise FileTooLarge("the file is too large", allowed=f"at most {self.limits.max_bytes} bytes")
            digest.update(chunk)
        if not byte_count:
            raise EmptyFile("the file is empty")
        return digest.hexdigest(), byte_count


@frozen
class GetImage:
    """The facts of one image."""

    images: ImageRepository

    def __call__(self, caller: UserId, image_id: ImageId) -> Image:
        """Raises ImageNotFound, also when the image is someone else's."""
        image = self.images.get(image_id)
        image.must_belong_to(caller)
        return image


@frozen
class OpenOriginal:
    """The bytes that were uploaded."""

    images: ImageRepository
    blobs: BlobStore

    def __call__(self, caller: UserId, image_id: ImageId) -> BinaryIO:
        """A stream that the caller closes. Raises ImageNotFound, also when the image is someone else's."""
        image = self.images.get(image_id)
        image.must_belong_to(caller)
        return self.open(image)

    def open(self, image: Image) -> BinaryIO:
        """The same for an image that its owner was given before."""
        return self.blobs.open(image.blob_key)


@frozen
class ListImages:
    """The caller's images, newest first."""

    images: ImageRepository

    def __call__(self, caller: UserId, page: PageRequest) -> tuple[Page[Image], int]:
        """A part of the list, and how many images there are in all."""
        return self.images.list_of(caller, page), self.images.count_of(caller)


@frozen
class DeleteImage:
    """Erase an original and everything that was made of it."""

    images: ImageRepository
    blobs: BlobStore
    cache: Cache

    def __call__(self, caller: UserId, image_id: ImageId) -> None:
        """Raises ImageNotFound, also when the image is someone else's."""
        image = self.images.get(image_id)
        image.must_belong_to(caller)
        # The row goes first, so nobody sees the image from here on; blobs that a crash leaves are SweepOrphans' work.
        self.images.delete(image.id)
        self.blobs.delete(image.blob_key)
        for blob in self.blobs.list(f"variants/{image.id}/"):
            self.cache.delete(blob.key)
            self.blobs.delete(blob.key)
