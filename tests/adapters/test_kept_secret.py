"""A secret is made once, whole, for everybody, and for nobody else to read."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from imgsvc.adapters.credentials import open_password_hasher, open_token_issuer
from imgsvc.adapters.credentials.kept_secret import kept_secret
from tests.clocks import StoppedClock

READER = """
import sys
from pathlib import Path
from imgsvc.adapters.credentials.kept_secret import kept_secret

print("ready", flush=True)
sys.stdin.readline()
print(kept_secret(Path(sys.argv[1])).decode())
"""


def write_secret(path, content, mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_first_makes_it_and_all_others_read_it(tmp_path):
    made = kept_secret(tmp_path / "folder" / "secret")

    assert len(made) >= 32
    assert kept_secret(tmp_path / "folder" / "secret") == made


def test_no_two_are_equal(tmp_path):
    assert kept_secret(tmp_path / "one") != kept_secret(tmp_path / "two")


def test_only_we_may_read_it(tmp_path):
    kept_secret(tmp_path / "folder" / "secret")

    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "folder" / "secret").stat().st_mode & 0o777 == 0o600


def test_nothing_else_is_left_in_the_folder(tmp_path):
    kept_secret(tmp_path / "folder" / "secret")
    kept_secret(tmp_path / "folder" / "secret")

    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["secret"]


def test_threads_that_start_at_once_have_the_same_secret(tmp_path):
    begin = Barrier(8)

    def read(number):
        begin.wait(timeout=10)
        return kept_secret(tmp_path / f"round{number}" / "secret")

    with ThreadPoolExecutor(8) as threads:
        rounds = [set(threads.map(read, [number] * 8)) for number in range(50)]

    assert all(len(found) == 1 for found in rounds)
    assert all(len(list(folder.iterdir())) == 1 for folder in tmp_path.iterdir())


def test_processes_that_start_at_once_have_the_same_secret(tmp_path):
    command = [sys.executable, "-c", READER, tmp_path / "folder" / "secret"]
    readers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(3)
    ]
    assert [reader.stdout.readline() for reader in readers] == ["ready\n"] * 3
    for reader in readers:
        reader.stdin.write("go\n")
    found = [reader.communicate()[0] for reader in readers]

    assert len(found[0]) > 32
    assert set(found) == {found[0]}


def test_a_secret_that_is_half_written_is_never_seen(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            kept_secret(tmp_path / "secret")

    assert list(tmp_path.iterdir()) == []
    assert len(kept_secret(tmp_path / "secret")) >= 32


def test_a_secret_that_an_operator_wrote_is_taken_without_its_line_end(tmp_path):
    path = write_secret(tmp_path / "secret", b"the operator's own secret, long enough\r\n")

    assert kept_secret(path) == b"the operator's own secret, long enough"


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 31 + b"\n" * 50, b"x" * 5000])
def test_a_file_of_the_wrong_length_is_refused_and_kept(tmp_path, content):
    path = write_secret(tmp_path / "secret", content)

    with pytest.raises(ValueError, match="restore it from a backup, or remove it") as refused:
        kept_secret(path)

    assert str(path) in str(refused.value)
    assert "xxx" not in str(refused.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path, mode):
    path = write_secret(tmp_path / "secret", b"x" * 40, mode)

    with pytest.raises(ValueError, match="chmod 600") as refused:
        kept_secret(path)

    assert str(path) in str(refused.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_only_we_may_read_is_fine(tmp_path, mode):
    path = write_secret(tmp_path / "secret", b"x" * 40, mode)

    assert kept_secret(path) == b"x" * 40


def test_passwords_and_tokens_have_a_secret_each(tmp_path):
    open_password_hasher(None, tmp_path, cost=4)
    open_token_issuer(None, tmp_path, lifetime=timedelta(hours=1), clock=StoppedClock())
    kept = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}

    assert sorted(kept) == ["password_secret", "token_secret"]
    assert kept["password_secret"] != kept["token_secret"]


def test_no_folder_that_is_made_for_it_is_open_to_others(tmp_path):
    kept_secret(tmp_path / "data" / "secrets" / "one")

    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("data", "data/secrets")} == {0o700}
