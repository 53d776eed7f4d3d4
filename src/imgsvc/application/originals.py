"""Originals as they were uploaded, or not at all."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from io import RawIOBase
from typing import BinaryIO, cast

from imgsvc.application.checked_streams import checked
from imgsvc.domain.errors import BlobNotFound, OriginalDamaged, OriginalMissing
from imgsvc.domain.image import Image
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.images import ImageRepository

logger = logging.getLogger(__name__)


def open_original(blobs: BlobStore, images: ImageRepository, image: Image, *, wholly: bool = False) -> BinaryIO:
    """A stream that can seek and that the caller closes; of wrong bytes it never gives the last.

    Raises OriginalMissing, and OriginalDamaged where that shows in the first MiB, or ``wholly``; reading may raise the
    latter too; ImageNotFound where the image was deleted meanwhile. Who reads less than all of it, from its beginning,
    wants it looked at wholly.
    """
    with _loss_told(images, image):
        return _compared(blobs.open(image.blob_key), image, wholly=wholly)


def original_if_needed(blobs: BlobStore, images: ImageRepository, image: Image) -> BinaryIO:
    """The same for those who may not need it: opened at the first use.

    That raises what ``open_original`` does. It may have a ``fileno``: whoever takes that has to compare what is in the
    file, which nobody else does then.
    """

    def opened() -> BinaryIO:
        with _loss_told(images, image):
            return blobs.open(image.blob_key)

    return cast(BinaryIO, _OpenedLate(opened, lambda stored: _compared(stored, image)))


@contextmanager
def _loss_told(images: ImageRepository, image: Image) -> Iterator[None]:
    try:
        yield
    except BlobNotFound as error:
        # Its row goes before its bytes: where that is still there, they are lost.
        images.get(image.id)
        logger.error("an original has no bytes", extra={"image_id": str(image.id)})
        raise OriginalMissing("the bytes of this image are lost: upload it again") from error


def _compared(stored: BinaryIO, image: Image, *, wholly: bool = False) -> BinaryIO:
    def damaged() -> OriginalDamaged:
        logger.error("an original is not as it was uploaded", extra={"image_id": str(image.id)})
        return OriginalDamaged("the bytes of this image were damaged in storage: upload it again")

    return checked(stored, image.byte_count, image.sha256, damaged, wholly=wholly)


class _OpenedLate(RawIOBase):
    def __init__(self, open: Callable[[], BinaryIO], compared: Callable[[BinaryIO], BinaryIO]) -> None:
        self._open, self._compared = open, compared

    @cached_property
    def _stored(self) -> BinaryIO:
        return self._open()

    @cached_property
    def _stream(self) -> BinaryIO:
        return self._compared(self._stored)

    def fileno(self) -> int:
        return self._stored.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if "_stored" in self.__dict__:
            self._stored.close()
        super().close()
