"""An image that is deleted while its owner asks for something of it: he is told what he would be told just after."""

import logging
from contextlib import suppress
from io import BytesIO

import pytest

from imgsvc.application.rates import Payer
from imgsvc.application.variants import Mode
from imgsvc.domain.errors import ImageErased, ImageNotFound, InvalidParameter
from imgsvc.domain.image import ImageChanges
from imgsvc.domain.notation import parse
from imgsvc.domain.wanted_specs import WantedSpec
from tests.application.adapters import BlobsThatOpenLate, ImagesThatChangeLate, VariantsThatAddLate
from tests.pictures import encoded, quadrants

SPEC = parse("w:10,f:png")


@pytest.fixture
def deleted():
    """The images that are deleted at the moment, by their owner."""
    return []


@pytest.fixture
def late(ports, with_ports, deleted):
    """The use cases, which delete these before anything is opened, changed or queued."""

    def delete(*_):
        with suppress(ImageErased):
            for image in deleted:
                use_cases.delete_image(image.owner, image.id)

    use_cases = with_ports(
        blobs=BlobsThatOpenLate(delete),
        images=ImagesThatChangeLate(ports.images.engine, delete),
        variants=VariantsThatAddLate(ports.variants.engine, delete),
    )
    return use_cases


@pytest.fixture
def image(late, ada, picture):
    return late.upload_image(ada, BytesIO(picture), "picture.png")


@pytest.mark.parametrize(
    "ask",
    [
        lambda late, image: late.open_original(image.owner, image.id),
        lambda late, image: late.open_original.open(image, wholly=True),
        lambda late, image: late.change_image(image.owner, image.id, ImageChanges(name="new.png")),
        lambda late, image: late.request_variant(image.owner, image.id, SPEC),
        lambda late, image: late.transform_image(image.owner, image.id, SPEC, Mode.ASYNC),
        lambda late, image: late.transform_image(image.owner, image.id, SPEC, Mode.SYNC),
        lambda late, image: late.transform_several(image.owner, image.id, [WantedSpec(SPEC)], Mode.ASYNC),
        lambda late, image: late.queue_rendering(late.plan_rendering(image.owner, image.id, SPEC)),
        lambda late, image: late.open_rendering(image.owner, image.id, SPEC),
    ],
    ids=["original", "part", "change", "job", "async", "sync", "several", "later", "rendering"],
)
def test_its_owner_is_told_that_he_has_erased_it(late, image, deleted, ask, caplog):
    deleted.append(image)

    with pytest.raises(ImageErased):
        ask(late, image)

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("ask", ["queue_rendering", "open_rendering"])
def test_who_follows_a_link_is_told_that_there_is_none(late, image, deleted, ask):
    planned = late.plan_rendering(image.owner, image.id, SPEC)
    payer = Payer(image.owner, is_stranger=True)
    deleted.append(image)

    with pytest.raises(ImageNotFound) as told:
        late.queue_rendering(planned, payer) if ask == "queue_rendering" else late.open_rendering.open(planned, payer)

    assert told.type is ImageNotFound


def test_whose_watermark_it_was_is_told_where_that_is_named(late, ada, image, deleted, caplog):
    mark = late.upload_image(ada, BytesIO(encoded(quadrants(8, 8))))
    spec = parse(f"w:10,wm:{mark.id},f:png")
    planned = late.plan_rendering(ada, image.id, spec)
    deleted.append(mark)

    with pytest.raises(InvalidParameter) as told:
        late.open_rendering.open(planned)

    assert told.value.path == ("steps", 1, "image")
    assert "has no bytes" not in caplog.text


def test_an_upload_of_the_same_bytes_keeps_its_own(late, ada, image, picture, deleted, caplog):
    deleted.append(image)

    again = late.upload_image(ada, BytesIO(picture), "again.png")
    deleted.clear()

    assert again.bytes_of is None
    with late.open_original(ada, again.id) as stream:
        assert stream.read() == picture
    assert "has no bytes" not in caplog.text
