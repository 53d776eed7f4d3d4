"""What only blobs in files can get wrong: paths, half-made files, full disks, other processes."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from imgsvc.adapters.blobs import open_blob_store, staging
from imgsvc.adapters.blobs.filesystem import FilesystemBlobs
from imgsvc.domain.errors import BlobNotFound, StorageFull, Unavailable

SLOW_WRITER = """
import sys
from pathlib import Path
from imgsvc.adapters.blobs.filesystem import FilesystemBlobs

class Upload:
    chunks = [b"first", b"second", b""]

    def read(self, size):
        if len(self.chunks) == 2:
            print("the first chunk is written", flush=True)
            sys.stdin.readline()
        return self.chunks.pop(0)

FilesystemBlobs.at(Path(sys.argv[1])).put("a/slow", Upload(), "image/png")
"""

LIMITED_WRITER = """
import resource, sys
from pathlib import Path
from imgsvc.adapters.blobs.filesystem import FilesystemBlobs
from imgsvc.domain.errors import StorageFull

blobs = FilesystemBlobs.at(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    blobs.put("a/b", b"x" * 150_000, "image/png")
except StorageFull as error:
    print(error.code)
"""


class BrokenStream(BytesIO):
    """Fails like a disk or a network would, after a first chunk."""

    def __init__(self, number):
        super().__init__(b"x" * 100)
        self.number = number

    def read(self, size=-1):
        if chunk := super().read(size):
            return chunk
        raise OSError(self.number, os.strerror(self.number), "/secret/path")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


@pytest.fixture
def blobs(root):
    return FilesystemBlobs.at(root)


@contextmanager
def slow_writer(root):
    """A process in the middle of a put; it goes on when it gets a line."""
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "the first chunk is written\n"
        try:
            yield writer
        finally:
            writer.kill()


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_folder_is_made_for_our_eyes_only(root):
    FilesystemBlobs.at(root / "deep")

    assert (root / "deep").stat().st_mode & 0o777 == 0o700


def test_what_was_put_is_there_after_a_restart(root):
    with open_blob_store(f"file://{root}") as store:
        store.put("a/b", b"content", "image/png")

    with open_blob_store(f"file://{root}") as store:
        assert store.get("a/b") == b"content"


def test_neighbours_that_come_and_go_do_not_take_each_others_folder_away(root):
    blobs = FilesystemBlobs.at(root)

    def come_and_go(name):
        for number in range(100):
            blobs.put(f"deep/folder/{name}", f"{number}".encode(), "image/png")
            assert blobs.get(f"deep/folder/{name}") == f"{number}".encode()
            blobs.delete(f"deep/folder/{name}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, "abcd"))

    assert list((root / "blobs").iterdir()) == []


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "a b#c?d%20é"

    with open_blob_store(folder.as_uri()) as store:
        store.put("a", b"content", "image/png")

    assert (folder / "blobs").is_dir()


@pytest.mark.parametrize(
    "url",
    [
        "file:relative",
        "file://host/folder",
        "file:",
        "file:///a#b",
        "file:///a%00b",
        "memory:x",
        "memory://x",
        "memory:#x",
    ],
)
def test_a_url_that_means_nothing_is_refused(url):
    with pytest.raises(ValueError, match="a blob store"), open_blob_store(url):
        pass


@pytest.mark.parametrize("url", ["ftp://name:password@host/", "/folder", "", "s4://x"])
def test_an_unknown_scheme_is_named_with_the_known_ones(url):
    with (
        pytest.raises(ValueError, match=r"scheme '(ftp|s4|)'.*file:, s3: and") as refused,
        open_blob_store(url),
    ):
        pass

    assert "password" not in str(refused.value)


@pytest.mark.parametrize("url", ["file:///tmp/x?sync=no", "memory:?sync=no", "memory:?sync"])
def test_an_unknown_option_is_named(url):
    with pytest.raises(ValueError, match="option 'sync'"), open_blob_store(url):
        pass


@pytest.mark.parametrize("key", ["../outside", "a/../../outside", "/etc/passwd", "..", "a/.."])
def test_no_key_leads_out_of_the_folder(root, blobs, key):
    (root / "outside+").write_bytes(b"not ours")

    with pytest.raises(ValueError, match="malformed"):
        blobs.get(key)
    with pytest.raises(ValueError, match="malformed"):
        blobs.put(key, b"", "image/png")
    with pytest.raises(ValueError, match="malformed"):
        blobs.delete(key)


def test_no_listing_leads_out_of_the_folder(root, blobs):
    (root / "outside+").write_bytes(b"not ours")
    (root / "blobs" / "link").symlink_to(root.parent)

    assert list(blobs.list("../")) == []
    assert list(blobs.list()) == []


def test_files_of_others_are_not_listed(root, blobs):
    blobs.put("a/b", b"ours", "image/png")
    (root / "blobs" / "lost+found").mkdir()
    for name in (".DS_Store", "a/.nfs000+x", "a/b~", "not a key+"):
        (root / "blobs" / name).write_bytes(b"not ours")

    assert [blob.key for blob in blobs.list()] == ["a/b"]


def test_delete_removes_the_folders_it_empties(root, blobs):
    for key in ("a/b/c", "a/d"):
        blobs.put(key, b"", "image/png")

    blobs.delete("a/b/c")
    after_one = sorted(path.name for path in (root / "blobs").rglob("*"))
    blobs.delete("a/d")

    assert after_one == ["a", "d+"]
    assert list((root / "blobs").iterdir()) == []


def test_a_stream_goes_on_with_what_it_opened(blobs):
    blobs.put("a", b"old", "image/png")

    with blobs.open("a") as stream:
        blobs.put("a", b"new", "image/png")
        blobs.delete("a")
        content = stream.read()

    assert content == b"old"


def test_a_put_is_seen_whole_or_not_at_all(root, blobs):
    blobs.put("a/slow", b"old", "image/png")

    with slow_writer(root) as writer:
        meanwhile = blobs.get("a/slow"), [blob.byte_count for blob in blobs.list()]
        writer.communicate("go on\n")

    assert meanwhile == (b"old", [3])
    assert writer.returncode == 0
    assert blobs.get("a/slow") == b"firstsecond"
    assert files_below(root) == ["blobs/a/slow+"]


def test_opening_leaves_the_file_of_a_living_writer_and_removes_that_of_a_dead_one(root):
    with slow_writer(root) as writer:
        FilesystemBlobs.at(root)
        while_alive = files_below(root / ".staging")
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        when_dead = files_below(root / ".staging")
        store = FilesystemBlobs.at(root)

    assert len(while_alive) == 1
    assert when_dead == while_alive
    assert files_below(root) == []
    with pytest.raises(BlobNotFound):
        store.get("a/slow")


def test_a_writer_whose_file_was_swept_before_its_lock_makes_another(root, blobs, monkeypatch):
    lock = fcntl.flock
    swept = []

    def sweep_before_the_first_lock(file, flags):
        if not swept:
            swept.append(files_below(root / ".staging"))
            staging.sweep(root / ".staging")
        lock(file, flags)

    monkeypatch.setattr(fcntl, "flock", sweep_before_the_first_lock)
    blobs.put("a", b"content", "image/png")

    assert len(swept[0]) == 1
    assert blobs.get("a") == b"content"
    assert files_below(root) == ["blobs/a+"]


def test_a_sweep_leaves_what_is_not_ours(root, blobs):
    (root / ".staging" / "notes.txt").write_text("not ours")
    (root / ".staging" / "folder.part").mkdir()

    FilesystemBlobs.at(root)

    assert sorted(path.name for path in (root / ".staging").iterdir()) == ["folder.part", "notes.txt"]


def test_a_full_disk_leaves_the_old_content_and_nothing_else(root, blobs):
    blobs.put("a/b", b"old", "image/png")

    said = subprocess.run([sys.executable, "-c", LIMITED_WRITER, root], capture_output=True, text=True, check=True)

    assert said.stdout == "storage_full\n"
    assert blobs.get("a/b") == b"old"
    assert files_below(root) == ["blobs/a/b+"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_way_of_being_full_is_storage_full(root, blobs, number):
    with pytest.raises(StorageFull) as failed:
        blobs.put("a/b", BrokenStream(number), "image/png")

    assert "/" not in failed.value.detail
    assert files_below(root) == []


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EROFS, errno.ESTALE, errno.EMFILE])
def test_every_other_failure_is_unavailable(root, blobs, number):
    with pytest.raises(Unavailable) as failed:
        blobs.put("a/b", BrokenStream(number), "image/png")

    assert type(failed.value) is Unavailable
    assert "/" not in failed.value.detail
    assert files_below(root) == []


def test_a_put_that_cannot_be_moved_into_place_leaves_nothing(root, blobs, monkeypatch):
    def full(self, target):
        error = errno.ENOSPC if target.parent.is_dir() else errno.ENOENT
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(StorageFull):
        blobs.put("deep/folder/a", b"content", "image/png")

    assert list((root / "blobs").iterdir()) == []
    assert list((root / ".staging").iterdir()) == []


def test_an_interrupt_leaves_nothing(root, blobs):
    class Interrupted:
        def read(self, size):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blobs.put("a", Interrupted(), "image/png")

    assert files_below(root) == []


def test_content_is_on_the_disk_before_its_name_and_its_name_before_put_returns(root, blobs, monkeypatch):
    steps = []
    sync, replace = os.fsync, os.replace

    def noted_sync(descriptor):
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(root).as_posix())
        sync(descriptor)

    def noted_replace(source, target):
        replace(source, target)
        steps.append("rename")

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_replace)
    blobs.put("a/b/c", b"content", "image/png")

    assert steps[0].startswith(".staging/")
    assert steps[1:] == ["rename", "blobs/a/b", "blobs/a", "blobs"]


def test_what_can_be_made_again_does_not_wait_for_the_disk(blobs, monkeypatch):
    def no_sync(descriptor):
        raise AssertionError("the disk was waited for")

    monkeypatch.setattr(os, "fsync", no_sync)
    blobs.put("a/b/c", b"content", "image/png", durable=False)

    assert blobs.get("a/b/c") == b"content"


def test_a_stream_is_never_whole_in_memory(blobs):
    class Endless:
        left = 40
        largest = 0

        def read(self, size):
            self.largest = max(self.largest, size)
            self.left -= 1
            return bytes(size) if self.left >= 0 else b""

    stream = Endless()
    blobs.put("a", stream, "image/png")

    assert 0 < stream.largest <= 2 * 1024 * 1024
    assert next(blobs.list()).byte_count == 40 * stream.largest


@pytest.mark.parametrize("name", ["", "blobs", ".staging"])
def test_a_folder_that_cannot_be_made_is_unavailable(root, name):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"a file is in the way")

    with pytest.raises(Unavailable) as failed:
        FilesystemBlobs.at(root)

    assert "/" not in failed.value.detail


def test_a_storage_that_went_away_is_unavailable_for_writing(root, blobs):
    blobs.put("a/b", b"content", "image/png")
    root.rename(root.with_name("elsewhere"))

    with pytest.raises(Unavailable):
        blobs.put("a/b", b"content", "image/png")
    assert not root.exists()


def test_a_file_in_the_way_of_a_folder_is_unavailable(root, blobs):
    (root / "blobs" / "a").write_bytes(b"not ours")

    for call in (lambda: blobs.put("a/b", b"", "image/png"), lambda: blobs.get("a/b"), lambda: blobs.delete("a/b")):
        with pytest.raises(Unavailable):
            call()
    assert files_below(root) == ["blobs/a"]


def test_a_store_whose_folder_is_gone_says_so(tmp_path):
    store = FilesystemBlobs.at(tmp_path / "blobs")
    shutil.rmtree(tmp_path / "blobs")

    with pytest.raises(Unavailable):
        store.check()
