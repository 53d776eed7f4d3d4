"""What is right and wrong with the data folder, as a folder of this machine."""

from collections.abc import Iterator
from pathlib import Path

from imgsvc.adapters.common.folders import examine_room, may_use, nearest_folder
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("data folder")


def diagnose_data_folder(folder: Path, *, is_used: bool) -> Iterator[Finding]:
    """What is in it is looked at by whoever keeps it there."""
    if not is_used:
        yield _SUBJECT.ok("nothing is kept in it: everything else is elsewhere")
        return
    nearest = nearest_folder(folder)
    if not nearest.is_dir():
        yield _SUBJECT.error(f"{nearest} is no folder", "remove it, or correct IMGSVC_DATA_DIR")
        return
    if not may_use(nearest):
        yield _SUBJECT.error(
            f"{nearest} cannot be written by this user", "change its owner or mode, or IMGSVC_DATA_DIR"
        )
        return
    yield _SUBJECT.ok(f"{folder} can be written" if nearest == folder else f"{folder} is made at the first start")
    if nearest == folder and _is_open_to_all(folder):
        yield _SUBJECT.warning(f"{folder} can be read by every user of this machine", f"chmod o-rwx {folder}")
    yield examine_room(_SUBJECT, nearest)


def _is_open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o007)
