"""A new database of the embedded service, without the tenth of a second that it takes to make one."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from imgsvc.adapters.repositories import migrate


def put_new_database(file: Path) -> str:
    """The URL of an empty database that a test may write to, in a file that is not there yet."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(_migrated())
    return f"sqlite:///{file}"


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "imgsvc.sqlite3"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()
