"""What is right and wrong with a folder that is to keep our blobs."""

from collections.abc import Iterator
from pathlib import Path

from imgsvc.adapters.common.folders import examine_room, is_seen, may_use, nearest_folder
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("blobs")


def diagnose_folder(root: Path) -> Iterator[Finding]:
    """Changes nothing, and makes no folder."""
    folders = [one for one in (root / "blobs", root / ".staging") if is_seen(one)] or [nearest_folder(root)]
    for folder in folders:
        if not folder.is_dir():
            yield _SUBJECT.error(f"{folder} is no folder", "remove it, or correct IMGSVC_BLOBS_URL")
            return
        if not may_use(folder):
            yield _SUBJECT.error(f"{folder} cannot be written by this user", "change its owner or its mode")
            return
    if is_seen(root):
        yield _SUBJECT.ok(f"files in {root} can be written")
    else:
        yield _SUBJECT.ok(f"files: {root} is made at the first start")
    yield examine_room(_SUBJECT, folders[0])
