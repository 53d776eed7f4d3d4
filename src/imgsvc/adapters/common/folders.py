"""Folders of this machine: what can be found out about them, and how the names in them are made to last."""

import os
import shutil
from pathlib import Path

from imgsvc.ports.diagnosis import Finding, Subject

_LITTLE, _TOO_LITTLE = 1024**3, 100 * 1024**2  # bytes of a disk


def examine_room(subject: Subject, folder: Path) -> Finding:
    """On the disk of a folder that is there."""
    free = shutil.disk_usage(folder).free
    found = f"{folder} has {free / 1024**3:.1f} GiB free"
    if free < _TOO_LITTLE:
        return subject.error(found, "make room, or move it to a larger disk")
    if free < _LITTLE:
        return subject.warning(found, "make room soon, or move it to a larger disk")
    return subject.ok(found)


def may_use(folder: Path) -> bool:
    """Whether files may be made and read in a folder that is there."""
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def nearest_folder(path: Path) -> Path:
    """The path itself, or the first above it that we can see."""
    return next(one for one in (path, *path.absolute().parents) if is_seen(one))


def is_seen(path: Path) -> bool:
    """Whether it is there, as far as this user can tell."""
    try:
        return path.exists()
    except OSError:  # of a folder above it, which may not be looked into
        return False


def sync_names(folder: Path) -> None:
    """Have the names in the folder survive the death of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
