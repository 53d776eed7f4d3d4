"""Pictures in files: a child is given the open file and reads it itself, if it is the right one."""

import hashlib
import os
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO, FileIO, UnsupportedOperation
from pathlib import Path

import pytest

from imgsvc.adapters.imaging.children import ChildProcessEngine
from imgsvc.domain.errors import InvalidParameter, RenderingCrashed, RenderingTimedOut
from imgsvc.domain.notation import parse
from tests.adapters.misbehaving import PICTURE, MisbehavingEngine, asking_for, told
from tests.pictures import encoded, solid

SPEC = parse("w:10,f:png")
MADE = MisbehavingEngine().render(BytesIO(PICTURE), SPEC)
OTHER = encoded(solid((9, 9, 9)))


class Watched(FileIO):
    """Knows whether anybody has read it here."""

    was_read = False

    def read(self, *size):
        self.was_read = True
        return super().read(*size)

    readall = read


@contextmanager
def in_children(seconds=20.0, slots=1):
    deadline, wait = timedelta(seconds=seconds), timedelta(seconds=20)
    engine = ChildProcessEngine(
        MisbehavingEngine(), slots=slots, queue=5, wait=wait, deadline=deadline, memory=2**30, calls_per_child=5000
    )
    with engine.running():
        yield engine


@pytest.fixture(scope="module")
def engine():
    with in_children() as engine:
        yield engine


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(PICTURE)
    return path


def render(engine, source, content=PICTURE):
    """As a picture whose digest is that of the content."""
    return engine.render(source, SPEC, digest=hashlib.sha256(content).hexdigest())


def ask(engine, what, path):
    path.write_bytes(asking_for(what).getvalue())
    with Watched(path) as source, pytest.raises(InvalidParameter) as answer:
        render(engine, source, path.read_bytes())
    return told(answer.value)


def open_files():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def test_a_file_is_read_by_the_child_alone(engine, path):
    with Watched(path) as source:
        assert render(engine, source) == MADE
        assert not source.was_read


def test_where_the_file_is_read_at_plays_no_part_and_stays(engine, path):
    with Watched(path) as source:
        source.seek(7)

        assert render(engine, source) == MADE
        assert (source.was_read, source.tell()) == (False, 7)


def test_without_a_digest_nobody_can_tell_whether_it_is_the_right_file(engine, path):
    with Watched(path) as source:
        assert engine.render(source, SPEC) == MADE
        assert source.was_read


def test_a_source_without_a_file_is_sent(engine):
    with pytest.raises(UnsupportedOperation):
        BytesIO().fileno()

    assert render(engine, BytesIO(PICTURE)) == MADE


@pytest.mark.parametrize("happens", [Path.unlink, lambda path: path.with_name("new").replace(path)])
def test_a_file_that_was_deleted_or_replaced_is_what_it_was_when_it_was_opened(engine, path, happens):
    path.with_name("new").write_bytes(OTHER)
    with Watched(path) as source:
        happens(path)

        assert render(engine, source) == MADE
        assert not source.was_read


@pytest.mark.parametrize(
    "content",
    [PICTURE[:-1], PICTURE + b"more", PICTURE[:-1] + b"x", OTHER, b""],
    ids=["cut off", "longer", "changed", "another", "empty"],
)
def test_of_a_file_with_other_bytes_the_stream_is_asked_what_they_are(engine, path, content):
    class Told(Exception):
        pass

    class Comparing(Watched):
        def read(self, *_):
            raise Told

    path.write_bytes(content)
    with Comparing(path) as source, pytest.raises(Told):
        render(engine, source)
    assert render(engine, BytesIO(PICTURE)) == MADE


def test_of_a_stream_that_is_no_copy_of_its_file_the_stream_counts(engine, path):
    class Unpacked(BytesIO):
        def fileno(self):
            return file.fileno()

    with path.open("rb") as file:
        assert render(engine, Unpacked(OTHER), OTHER) == MisbehavingEngine().render(BytesIO(OTHER), SPEC)


def test_what_cannot_be_read_at_a_place_is_sent(engine):
    class Piped(BytesIO):
        def fileno(self):
            return reading

    reading, writing = os.pipe()
    try:
        assert render(engine, Piped(PICTURE)) == MADE
    finally:
        os.close(reading)
        os.close(writing)


def test_a_child_has_the_file_no_longer_than_it_takes_to_read(engine, path):
    assert ask(engine, "tell_files", path) == "[0, 1, 2, 3]"


def test_a_thousand_files_leave_none_open_here_or_in_the_child(engine, path):
    class Unlike(BytesIO):
        def fileno(self):
            return other.fileno()

    path.with_name("other").write_bytes(OTHER)
    with Watched(path) as source, path.with_name("other").open("rb") as other:
        before = open_files()
        for number in range(1000):
            # Every tenth is not what it is said to be, which the child finds out, and is sent.
            assert render(engine, source if number % 10 else Unlike(PICTURE), PICTURE)

        assert open_files() == before
    assert ask(engine, "tell_files", path) == "[0, 1, 2, 3]"


@pytest.mark.parametrize(("what", "error"), [("segfault", RenderingCrashed), ("hang_in_c", RenderingTimedOut)])
def test_a_child_that_ends_over_a_file_leaves_it_as_it_was(path, what, error):
    path.write_bytes(asking_for(what).getvalue())
    with in_children(seconds=2.0) as engine, Watched(path) as source:
        with pytest.raises(error):
            render(engine, source, path.read_bytes())

        assert source.read() == path.read_bytes()
        assert render(engine, BytesIO(PICTURE)) == MADE
