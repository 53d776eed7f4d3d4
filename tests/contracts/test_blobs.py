"""What every blob store promises (ports/blobs.py)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from imgsvc.domain.errors import BlobNotFound, InvalidInput

MALFORMED = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "./a",
    "a/./b",
    "a/.",
    "../a",
    "a/../b",
    "a/..",
    "a..b",
    "a b",
    "a\\b",
    "a\0b",
    "a\n",
    "a+",
    "a%2e",
    "a:b",
    "é",
    "\N{FULLWIDTH DIGIT ONE}",
    "\ud800",
    "a" * 1000,
    "a/" * 600 + "a",
]


def shown(key):
    """For the name of a test."""
    return ascii(key)[:30]


class FailingStream(BytesIO):
    """Gives all it has, and then fails instead of ending."""

    def read(self, size=-1):
        chunk = super().read(size)
        if size < 0 or not chunk:
            raise InvalidInput("the upload ended early")
        return chunk


def test_get_returns_what_was_put(blobs):
    blobs.put("a/b.png", b"content", "image/png")

    assert blobs.get("a/b.png") == b"content"


def test_put_replaces_what_the_key_held(blobs):
    blobs.put("a/b.png", b"a longer old content", "image/png")
    blobs.put("a/b.png", b"new", "image/png")

    assert blobs.get("a/b.png") == b"new"


def test_nothing_at_all_can_be_stored(blobs):
    blobs.put("empty", b"", "image/png")

    with blobs.open("empty") as stream:
        assert (stream.read(), stream.seek(0, 2)) == (b"", 0)
    assert blobs.get("empty") == b""
    assert [blob.byte_count for blob in blobs.list("empty")] == [0]


def test_a_stream_is_stored_from_where_it_stands_to_its_end(blobs):
    content = bytes(range(256)) * 20_000
    stream = BytesIO(b"head" + content)
    stream.seek(4)

    blobs.put("a", stream, "image/png")

    assert blobs.get("a") == content


def test_put_leaves_the_stream_open(blobs):
    stream = BytesIO(b"content")

    blobs.put("a", stream, "image/png")

    assert not stream.closed


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_put_whose_stream_fails_changes_nothing(blobs, before):
    if before is not None:
        blobs.put("a/b", before, "image/png")

    with pytest.raises(InvalidInput, match="ended early"):
        blobs.put("a/b", FailingStream(b"x" * 3_000_000), "image/png")

    assert [blob.key for blob in blobs.list()] == ([] if before is None else ["a/b"])
    if before is not None:
        assert blobs.get("a/b") == before


@pytest.mark.parametrize("read", ["get", "open"])
@pytest.mark.parametrize("key", ["a", "a/b", "a/b/c", "other"])
def test_a_key_that_holds_nothing_is_not_found(blobs, read, key):
    blobs.put("a/b/c/d", b"content", "image/png")

    with pytest.raises(BlobNotFound):
        getattr(blobs, read)(key)


def test_open_gives_a_stream_that_can_seek(blobs):
    blobs.put("a", b"0123456789", "image/png")

    with blobs.open("a") as stream:
        stream.seek(-3, 2)
        end = stream.read()
        stream.seek(2)
        middle = stream.read(4)

    assert (end, middle) == (b"789", b"2345")


def test_delete_removes_what_the_key_holds_and_nothing_else(blobs):
    blobs.put("a/b", b"gone", "image/png")
    blobs.put("a/bc", b"stays", "image/png")

    blobs.delete("a/b")

    assert [blob.key for blob in blobs.list()] == ["a/bc"]
    with pytest.raises(BlobNotFound):
        blobs.get("a/b")


@pytest.mark.parametrize("key", ["a", "a/b", "a/b/c", "other/one"])
def test_delete_of_nothing_is_fine(blobs, key):
    blobs.put("a/b/c/d", b"stays", "image/png")

    blobs.delete(key)
    blobs.delete(key)

    assert blobs.get("a/b/c/d") == b"stays"


def test_a_deleted_key_can_be_put_again(blobs):
    blobs.put("a/b", b"old", "image/png")
    blobs.delete("a/b")
    blobs.put("a/b", b"new", "image/png")

    assert blobs.get("a/b") == b"new"


def test_a_key_may_begin_with_another_key(blobs):
    keys = {"a", "a/b", "a/b/c", "a.b", "ab"}
    for key in keys:
        blobs.put(key, key.encode(), "image/png")

    assert {blob.key for blob in blobs.list()} == keys
    assert all(blobs.get(key) == key.encode() for key in keys)


@pytest.mark.parametrize(
    "key", ["0", "A/z", "-", "_.-", ".hidden", "a.", "originals/" + "f" * 200, "/".join("ab" * 50)]
)
def test_every_well_formed_key_works(blobs, key):
    blobs.put(key, b"content", "image/png")

    assert blobs.get(key) == b"content"
    assert [blob.key for blob in blobs.list(key)] == [key]


@pytest.mark.parametrize("key", MALFORMED, ids=shown)
def test_a_malformed_key_is_a_value_error(blobs, key):
    calls = [lambda: blobs.put(key, b"", "image/png"), lambda: blobs.get(key), lambda: blobs.open(key)]

    for call in [*calls, lambda: blobs.delete(key)]:
        with pytest.raises(ValueError, match="key"):
            call()
    assert list(blobs.list()) == []


def test_list_tells_size_and_time(blobs):
    blobs.put("a/b", b"12345", "image/png")

    (blob,) = blobs.list()

    assert (blob.key, blob.byte_count) == ("a/b", 5)
    assert abs(datetime.now(UTC) - blob.modified_at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", {"a/b", "a/c/d", "ab", "b"}),
        ("a", {"a/b", "a/c/d", "ab"}),
        ("a/", {"a/b", "a/c/d"}),
        ("a/c", {"a/c/d"}),
        ("a/c/", {"a/c/d"}),
        ("a/c/d", {"a/c/d"}),
        ("a/c/d/", set()),
        ("c", set()),
    ],
)
def test_list_gives_the_keys_that_start_with_the_prefix(blobs, prefix, found):
    for key in ("a/b", "a/c/d", "ab", "b"):
        blobs.put(key, b"", "image/png")

    assert {blob.key for blob in blobs.list(prefix)} == found


@pytest.mark.parametrize("prefix", ["/", "..", "../", "a/../", "a//", "é", "a/\0/", "\ud800/", "a/" * 5000], ids=shown)
def test_no_key_starts_with_a_malformed_prefix(blobs, prefix):
    blobs.put("a/b", b"", "image/png")

    assert list(blobs.list(prefix)) == []


def test_a_listing_lives_through_changes(blobs):
    for number in range(50):
        blobs.put(f"{number % 5}/{number}", b"", "image/png")

    listed = []
    for blob in blobs.list():
        listed.append(blob.key)
        for number in range(50):
            blobs.delete(f"{number % 5}/{number}")
        blobs.put("new/one", b"", "image/png")

    assert {blob.key for blob in blobs.list()} == {"new/one"}
    assert len(listed) == len(set(listed))


def test_threads_that_write_one_key_leave_one_whole_content(blobs):
    contents = [bytes([number]) * 200_000 for number in range(8)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda content: blobs.put("a/b", BytesIO(content), "image/png"), contents))

    assert blobs.get("a/b") in contents


def test_neighbours_that_come_and_go_do_not_disturb_each_other(blobs):
    def come_and_go(name):
        for number in range(100):
            key = f"deep/folder/{name}"
            blobs.put(key, f"{name}{number}".encode(), "image/png")
            assert blobs.get(key) == f"{name}{number}".encode()
            blobs.delete(key)

    # For its sake the folder stays: that a server of objects keeps in one is no business of its clients.
    blobs.put("deep/folder/stays", b"", "image/png")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, "abcd"))

    assert [blob.key for blob in blobs.list()] == ["deep/folder/stays"]


def test_a_store_that_can_keep_blobs_says_so(blobs):
    blobs.check()
