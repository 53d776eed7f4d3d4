"""Which installation a storage belongs to: a mark in it, compared with the id in the database."""

from enum import StrEnum
from itertools import islice

from attrs import frozen

from imgsvc.application.blob_keys import original_of
from imgsvc.domain.errors import BlobNotFound
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.installation import InstallationId, InstallationRepository

MARK = "installation"  # the key; no picture's is like it

_LOOKED_AT = 500  # originals of a storage that nobody has marked

_REMEDY = "correct IMGSVC_DATABASE_URL or IMGSVC_BLOBS_URL, or run imgsvc adopt if nobody else works on this storage"


class Belonging(StrEnum):
    """Whose a storage is; told with the remedy where it is not ours."""

    OURS = ""
    ANOTHERS = f"the mark in the storage is that of another installation: {_REMEDY}"
    UNCLEAR = f"the storage has no mark, and most of its originals have no row: {_REMEDY}"

    @classmethod
    def told_by(cls, mark: bytes, mine: InstallationId) -> "Belonging":
        return cls.OURS if mark == written(mine) else cls.ANOTHERS


def written(installation: InstallationId) -> bytes:
    """What the mark of an installation holds."""
    return f"{installation}\n".encode()


@frozen
class ClaimStorage:
    """Tell whose the storage is, and mark it where nobody has: it is empty, or older than marks."""

    installation: InstallationRepository
    images: ImageRepository
    blobs: BlobStore

    def __call__(self, *, looks_only: bool = False) -> Belonging:
        """``looks_only``: nothing is written. Raises Busy, Unavailable."""
        mine, mark = self.installation.id(), self._mark()
        if mark is None:
            if not self._seems_ours():
                return Belonging.UNCLEAR
            if looks_only:
                return Belonging.OURS
            # Of two installations that do so at once the last has it, and the first is told so by its next sweep.
            self.blobs.put(MARK, written(mine), "text/plain")
            mark = self._mark() or b""
        return Belonging.told_by(mark, mine)

    def _mark(self) -> bytes | None:
        try:
            return self.blobs.get(MARK)
        except BlobNotFound:
            return None

    def _seems_ours(self) -> bool:
        """Most originals have a row: a crash leaves some without, and another installation's have none."""
        listed = islice(self.blobs.list("originals/"), _LOOKED_AT)
        originals = [image for blob in listed if (image := original_of(blob.key))]
        return 2 * len(self.images.having_bytes(originals)) >= len(originals)


@frozen
class AdoptStorage:
    """Make the storage this database's own, whosever it was, under a new id that no copy of the database has."""

    installation: InstallationRepository
    blobs: BlobStore

    def __call__(self) -> InstallationId:
        """Raises Busy, Unavailable; where it broke off, or somebody did the same at once, it is to be done again."""
        mine = self.installation.renew()
        self.blobs.put(MARK, written(mine), "text/plain")
        return mine
