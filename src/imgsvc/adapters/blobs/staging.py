"""Files in the making, and the removal of exactly those whose maker died.

A file is locked (``flock``) by the process that writes it, and the kernel drops the lock of a process that dies: so
a lock that can be had tells that nobody will finish the file.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from uuid import uuid4

_SUFFIX = ".part"


@contextmanager
def staged_file(folder: Path) -> Iterator[tuple[Path, FileIO]]:
    """A new file that no sweep touches meanwhile; removed at the end, unless it was moved away by then."""
    while True:
        path = folder / f"{uuid4().hex}{_SUFFIX}"
        with path.open("xb", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not _was_swept(file):
                    yield path, file
                    return
            finally:
                path.unlink(missing_ok=True)


def _was_swept(file: FileIO) -> bool:
    """Whether a sweep came between the making of the file and its lock, and took it for abandoned."""
    return os.fstat(file.fileno()).st_nlink == 0


def sweep(folder: Path) -> None:
    """Remove what dead processes left; a file that cannot be removed is no reason not to go on."""
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):
            _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    """Raises OSError, as a rule BlockingIOError: its writer is alive."""
    with path.open("rb", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Names are never used twice, so a file that was moved into place meanwhile is not hit.
        path.unlink()
