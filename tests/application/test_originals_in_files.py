"""Originals in files, which children read: those that are not as they were uploaded are told as such all the same."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from attrs import evolve

from imgsvc.adapters.blobs.filesystem import FilesystemBlobs
from imgsvc.adapters.imaging import open_engine_in_children
from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import OriginalDamaged, OriginalMissing
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantStatus
from tests.application.policies import a_policy
from tests.pictures import decoded, encoded, textured, unlike_any

SPEC = parse("w:10,f:png")
CONTENT = encoded(textured(130, 90), "png")


@pytest.fixture(scope="module")
def children():
    with open_engine_in_children("auto", Limits(), slots=1, deadline=timedelta(minutes=1), memory=2**30) as engine:
        yield engine


@pytest.fixture
def blobs(tmp_path):
    return FilesystemBlobs.at(tmp_path / "files")


@pytest.fixture
def use_cases(ports, blobs, children):
    return assemble(evolve(ports, blobs=blobs, engine=children), a_policy())


@pytest.fixture
def image(use_cases, ada):
    return use_cases.upload_image(ada, BytesIO(unlike_any(CONTENT)))


@pytest.fixture
def file(blobs, image):
    with blobs.open(image.blob_key) as stream:
        return Path(stream.name)


def changed(content, how):
    return {
        "a bit is flipped": content[:-1] + bytes([content[-1] ^ 1]),
        "the end is missing": content[:-1],
        "nothing is left": b"",
    }[how]


@pytest.mark.parametrize("how", ["a bit is flipped", "the end is missing", "nothing is left"])
def test_a_file_that_was_damaged_makes_no_picture(use_cases, ada, image, file, how, caplog):
    content = file.read_bytes()
    file.write_bytes(changed(content, how))

    with pytest.raises(OriginalDamaged):
        use_cases.open_rendering(ada, image.id, SPEC)

    assert "an original is not as it was uploaded" in caplog.text
    file.write_bytes(content)
    assert decoded(use_cases.open_rendering(ada, image.id, SPEC).content).size == (10, 7)


def test_a_job_on_a_damaged_file_fails_as_that(use_cases, ada, image, file):
    file.write_bytes(changed(file.read_bytes(), "a bit is flipped"))
    job = use_cases.request_variant(ada, image.id, SPEC)

    use_cases.make_variant(job.id)

    variant = use_cases.get_variant(ada, job.id)
    assert (variant.status, variant.failure.code) == (VariantStatus.FAILED, OriginalDamaged.code)


def test_a_file_that_is_lost_is_told_as_such(use_cases, ada, image, file, caplog):
    file.unlink()

    with pytest.raises(OriginalMissing):
        use_cases.open_rendering(ada, image.id, SPEC)

    assert "an original has no bytes" in caplog.text


def test_what_was_put_behind_a_file_is_no_part_of_it(use_cases, ada, image, file):
    file.write_bytes(file.read_bytes() + b"more")

    assert decoded(use_cases.open_rendering(ada, image.id, SPEC).content).size == (10, 7)
