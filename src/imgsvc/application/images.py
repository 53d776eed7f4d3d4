"""Originals: take them in, hand them out, list and erase them."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO
from uuid import uuid4

from attrs import evolve, frozen

from imgsvc.application.originals import open_original
from imgsvc.application.owned_images import erasure_told, owned_image
from imgsvc.domain.errors import (
    Busy,
    EmptyFile,
    FileTooLarge,
    ImageErased,
    ImageExists,
    ImageNotFound,
    OriginalMissing,
    QuotaExceeded,
    TypeMismatch,
)
from imgsvc.domain.image import NO_LABELS, Facts, Image, ImageChanges, ImageId, Labels, name_of_file
from imgsvc.domain.image_search import ALL_IMAGES, ImageSearch
from imgsvc.domain.limits import Limits
from imgsvc.domain.quota import NO_QUOTA, Quota, Usage
from imgsvc.domain.user import UserId
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.cache import Cache
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import Erased, ImageRepository
from imgsvc.ports.imaging import ImageEngine
from imgsvc.ports.pages import Page, PageRequest

_CHUNK = 256 * 1024
_MOST_COUNTED = 1000
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
    quota: Quota = NO_QUOTA

    def __call__(
        self,
        caller: UserId,
        content: BinaryIO,
        name: str = "",
        declared_type: str = "",
        labels: Labels = NO_LABELS,
        image_id: ImageId | None = None,
        *,
        must_suit: Callable[[Facts], None] = lambda facts: None,
    ) -> Image:
        """``content`` can seek and is read from its start; ``name`` is the file's.

        It is the image's, as far as it can be read, where the labels have none. An image of the caller's that has the
        ``image_id`` already is what an earlier try has left, and is the answer.
        What the bytes are counts; where types are strict, a ``declared_type`` that says otherwise is refused.
        Raises EmptyFile, FileTooLarge, TypeMismatch, QuotaExceeded, and what ImageEngine.measure and ``must_suit``
        raise. Nothing is kept then.
        """
        if image_id is not None and (found := self._found(caller, image_id)):
            return found
        sha256, byte_count = self._digest(content)
        self._must_leave_room(caller)
        facts = self.engine.measure(content)
        called = _ALSO_CALLED.get(declared_type, declared_type)
        if self.strict_types and called not in ("", "application/octet-stream", facts.media_type):
            detail = "the file is not of the type that it is labelled with"
            raise TypeMismatch(detail, value=declared_type, allowed=facts.media_type)
        must_suit(facts)
        image = Image(
            id=image_id or ImageId(uuid4()),
            owner=caller,
            labels=labels if labels.name else evolve(labels, name=name_of_file(name)),
            facts=facts,
            byte_count=byte_count,
            sha256=sha256,
            created_at=self.clock(),
        )
        equal = self.images.find_equal(caller, sha256)
        if equal is not None:
            shared = evolve(image, bytes_of=equal.bytes_id)
            # What storage lost or changed since is mended for all who share it.
            if self._is_kept(shared, content, has_bytes=self._are_there(equal)):
                return shared
        self._must_be_kept(image, content)
        return image

    def must_be_possible(self, caller: UserId, image_id: ImageId | None = None) -> None:
        """Of some picture, before it is there. Raises QuotaExceeded."""
        if image_id is None or not self._found(caller, image_id):
            self._must_leave_room(caller)

    def _must_leave_room(self, caller: UserId) -> None:
        """Before the work; it is decided with the row, when others may have been quicker."""
        if self.quota != NO_QUOTA:
            there = self.images.usage_of(caller)
            evolve(there, images=there.images + 1).must_fit(self.quota)

    def _found(self, caller: UserId, image_id: ImageId) -> Image | None:
        with suppress(ImageNotFound):
            image = self.images.get(image_id)
            image.must_belong_to(caller)
            return image
        return None

    def _must_be_kept(self, image: Image, content: BinaryIO) -> None:
        kept = self._is_kept(image, content)
        assert kept, "bytes of its own are nobody's to remove"

    def _are_there(self, image: Image) -> bool:
        try:
            with open_original(self.blobs, self.images, image) as stream:
                while stream.read(_CHUNK):
                    pass
        except (OriginalMissing, ImageNotFound):
            return False
        return True

    def _is_kept(self, image: Image, content: BinaryIO, *, has_bytes: bool = False) -> bool:
        """False where the bytes that it was to share went with their last image meanwhile."""
        content.seek(0)
        # The bytes come first: a crash in between leaves a blob without a row, which SweepOrphans removes.
        if not has_bytes:
            self.blobs.put(image.blob_key, content, image.facts.media_type)
        try:
            is_kept = self.images.add(image, self.quota)
        except ImageExists:
            raise  # of another try at the same time, whose bytes these are
        except QuotaExceeded:
            # Nothing was kept; but another try of the same upload may have been, and have reached the quota.
            if not self.images.having_bytes([image.bytes_id]):
                self.blobs.delete(image.blob_key)
            raise
        except BaseException:
            with suppress(Busy):
                self._take_back(image)
            raise
        if not is_kept:
            self.blobs.delete(image.blob_key)
        return is_kept

    def _take_back(self, image: Image) -> None:
        # The row may have been kept and only the answer lost: a row without bytes is worse than bytes without a row.
        self.images.delete(image.id)
        if not self.images.having_bytes([image.bytes_id]):
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
class GetUsage:
    """How much the caller keeps, and may keep."""

    images: ImageRepository
    quota: Quota

    def __call__(self, caller: UserId) -> tuple[Usage, Quota]:
        """Of images alone; what is made of them counts for nothing."""
        return self.images.usage_of(caller), self.quota


@frozen
class GetImage:
    """The facts of one image."""

    images: ImageRepository

    def __call__(self, caller: UserId, image_id: ImageId) -> Image:
        """Raises ImageNotFound, also when the image is someone else's; ImageErased to who has erased it."""
        return owned_image(self.images, caller, image_id)


@frozen
class OpenOriginal:
    """The bytes that were uploaded."""

    images: ImageRepository
    blobs: BlobStore

    def __call__(self, caller: UserId, image_id: ImageId) -> BinaryIO:
        """A stream that the caller closes. Raises what GetImage and ``open`` do."""
        return self.open(owned_image(self.images, caller, image_id))

    def open(self, image: Image, *, wholly: bool = False) -> BinaryIO:
        """The same for an image that its owner was given before.

        Raises OriginalMissing, OriginalDamaged; what GetImage does, if it was deleted since. It is compared with what
        was uploaded while it is read, or ``wholly`` before that.
        """
        with erasure_told(self.images, image):
            return open_original(self.blobs, self.images, image, wholly=wholly)


@frozen
class ChangeImage:
    """Rename, describe or tag."""

    images: ImageRepository

    def __call__(self, caller: UserId, image_id: ImageId, changes: ImageChanges) -> Image:
        """The image as it is then. Raises what GetImage does."""
        with erasure_told(self.images, owned_image(self.images, caller, image_id)):
            return self.images.change(image_id, changes)


@frozen
class Total:
    """How many there are, or at least."""

    count: int
    is_exact: bool = True


@frozen
class ListImages:
    """The caller's images, or those of them that are searched for."""

    images: ImageRepository

    def __call__(
        self, caller: UserId, page: PageRequest, search: ImageSearch = ALL_IMAGES
    ) -> tuple[Page[Image], Total]:
        """A part of the list, and how many images there are in all parts; of what is searched for, 1000 are counted."""
        part = self.images.list_of(caller, page, search)
        return part, self._total(caller, page, search, part)

    def _total(self, caller: UserId, page: PageRequest, search: ImageSearch, part: Page[Image]) -> Total:
        if search.is_of_all:
            return Total(self.images.count_of(caller))
        if part.next is None and page.after is None and page.page == 1:
            return Total(len(part.items))
        count = self.images.count_matching(caller, search, _MOST_COUNTED + 1)
        return Total(min(count, _MOST_COUNTED), count <= _MOST_COUNTED)


@frozen
class DeleteImage:
    """Erase an original and everything that was made of it."""

    images: ImageRepository
    blobs: BlobStore
    cache: Cache

    def __call__(self, caller: UserId, image_id: ImageId) -> Erased:
        """What went. Raises what GetImage does; Unavailable, with everything as it was."""
        image = owned_image(self.images, caller, image_id)
        self.blobs.check()  # while it is away, rows would go and their bytes stay
        # The row goes first, so nobody sees the image from here on; blobs that a crash leaves are SweepOrphans' work.
        erased = self.images.delete(image.id)
        if erased is None:
            raise ImageErased(f"image {image.id} was erased")  # just before
        for blob in self.blobs.list(f"variants/{image.id}/"):
            self.cache.delete(blob.key)
            self.blobs.delete(blob.key)
        if erased.frees_bytes:
            # No image shares them from here on, and none will.
            self.blobs.delete(image.blob_key)
        return erased
