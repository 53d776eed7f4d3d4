"""Blobs in a dict."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import BinaryIO

from attrs import field, frozen

from imgsvc.adapters.blobs.keys import checked_key
from imgsvc.domain.errors import BlobNotFound
from imgsvc.ports.blobs import NO_HEADERS, StoredBlob


@frozen
class _Held:
    content: bytes
    stored_at: datetime


@frozen
class InMemoryBlobs:
    """For tests and trials: nothing survives the process. Single operations of a dict are safe from any thread."""

    _held: dict[str, _Held] = field(factory=dict, init=False, repr=False)

    def check(self) -> None:
        return

    def put(self, key: str, content: BinaryIO | bytes, media_type: str, *, durable: bool = True) -> None:
        checked_key(key)
        whole = content if isinstance(content, bytes) else content.read()
        self._held[key] = _Held(whole, datetime.now(UTC))

    def get(self, key: str) -> bytes:
        try:
            return self._held[checked_key(key)].content
        except KeyError:
            raise BlobNotFound("there are no bytes under this key") from None

    def open(self, key: str) -> BinaryIO:
        return BytesIO(self.get(key))

    def presigned_url(self, key: str, lifetime: timedelta, headers: Mapping[str, str] = NO_HEADERS) -> None:
        return None

    def delete(self, key: str) -> None:
        self._held.pop(checked_key(key), None)

    def list(self, prefix: str = "") -> Iterator[StoredBlob]:
        for key, held in self._held.copy().items():
            if key.startswith(prefix):
                yield StoredBlob(key, len(held.content), held.stored_at)
