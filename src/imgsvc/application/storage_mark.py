"""The mark in a storage, which tells the installation that it belongs to."""

from enum import Enum
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


class Belonging(Enum):
    """Whose a storage is: what was found, and a remedy where we may not use all of it."""

    OURS = ("the mark in the storage is that of this database", "")
    NOBODYS = ("the storage has no mark yet, and may be ours", "")
    ANOTHERS = ("the mark in the storage is that of another installation", _REMEDY)
    UNCLEAR = ("the storage has no mark, and most of its originals have no row", _REMEDY)

    def __init__(self, found: str, remedy: str) -> None:
        self.found = found
        self.remedy = remedy

    @property
    def refusal(self) -> str:
        """Why nothing may be removed, with the remedy; empty where it may."""
        return f"{self.found}: {self.remedy}" if self.remedy else ""

    @classmethod
    def told_by(cls, mark: bytes, mine: InstallationId | None) -> "Belonging":
        """``mine``: None for a database that has no id yet, and so has marked nothing."""
        return cls.OURS if mine is not None and mark == mark_of(mine) else cls.ANOTHERS


def mark_of(installation: InstallationId) -> bytes:
    """What stands in the storage of an installation."""
    return f"{installation}\n".encode()


@frozen
class FindBelonging:
    """Tell whose the storage is."""

    installation: InstallationRepository
    images: ImageRepository
    blobs: BlobStore

    def __call__(self) -> Belonging:
        """Nothing is written, to the database neither. Raises Busy, Unavailable."""
        try:
            return Belonging.told_by(self.blobs.get(MARK), self.installation.known_id())
        except BlobNotFound:
            return Belonging.NOBODYS if self._may_be_ours() else Belonging.UNCLEAR

    def _may_be_ours(self) -> bool:
        """Most originals have a row: a crash leaves some without, and another installation's have none."""
        listed = islice(self.blobs.list("originals/"), _LOOKED_AT)
        originals = [image for blob in listed if (image := original_of(blob.key))]
        return 2 * len(self.images.having_bytes(originals)) >= len(originals)


@frozen
class ClaimStorage:
    """Mark the storage where nobody has, and it is empty or older than marks; tell whose it is then."""

    installation: InstallationRepository
    blobs: BlobStore
    find_belonging: FindBelonging

    def __call__(self) -> Belonging:
        """Raises Busy, Unavailable."""
        belonging = self.find_belonging()
        if belonging is not Belonging.NOBODYS:
            return belonging
        # Of two installations that do so at once the last has it, and the first is told so by its next sweep.
        self.blobs.put(MARK, mark_of(self.installation.id()), "text/plain")
        return self.find_belonging()


@frozen
class AdoptStorage:
    """Make the storage this database's own, whosever it was, under a new id that no copy of the database has."""

    installation: InstallationRepository
    blobs: BlobStore

    def __call__(self) -> InstallationId:
        """Raises Busy, Unavailable; where it broke off, or somebody did the same at once, it is to be done again."""
        mine = self.installation.renew_id()
        self.blobs.put(MARK, mark_of(mine), "text/plain")
        return mine
