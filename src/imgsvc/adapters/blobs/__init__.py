"""Blob stores, picked by URL: ``file:///absolute/folder``, ``s3://key:secret@host/bucket``, or ``memory:`` for one that
dies with the process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from imgsvc.ports.blobs import BlobStore


@contextmanager
def open_blob_store(url: str) -> Iterator[BlobStore]:
    """Raises ValueError for a URL that means nothing here, and Unavailable for a place that cannot be used."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("the blob store's URL is not understood") from None
    match parts.scheme:
        case "file":
            from imgsvc.adapters.blobs.filesystem import FilesystemBlobs

            yield FilesystemBlobs.at(_folder(parts))
        case "s3":
            from imgsvc.adapters.blobs.s3 import S3Blobs
            from imgsvc.adapters.blobs.s3_address import S3Address

            with S3Blobs.opened(S3Address.of(url)) as store:
                yield store
        case "memory":
            from imgsvc.adapters.blobs.in_memory import InMemoryBlobs

            _refuse_options(parts)
            if parts.netloc or parts.path or parts.fragment:
                raise ValueError("a blob store in memory is just memory:")
            yield InMemoryBlobs()
        case scheme:
            raise ValueError(f"unknown blob store scheme {scheme!r}; known are file:, s3: and memory:")


def _folder(parts: SplitResult) -> Path:
    _refuse_options(parts)
    folder = Path(unquote(parts.path))
    if parts.netloc or parts.fragment or not folder.is_absolute() or "\0" in str(folder):
        raise ValueError("a blob store on disk is file:///absolute/folder, with %23 for # and %3F for ?")
    return folder


def _refuse_options(parts: SplitResult) -> None:
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        raise ValueError(f"unknown blob store option {name!r}; {parts.scheme}: has none")
