"""Blobs as files: written whole below ``<root>/.staging``, then renamed to ``<root>/blobs/<key>+``."""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from attrs import field, frozen

from imgsvc.adapters.blobs.keys import MARK, checked_key, is_key
from imgsvc.adapters.blobs.staging import staged_file, sweep
from imgsvc.adapters.common.folders import sync_names
from imgsvc.adapters.common.outages import Outages
from imgsvc.domain.errors import BlobNotFound, StorageFull, Unavailable
from imgsvc.ports.blobs import NO_HEADERS, StoredBlob
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics

_CHUNK = 256 * 1024  # bytes
_TRIES = 100  # to get a file into a folder that others keep removing
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@frozen
class FilesystemBlobs:
    """Processes of one machine may share the folder. Media types are not kept: the database knows them."""

    root: Path
    _outages: Outages = field(factory=lambda: Outages("the storage"), eq=False, repr=False)

    @classmethod
    def at(cls, root: Path, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS) -> "FilesystemBlobs":
        """The store in ``root``, made if absent and rid of what dead writers left. Raises Unavailable."""
        store = cls(root, Outages("the storage", metrics=metrics))
        with store._watched("opening"):
            for folder in (store._blobs, store._staging):
                _make_folder(folder)
            store.check()
            sweep(store._staging)
        return store

    def check(self) -> None:
        with self._watched("looking"):
            for folder in (self._blobs, self._staging):
                folder.stat()
                if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    @contextmanager
    def _watched(self, part: str) -> Iterator[None]:
        """Raises StorageFull or Unavailable where the system fails."""
        attempt = self._outages.attempt(part)
        try:
            yield
        except BlobNotFound:
            attempt.succeeds()
            raise
        except OSError as error:
            is_full = error.errno in _FULL
            # The system's words alone: the error itself names the file.
            attempt.fails("it is full" if is_full else "it fails", error.strerror or type(error).__name__)
            if is_full:
                raise StorageFull("the storage is full") from error
            raise Unavailable("the storage does not answer") from error
        attempt.succeeds()

    @property
    def _blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def _staging(self) -> Path:
        return self.root / ".staging"  # inside the root, because a rename never crosses file systems

    def _path(self, key: str) -> Path:
        return self._blobs / (checked_key(key) + MARK)

    def put(self, key: str, content: BinaryIO | bytes, media_type: str, *, durable: bool = True) -> None:
        target = self._path(key)
        with self._watched("writing"), staged_file(self._staging) as (path, file):
            _write(content, file)
            if durable:
                os.fsync(file.fileno())
            self._move(path, target)
            if durable:
                self._sync_from(target.parent)

    def _move(self, path: Path, target: Path) -> None:
        try:
            for _ in range(_TRIES):
                with suppress(FileNotFoundError):
                    path.replace(target)
                    return
                # A delete next door may take the folder away again, as empty, before the file is in it.
                with suppress(FileNotFoundError, FileExistsError):
                    target.parent.mkdir(parents=True, exist_ok=True)
            raise Unavailable("the storage changes too fast")
        except BaseException:
            self._remove_empty_from(target.parent)
            raise

    def _sync_from(self, folder: Path) -> None:
        """Sync every folder up to ours: one that was there already may be somebody's who has not synced it yet."""
        while folder != self.root:
            with suppress(FileNotFoundError):  # then somebody has deleted the key since
                sync_names(folder)
            folder = folder.parent

    def get(self, key: str) -> bytes:
        with self.open(key) as stream, self._watched("reading"):
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        with self._watched("reading"):
            try:
                return self._path(key).open("rb")
            except FileNotFoundError:
                raise BlobNotFound("there are no bytes under this key") from None

    def presigned_url(self, key: str, lifetime: timedelta, headers: Mapping[str, str] = NO_HEADERS) -> None:
        return None

    def delete(self, key: str) -> None:
        target = self._path(key)
        with self._watched("deleting"):
            target.unlink(missing_ok=True)
            remaining = self._remove_empty_from(target.parent)
            with suppress(FileNotFoundError):
                sync_names(remaining)

    def _remove_empty_from(self, folder: Path) -> Path:
        """Remove empty folders upwards; returns the first that stays."""
        while folder != self._blobs:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass  # another delete was faster
            except OSError:
                break  # as a rule because something is in it
            folder = folder.parent
        return folder

    def list(self, prefix: str = "") -> Iterator[StoredBlob]:
        folder, _, _ = prefix.rpartition("/")
        if folder and not is_key(folder):
            return  # no key starts like this, and the folder might be anywhere
        with self._watched("listing"):
            for entry in _files(self._blobs / folder):
                key = entry.path.removeprefix(f"{self._blobs}/").removesuffix(MARK)
                if entry.name.endswith(MARK) and key.startswith(prefix) and is_key(key):
                    with suppress(FileNotFoundError):
                        facts = entry.stat()
                        yield StoredBlob(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))


def _write(content: BinaryIO | bytes, file: FileIO) -> None:
    chunks: Iterable[bytes] = [content] if isinstance(content, bytes) else iter(partial(content.read, _CHUNK), b"")
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:  # the kernel may take a part, on a disk that is nearly full
            rest = rest[file.write(rest) :]


def _files(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """Everything below that is not a folder, one at a time: there may be millions."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield entry


def _make_folder(folder: Path) -> None:
    """The folder and those above it; ours alone to read, unless the operator made it and decided otherwise."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_names(folder.parent)
