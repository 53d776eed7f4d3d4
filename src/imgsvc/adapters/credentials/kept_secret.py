"""A secret that nobody has to think of: made once, and kept in a file."""

import os
import secrets
from pathlib import Path
from uuid import uuid4

from imgsvc.adapters.common.folders import sync_names
from imgsvc.ports.diagnosis import Finding, Subject

_SHORTEST = 32  # bytes
_LONGEST = 4096  # bytes


def kept_secret(path: Path) -> bytes:
    """At least 32 bytes, the same for all who ask, whoever of them comes first.

    Whatever was hashed or signed with the secret is void without it, so it belongs into every backup. Raises
    ValueError for a file that is not fit to hold a secret, and OSError for one that cannot be read or made.
    """
    if not path.exists():
        _make(path)
    return _read(path)


def diagnose_kept_secret(subject: Subject, path: Path) -> Finding:
    """Makes none where there is none."""
    try:
        if not path.exists():
            return subject.ok(f"{path.name} is made at the first start, in {path.parent}")
        _read(path)
    except ValueError as error:
        found, _, remedy = str(error).partition(": ")
        return subject.error(found, remedy)
    except OSError as error:
        remedy = "let the service's user read it, and nobody else (chown, chmod 600)"
        return subject.error(f"{path} cannot be read: {error.strerror}", remedy)
    return subject.ok(f"{path.name} is kept in {path.parent}, for this user alone")


def _make(path: Path) -> None:
    """Another process may do the same: ``link`` lets one of them win, and only with a file that is complete."""
    # One by one: those above the last would be open to all.
    for folder in reversed([one for one in (path.parent, *path.parent.parents) if not one.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        _write(temporary, secrets.token_hex(32).encode())  # in ASCII, so that an editor or a shell can carry it
        path.hardlink_to(temporary)
        sync_names(path.parent)
    except FileExistsError:
        pass  # the other one won
    finally:
        temporary.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise ValueError(f"{path} holds a secret that others may read: change it to mode 600 (chmod 600)")
        content = file.read(_LONGEST + 1).strip()  # whoever restored it may have added a line end
    if not _SHORTEST <= len(content) <= _LONGEST:
        raise ValueError(
            f"{path} must hold a secret of {_SHORTEST} to {_LONGEST} bytes: restore it from a backup, or remove it to "
            "have a new one made, which voids all that was hashed or signed with the old one"
        )
    return content
