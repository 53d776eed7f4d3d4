"""Bytes without a row, and rows without bytes."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from attrs import define, field, frozen

from imgsvc.application.blob_keys import image_of, original_of
from imgsvc.application.key_filter import KeyFilter
from imgsvc.application.retention import BATCH, EraseRendering, MustStop, Tally, never, parts
from imgsvc.application.storage_mark import ClaimStorage, FindBelonging
from imgsvc.domain.errors import BlobNotFound
from imgsvc.domain.image import ImageId, original_key
from imgsvc.domain.variant import RenderingName
from imgsvc.ports.blobs import BlobStore, StoredBlob
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.retention import RetentionRepository
from imgsvc.ports.users import UserRepository

logger = logging.getLogger(__name__)

# Uploads that one sweep may find cut off between blob and row, and originals that it may find lost; more is a sign of
# the wrong database, or of the wrong storage.
_MOST_ORIGINALS = 100
_MOST_AT_ONCE = 50_000  # keys that are held in memory; there is another sweep


@frozen(kw_only=True)
class Orphans:
    """What had lost its other half."""

    blobs: Tally = Tally()  # keys, removed
    variants: Tally = Tally()  # rows of renderings, removed
    originals: Tally = Tally()  # images whose bytes are missing; they stay
    refusal: str = ""  # why blobs stay that have no row


@frozen
class SweepOrphans:
    """Compare rows and blobs in both directions, and remove what a crash has left of either.

    Only where the storage bears our mark, and only what a crash can leave: a database that is new, empty or restored
    beside older blobs must not cost a picture, nor a storage that is empty, or being restored, a row. Where the storage
    holds originals and none of them has a row, it keeps all it has, variants too, whatever its mark. So what a crash
    leaves where there are no images, be it of the first upload or of the last deletion, stays until there is one.
    """

    users: UserRepository
    images: ImageRepository
    retention: RetentionRepository
    blobs: BlobStore
    erase: EraseRendering
    clock: Clock
    find_belonging: FindBelonging
    claim_storage: ClaimStorage

    def __call__(self, older_than: timedelta, *, dry_run: bool = False, must_stop: MustStop = never) -> Orphans:
        """What was removed, or would be; what is younger may belong to something that is not finished yet.

        Raises Busy, Unavailable.
        """
        founded = self.users.first_created_at()
        if founded is None:
            return Orphans()
        belonging = self.find_belonging() if dry_run else self.claim_storage()
        if belonging.refusal:
            return Orphans(refusal=_logged(belonging.refusal))
        listing = _Listing(self.blobs, founded, self.clock() - older_than)
        blobs, refusal = self._blobs(listing, dry_run, must_stop)
        if must_stop():
            return Orphans(blobs=blobs, refusal=refusal)
        originals = self._lost_originals(listing.seen, must_stop)
        # Where originals are lost, the storage is not what it was, and may be again: rows wait for that.
        is_whole = not originals.count and not must_stop()
        variants = self._lost_variants(listing.seen, older_than, dry_run, must_stop) if is_whole else Tally()
        return Orphans(blobs=blobs, variants=variants, originals=originals, refusal=refusal)

    def _blobs(self, listing: "_Listing", dry_run: bool, must_stop: MustStop) -> tuple[Tally, str]:
        """Blobs without a row. All that the storage holds decides whether any may go, so none does before the end."""
        orphans: list[str] = []
        originals = finished = known = 0
        for batch in listing.batches(must_stop):
            bytes_ids = self.images.having_bytes([image for blob in batch if (image := original_of(blob.key))])
            known += len(bytes_ids)
            # A young one may be waiting for its row, and so does not speak against the storage.
            finished += sum(1 for blob in batch if original_of(blob.key) and listing.is_finished(blob))
            for key in self._without_row([blob.key for blob in batch if listing.is_to_judge(blob)], bytes_ids):
                originals += key.startswith("originals/")
                if len(orphans) < _MOST_AT_ONCE:
                    orphans.append(key)
        if must_stop():
            return Tally(), ""
        # Somebody may have adopted the storage while it was listed.
        refusal = (_refusal(originals, finished, known) or self.find_belonging().refusal) if orphans else ""
        if refusal:
            return Tally(), _logged(refusal)
        tally = Tally().plus(orphans if dry_run else self._removed(orphans, must_stop))
        if tally.count and not dry_run:
            logger.info("removed blobs without a row", extra={"count": tally.count})
        return tally, ""

    def _without_row(self, keys: Sequence[str], bytes_ids: Collection[ImageId]) -> Iterator[str]:
        owners = {key: image_of(key) for key in keys}
        images = self.images.existing([image for image in set(owners.values()) if image is not None])
        names = {key: name for key, image in owners.items() if image in images and (name := RenderingName.of_key(key))}
        existing = self.retention.existing(names.values())
        for key, image in owners.items():
            # An image may be gone while others share the bytes that it brought.
            has_row = image in (bytes_ids if key.startswith("originals/") else images)
            if image is not None and (not has_row or (key in names and names[key] not in existing)):
                yield key

    def _removed(self, keys: Iterable[str], must_stop: MustStop) -> Iterator[str]:
        for key in keys:
            if must_stop():
                return
            name = RenderingName.of_key(key)
            if name is not None and not self.erase(name):
                continue
            if name is None:
                self.blobs.delete(key)
            yield key

    def _lost_originals(self, seen: KeyFilter, must_stop: MustStop) -> Tally:
        """Images without bytes, 100 at most. Their rows stay: whoever restores the bytes finds them as they were."""
        lost: list[ImageId] = []
        for part in parts(lambda after: self.retention.originals(BATCH, after), must_stop):
            missing = [one.id for one in part if self._is_lost(original_key(one.bytes_id), seen)]
            # Whoever deletes an image removes the row first.
            lost += sorted(self.images.existing(missing)) if missing else []
            if len(lost) >= _MOST_ORIGINALS:
                logger.error("at least %d originals have lost their bytes: is this the right storage?", len(lost))
                break
        for image in lost[:_MOST_ORIGINALS]:
            logger.error("an original has lost its bytes", extra={"image_id": str(image)})
        return Tally().plus(lost)

    def _lost_variants(self, seen: KeyFilter, idle: timedelta, dry_run: bool, must_stop: MustStop) -> Tally:
        """Ready variants without bytes. The row promises what is not there, perhaps of an engine that is gone, too; who
        asks for the rendering has it made again. A job's result stays, since its owner asks for it by its id, and
        OpenVariant makes it again.
        """
        tally = Tally()
        for part in parts(lambda after: self.retention.by_name(idle, BATCH, after), must_stop):
            lost = [one.id for one in part if one.is_unused and self._is_lost(one.name.blob_key, seen)]
            tally = tally.plus(lost if dry_run or not lost else self.retention.expire(lost, idle))
        if tally.count and not dry_run:
            logger.warning("removed variants without bytes", extra={"count": tally.count})
        return tally

    def _is_lost(self, key: str, seen: KeyFilter) -> bool:
        """Not listed, since it came later or the list is wrong, says little; so it is looked for."""
        if key in seen:
            return False
        try:
            self.blobs.open(key).close()
        except BlobNotFound:
            return True
        return False


@define
class _Listing:
    """One pass through all blobs, which remembers what it saw."""

    blobs: BlobStore
    founded: datetime
    newest: datetime
    seen: KeyFilter = field(factory=KeyFilter)

    def batches(self, must_stop: MustStop) -> Iterator[Sequence[StoredBlob]]:
        listed = self._listed(must_stop)
        while batch := list(islice(listed, BATCH)):
            yield batch

    def _listed(self, must_stop: MustStop) -> Iterator[StoredBlob]:
        for blob in self.blobs.list():
            if must_stop():
                return
            self.seen.add(blob.key)
            yield blob

    def is_finished(self, blob: StoredBlob) -> bool:
        """Whether it is so old that its row must have come."""
        return blob.modified_at <= self.newest

    def is_to_judge(self, blob: StoredBlob) -> bool:
        # What is older than the database was never its own.
        return self.founded <= blob.modified_at and self.is_finished(blob)


def _logged(refusal: str) -> str:
    logger.error(refusal)
    return refusal


def _refusal(orphans: int, finished: int, known: int) -> str:
    """Why nothing may be removed: of originals, how many have no row, how many there are, and how many have one."""
    if finished and not known:
        which = f"none of {finished} original{'' if finished == 1 else 's'} has a row"
        return f"{which}, the storage seems to belong to another database: nothing is removed"
    if orphans > _MOST_ORIGINALS:
        return f"{orphans} originals have no row, more than crashes leave: nothing is removed"
    return ""
