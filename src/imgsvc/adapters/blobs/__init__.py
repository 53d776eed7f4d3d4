"""Blob stores, picked by URL: ``file:///absolute/folder``, ``s3://key:secret@host/bucket``, or ``memory:`` for one that
dies with the process.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from imgsvc.domain.errors import BlobNotFound, Unavailable
from imgsvc.ports.blobs import BlobStore
from imgsvc.ports.diagnosis import Finding, Subject
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics


@contextmanager
def open_blob_store(url: str, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS) -> Iterator[BlobStore]:
    """``metrics`` hear how the storage fares.

    Raises ValueError for a URL that means nothing here, and Unavailable for a place that cannot be used.
    """
    parts = _parts(url)
    match parts.scheme:
        case "file":
            from imgsvc.adapters.blobs.filesystem import FilesystemBlobs

            yield FilesystemBlobs.at(_folder(parts), metrics)
        case "s3":
            from imgsvc.adapters.blobs.s3 import S3Blobs
            from imgsvc.adapters.blobs.s3_address import S3Address

            with ExitStack() as opened:
                try:
                    store = opened.enter_context(S3Blobs.opened(S3Address.of(url), metrics))
                except Unavailable as error:
                    from imgsvc.adapters.blobs.s3_diagnosis import told_at_start

                    raise type(error)(told_at_start(error)) from None
                yield store
        case "memory":
            from imgsvc.adapters.blobs.in_memory import InMemoryBlobs

            _refuse_options(parts)
            if parts.netloc or parts.path or parts.fragment:
                raise ValueError("a blob store in memory is just memory:")
            yield InMemoryBlobs()
        case scheme:
            raise ValueError(f"unknown blob store scheme {scheme!r}; known are file:, s3: and memory:")


def diagnose_blobs(url: str) -> Iterator[Finding]:
    """What is right and wrong with it, also where it cannot be opened. Raises ValueError like ``open_blob_store``."""
    parts = _parts(url)
    if parts.scheme == "file":
        from imgsvc.adapters.blobs.files_diagnosis import diagnose_folder

        yield from diagnose_folder(_folder(parts))
    elif parts.scheme == "s3":
        from imgsvc.adapters.blobs.s3_address import S3Address
        from imgsvc.adapters.blobs.s3_diagnosis import diagnose_s3

        yield from diagnose_s3(S3Address.of(url))
    else:
        with open_blob_store(url):
            remedy = "name a folder or a bucket in IMGSVC_BLOBS_URL"
            yield Subject("blobs").warning("pictures are kept in memory, and end with the process", remedy)


def peek(url: str, key: str) -> bytes | None:
    """What is kept there, with nothing made or changed; None for nothing. Raises what ``open_blob_store`` does."""
    parts = _parts(url)
    try:
        if parts.scheme == "file":
            from imgsvc.adapters.blobs.filesystem import FilesystemBlobs

            return FilesystemBlobs(_folder(parts)).get(key)
        if parts.scheme == "s3":
            from imgsvc.adapters.blobs.s3 import S3Blobs
            from imgsvc.adapters.blobs.s3_address import S3Address

            with S3Blobs.as_it_is(S3Address.of(url)) as store:
                return store.get(key)
    except BlobNotFound:
        pass
    return None


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("the blob store's URL is not understood") from None


def _folder(parts: SplitResult) -> Path:
    _refuse_options(parts)
    folder = Path(unquote(parts.path))
    if parts.netloc or parts.fragment or not folder.is_absolute() or "\0" in str(folder):
        raise ValueError("a blob store on disk is file:///absolute/folder, with %23 for # and %3F for ?")
    return folder


def _refuse_options(parts: SplitResult) -> None:
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        raise ValueError(f"unknown blob store option {name!r}; {parts.scheme}: has none")
