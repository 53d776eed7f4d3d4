"""A disk that is full, under blobs, temporary files and SQLite at once: F29."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.entrypoints.commands import environment
from tests.pictures import encoded, quadrants, textured
from tests.system.faults.processes import greeting_of, started
from tests.system.faults.record import Record, Somebody, register

PICTURE = encoded(quadrants(40, 20))
LARGE = encoded(textured(1000, 800), "bmp")  # of 2.4 MB
SIZE = 12 * 2**20


def on_a_disk_of_its_own(folder):
    """What begins a command that sees a small, empty disk at the folder, and nobody else does."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare: install the package util-linux")
    inside = f'mount -t tmpfs -o size={SIZE} tmpfs {folder} && mkdir {folder}/tmp && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", inside, "sh"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("a user who is not root may mount nothing here, not even for himself")
    return command


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.fixture
def api(disk, tmp_path):
    """An embedded service, all of which is on the disk."""
    given = environment(DATA_DIR=str(disk / "data"), PASSWORD_COST="4", RENDER_SLOTS="1", RENDER_IN="process")
    given["TMPDIR"] = str(disk / "tmp")
    command = ["serve", "--port", "0"]
    within = on_a_disk_of_its_own(disk)
    with started(command, given, tmp_path / "log", makes_jobs=True, within=within) as api:
        api.address = greeting_of(api).split()[-1]
        yield api
        assert api.stop() == 0


@pytest.fixture
def record():
    return Record()


@pytest.fixture
def somebody(api, record):
    with record.client(api.address) as anyone:
        name, token = register(anyone)
    with record.client(api.address, token) as client:
        yield Somebody(client, token, name)


@contextmanager
def filled(api, disk, but):
    """Up to so many bytes that stay free."""
    seen = Path(f"/proc/{api.process.pid}/root{disk}/filler")
    with seen.open("wb", buffering=0) as filler:
        free = os.statvfs(seen)
        filler.write(bytes(max(0, free.f_bavail * free.f_frsize - but)))
    try:
        yield
    finally:
        seen.unlink()


def refusal(answer):
    return answer.status_code, answer.json()["code"], answer.headers.get("Retry-After")


FULL = (507, "storage_full", "2")


def test_on_a_full_disk_nothing_is_written_and_everything_read(api, disk, somebody, tmp_path):
    kept = somebody.upload(LARGE)  # through a temporary file
    somebody.client.get(f"/v1/images/{kept}/content?t=w:20").raise_for_status()
    with filled(api, disk, but=0):
        writes = {
            "a small upload": somebody.try_to_upload(PICTURE),
            "a large upload": somebody.try_to_upload(LARGE),
            "a rendering": somebody.client.get(f"/v1/images/{kept}/content?t=w:30"),
            "a job": somebody.try_to_order(kept),
        }
        reads = [
            somebody.client.get(path).status_code
            for path in ("/v1/images", f"/v1/images/{kept}/content", f"/v1/images/{kept}/content?t=w:20", "/v1/me")
        ]

    assert {name: refusal(answer) for name, answer in writes.items()} == dict.fromkeys(writes, FULL)
    assert reads == [200] * 4
    assert [one["id"] for one in somebody.client.get("/v1/images").json()["items"]] == [kept]
    assert somebody.upload(PICTURE)
    assert somebody.ended(somebody.order(kept))["status"] == "ready"
    assert is_whole(api, disk, tmp_path)


def test_an_upload_that_just_does_not_fit_leaves_nothing(api, disk, somebody):
    somebody.upload(PICTURE)
    with filled(api, disk, but=3 * 2**20):  # enough for the form, and not for what is kept of it
        answer = somebody.try_to_upload(LARGE)

    assert refusal(answer) == FULL
    assert somebody.client.get("/v1/images").json()["total"] == 1
    assert not list(Path(f"/proc/{api.process.pid}/root{disk}/data/.staging").iterdir())


def is_whole(api, disk, folder):
    """Whether SQLite finds nothing wrong in a copy of the database, to which nobody writes just now."""
    for file in Path(f"/proc/{api.process.pid}/root{disk}/data").glob("imgsvc.sqlite3*"):
        shutil.copy(file, folder)
    with closing(sqlite3.connect(folder / "imgsvc.sqlite3")) as database:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
