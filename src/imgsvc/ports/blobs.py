"""Where the bytes of originals and renderings are kept."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import BinaryIO, Protocol

from attrs import frozen

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@frozen
class StoredBlob:
    """One entry of a listing."""

    key: str
    byte_count: int
    modified_at: datetime  # with a time zone


class BlobStore(Protocol):
    """Bytes under keys of up to 512 ASCII letters, digits and ``.-_/``.

    No part between slashes is empty, ``.``, longer than 200 characters, or holds ``..``.

    Any call may raise Unavailable, and ``put`` StorageFull and Busy; a malformed key is a ValueError. Calls are safe
    from any thread. What ``put`` has returned from survives the death of this process, and if ``durable`` also that of
    the machine.
    """

    def put(self, key: str, content: BinaryIO | bytes, media_type: str, *, durable: bool = True) -> None:
        """Store all of ``content``, from where it stands to its end, or nothing, in place of what the key held.

        What is not ``durable`` may be lost with the machine, or be there in part: for what can be made again, by those
        who know its digest. It does not wait for the disk.
        """

    def get(self, key: str) -> bytes:
        """Raises BlobNotFound."""

    def open(self, key: str) -> BinaryIO:
        """The bytes as a stream that can seek; the caller closes it. Raises BlobNotFound.

        Reading may raise Unavailable or BlobNotFound where the bytes cannot be had any more: it never ends early, nor
        gives fewer bytes than it was asked for, except at the end.
        """

    def presigned_url(self, key: str, lifetime: timedelta, headers: Mapping[str, str] = NO_HEADERS) -> str | None:
        """A URL where anybody may fetch the bytes for ``lifetime``, 7 days at most; None where the store has no such.

        ``headers``: the ``Content-Type``, ``Content-Disposition`` and ``Cache-Control`` that the answer is to have.
        Whether the key holds anything is not looked at.
        """

    def delete(self, key: str) -> None:
        """Remove what the key holds; nothing is fine too."""

    def check(self) -> None:
        """Raises Unavailable where nothing could be kept now; cheap."""

    def list(self, prefix: str = "") -> Iterator[StoredBlob]:
        """All whole blobs whose key starts with ``prefix``, in no order; what changes meanwhile may be missed."""
