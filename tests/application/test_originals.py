"""Originals are given as they were uploaded, or not at all."""

import hashlib
import os

import pytest

from imgsvc.application.originals import open_original
from imgsvc.domain.errors import ImageNotFound, OriginalDamaged, OriginalMissing
from tests.entities import a_user, an_image

SMALL, LARGE = os.urandom(10_000), os.urandom(3_500_000)


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def content(request):
    return request.param


@pytest.fixture
def kept(ports, content):
    owner = a_user()
    image = an_image(owner, byte_count=len(content), sha256=hashlib.sha256(content).hexdigest())
    ports.users.add(owner)
    ports.images.add(image)
    ports.blobs.put(image.blob_key, content, "image/png")
    return image


def spoil(ports, image, content, how):
    changed = bytearray(content)
    match how:
        case "a bit is flipped":
            changed[-1] ^= 1
        case "the end is missing":
            del changed[-1:]
        case "nothing is left":
            changed.clear()
    ports.blobs.put(image.blob_key, bytes(changed), "image/png")


def test_what_was_uploaded_is_given_from_any_place(ports, kept, content):
    with open_original(ports.blobs, ports.images, kept) as stream:
        assert stream.read() == content
        stream.seek(-100, os.SEEK_END)
        assert stream.read() == content[-100:]
        stream.seek(5)
        assert (stream.read(10), stream.tell()) == (content[5:15], 15)


def test_what_was_put_behind_it_is_no_part_of_it(ports, kept, content):
    ports.blobs.put(kept.blob_key, content + b"more", "image/png")

    with open_original(ports.blobs, ports.images, kept) as stream:
        assert stream.read() == content


@pytest.mark.parametrize("how", ["a bit is flipped", "the end is missing", "nothing is left"])
def test_of_other_bytes_the_last_are_never_given(ports, kept, content, how, caplog):
    spoil(ports, kept, content, how)

    given = bytearray()
    with pytest.raises(OriginalDamaged):
        read_all(ports, kept, given)

    assert content.startswith(bytes(given))
    assert len(given) < len(content)
    assert "an original is not as it was uploaded" in caplog.text


def read_all(ports, image, given):
    with open_original(ports.blobs, ports.images, image) as stream:
        while chunk := stream.read(256 * 1024):
            given += chunk


@pytest.mark.parametrize("content", [os.urandom(1_000_000)], ids=["middling"])
@pytest.mark.parametrize("left", [1, 500_000, 999_999])
def test_that_the_end_is_missing_is_told_before_any_byte_is_given(ports, kept, content, left):
    ports.blobs.put(kept.blob_key, content[:left], "image/png")

    with pytest.raises(OriginalDamaged):
        open_original(ports.blobs, ports.images, kept)


@pytest.mark.parametrize("position", [1_500_000, 3_400_000])
@pytest.mark.parametrize("content", [LARGE], ids=["large"])
def test_who_jumps_about_is_given_nothing_of_other_bytes(ports, kept, content, position):
    spoil(ports, kept, content, "a bit is flipped")

    with open_original(ports.blobs, ports.images, kept) as stream:
        stream.seek(position)
        with pytest.raises(OriginalDamaged):
            stream.read(10)


def test_bytes_that_are_lost_are_told_as_such(ports, kept, caplog):
    ports.blobs.delete(kept.blob_key)

    with pytest.raises(OriginalMissing):
        open_original(ports.blobs, ports.images, kept)

    assert "an original has no bytes" in caplog.text


def test_bytes_of_an_image_that_was_deleted_meanwhile_are_not_lost(ports, kept, caplog):
    ports.images.delete(kept.id)
    ports.blobs.delete(kept.blob_key)

    with pytest.raises(ImageNotFound):
        open_original(ports.blobs, ports.images, kept)

    assert not caplog.records
