"""What the blob store on S3 makes of what it is given: types, memory, and streams that are not what they say."""

import os
import tracemalloc
from io import BytesIO
from tempfile import TemporaryFile

import pytest

from imgsvc.adapters.blobs import open_blob_store
from imgsvc.domain.errors import InvalidInput
from tests.real_servers.s3 import client_of, new_bucket

MIB = 1024 * 1024


@pytest.fixture
def url(own_s3):
    with new_bucket(own_s3.url) as bucket:
        yield bucket


@pytest.fixture
def blobs(url):
    with open_blob_store(f"{url}&timeout=1") as store:
        yield store


class Longer(BytesIO):
    """Holds more than it says."""

    def seek(self, offset, whence=os.SEEK_SET):
        return super().seek(offset, whence) - (1 if whence == os.SEEK_END else 0)


class FailingAtItsEnd(BytesIO):
    def read(self, size=-1):
        chunk = super().read(size)
        if not chunk:
            raise InvalidInput("the upload ended early")
        return chunk


class Unseekable:
    """Gives what it holds in short pieces."""

    def __init__(self, content):
        self._content = BytesIO(content)

    def read(self, size):
        return self._content.read(min(size, 100_000))


@pytest.mark.parametrize(
    "content", [b"x", BytesIO(b"x"), BytesIO(b"x" * 11 * MIB)], ids=["bytes", "stream", "in parts"]
)
def test_the_server_is_told_the_media_type(url, blobs, content):
    blobs.put("a", content, "image/avif")

    assert client_of(url).stat_object(blobs.bucket, "a+").content_type == "image/avif"


def test_a_file_of_20_mib_is_stored_in_12_mib_of_memory(blobs):
    with TemporaryFile() as file:
        file.truncate(20 * MIB)
        blobs.put("warm", b"", "image/png")
        tracemalloc.start()
        try:
            blobs.put("a", file, "image/png")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert {blob.byte_count for blob in blobs.list("a")} == {20 * MIB}
    assert peak < 12 * MIB


@pytest.mark.parametrize("byte_count", [0, 1, 11 * MIB])
def test_a_stream_that_cannot_seek_is_stored_to_its_end(blobs, byte_count):
    blobs.put("a", Unseekable(b"x" * byte_count), "image/png")

    assert blobs.get("a") == b"x" * byte_count


@pytest.mark.parametrize("byte_count", [0, 1, 5 * MIB, 11 * MIB])
def test_a_stream_that_fails_instead_of_ending_leaves_nothing(blobs, byte_count):
    with pytest.raises(InvalidInput, match="ended early"):
        blobs.put("a", FailingAtItsEnd(b"x" * byte_count), "image/png")

    assert list(blobs.list()) == []


@pytest.mark.parametrize("byte_count", [2, 11 * MIB])
def test_a_stream_that_is_longer_than_it_says_is_not_cut(blobs, byte_count):
    with pytest.raises(OSError, match="longer than it said"):
        blobs.put("a", Longer(b"x" * byte_count), "image/png")

    assert list(blobs.list()) == []


def test_a_stream_that_stands_at_its_end_is_nothing(blobs):
    stream = BytesIO(b"content")
    stream.seek(7)

    blobs.put("a", stream, "image/png")

    assert blobs.get("a") == b""
