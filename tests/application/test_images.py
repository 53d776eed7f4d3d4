"""Originals: taken in, handed out, listed and erased."""

from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.application.images import Total
from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import (
    CorruptImage,
    EmptyFile,
    FileTooLarge,
    ImageExists,
    ImageNotFound,
    ImageTooLarge,
    StorageFull,
    Unavailable,
    UnsupportedFormat,
)
from imgsvc.domain.image import ImageId
from imgsvc.domain.image_search import ImageSearch, SourceFormat
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import (
    Failing,
    FailingBlobs,
    ImagesThatFindNothing,
    ImagesThatGoDown,
    ImagesThatLoseTheAnswer,
    ImagesThatTakeNone,
    picture_keys,
)
from tests.application.policies import a_policy
from tests.entities import an_image
from tests.pictures import encoded, png_claiming, quadrants, textured, with_orientation

SPEC = parse("w:10,f:webp")


def keys(ports):
    return picture_keys(ports.blobs)


def names(use_cases, owner, **page):
    listed, _ = use_cases.list_images(owner, PageRequest(**page))
    return [image.name for image in listed.items]


def test_an_upload_is_kept_with_what_its_bytes_say(use_cases, ports, ada):
    content = with_orientation(quadrants(40, 20), 6)

    image = use_cases.upload_image(ada, BytesIO(content), "tree.jpg")

    assert (image.facts.media_type, image.facts.size.width, image.facts.size.height) == ("image/jpeg", 40, 20)
    assert (image.byte_count, image.sha256) == (len(content), sha256(content).hexdigest())
    assert use_cases.get_image(ada, image.id) == image
    assert ports.blobs.get(image.blob_key) == content


def test_a_stream_is_read_from_its_start_wherever_it_stands(use_cases, ada, picture):
    stream = BytesIO(picture)
    stream.seek(7)

    image = use_cases.upload_image(ada, stream)

    with use_cases.open_original(ada, image.id) as original:
        assert original.read() == picture


@pytest.mark.parametrize("name", ["", "../../etc/passwd", " a b ", "\N{PILE OF POO}.png", "x" * 255])
def test_a_name_is_kept_as_it_is(use_cases, ada, picture, name):
    image = use_cases.upload_image(ada, BytesIO(picture), name)

    assert use_cases.get_image(ada, image.id).name == name


def test_a_name_that_is_too_long_is_cut(use_cases, ada, picture):
    assert use_cases.upload_image(ada, BytesIO(picture), "x" * 300).name == "x" * 255


def test_equal_bytes_are_images_of_their_own(use_cases, ada, picture):
    first, second = (use_cases.upload_image(ada, BytesIO(picture)) for _ in range(2))
    use_cases.delete_image(ada, first.id)

    with use_cases.open_original(ada, second.id) as original:
        assert original.read() == picture


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFile),
        (b"\x89PNG\r\n\x1a\n", CorruptImage),
        (b"hello" * 100, UnsupportedFormat),
        (encoded(textured(100, 100), "jpeg")[:-500], CorruptImage),
        (png_claiming(16000, 16000), ImageTooLarge),
        (b"x" * 20_001, FileTooLarge),
    ],
    ids=["empty", "nothing but a signature", "not a picture", "cut off", "too many pixels", "too many bytes"],
)
def test_a_bad_upload_leaves_no_row_and_no_blob(ports, ada, content, error):
    use_cases = assemble(ports, a_policy(limits=Limits(max_bytes=20_000)))

    with pytest.raises(error):
        use_cases.upload_image(ada, BytesIO(content))

    assert ports.images.count_of(ada) == 0
    assert keys(ports) == []


class CountingStream(BytesIO):
    def __init__(self, content):
        super().__init__(content)
        self.taken = 0

    def read(self, size=-1):
        chunk = super().read(size)
        self.taken += len(chunk)
        return chunk


def test_an_upload_that_is_too_large_is_not_read_to_its_end(ports, ada):
    use_cases = assemble(ports, a_policy(limits=Limits(max_bytes=1)))
    stream = CountingStream(b"x" * 10 * 2**20)

    with pytest.raises(FileTooLarge) as refused:
        use_cases.upload_image(ada, stream)

    assert stream.taken <= 2**20
    assert refused.value.allowed == "at most 1 bytes"


def test_an_upload_of_exactly_the_limit_is_taken(ports, ada, picture):
    use_cases = assemble(ports, a_policy(limits=Limits(max_bytes=len(picture))))

    assert use_cases.upload_image(ada, BytesIO(picture)).byte_count == len(picture)


def test_an_upload_that_finds_no_room_leaves_no_row(with_ports, ports, ada, picture):
    full = FailingBlobs(before_put=Failing([StorageFull("the storage is full")]))

    with pytest.raises(StorageFull):
        with_ports(blobs=full).upload_image(ada, BytesIO(picture))

    assert ports.images.count_of(ada) == 0


@pytest.mark.parametrize("images", [ImagesThatTakeNone, ImagesThatLoseTheAnswer])
def test_an_upload_whose_row_fails_leaves_no_row_and_no_blob(with_ports, ports, ada, picture, images):
    with pytest.raises(Unavailable):
        with_ports(images=images(ports.images.engine)).upload_image(ada, BytesIO(picture))

    assert ports.images.count_of(ada) == 0
    assert keys(ports) == []


def test_what_an_upload_leaves_while_the_database_is_down_is_swept_later(with_ports, use_cases, ports, ada, picture):
    with pytest.raises(Unavailable, match="the database does not"):
        with_ports(images=ImagesThatGoDown(ports.images.engine)).upload_image(ada, BytesIO(picture))

    other = use_cases.upload_image(ada, BytesIO(picture))
    assert use_cases.sweep_orphans(timedelta(0)).blobs.count == 1
    assert keys(ports) == [other.blob_key]


def test_what_a_search_leaves_is_counted_up_to_a_thousand(use_cases, ports, ada):
    owner = ports.users.get(ada)
    for _ in range(1001):
        ports.images.add(an_image(owner))
    search = ImageSearch(format=SourceFormat.JPEG)

    def total(**part):
        return use_cases.list_images(ada, PageRequest(**part), search)[1]

    assert total(limit=1) == total(page=2) == total(page=100, limit=100) == Total(1000, is_exact=False)
    assert use_cases.list_images(ada, PageRequest(), ImageSearch(tag="none"))[1] == Total(0)
    ports.images.delete(use_cases.list_images(ada, PageRequest(limit=1))[0].items[0].id)
    assert total(limit=1) == Total(1000)


def test_images_are_listed_newest_first_and_counted(use_cases, ada, stranger, picture):
    for number in range(5):
        use_cases.upload_image(ada, BytesIO(picture), str(number))
    use_cases.upload_image(stranger, BytesIO(picture), "not hers")

    page, count = use_cases.list_images(ada, PageRequest(limit=2))

    assert count == Total(5)
    assert [image.name for image in page.items] == ["4", "3"]
    assert names(use_cases, ada, limit=2, after=page.next) == ["2", "1"]
    assert names(use_cases, ada, limit=2, page=3) == ["0"]


def test_nobody_else_can_learn_that_an_image_exists(use_cases, image, stranger):
    missing = ImageId(uuid4())
    attempts = [
        use_cases.get_image,
        use_cases.open_original,
        use_cases.delete_image,
        lambda caller, image_id: use_cases.plan_rendering(caller, image_id, SPEC),
        lambda caller, image_id: use_cases.open_rendering(caller, image_id, SPEC),
        lambda caller, image_id: use_cases.request_variant(caller, image_id, SPEC),
        lambda caller, image_id: use_cases.transform_image(caller, image_id, SPEC, "sync"),
        lambda caller, image_id: use_cases.list_variants(caller, image_id, PageRequest()),
    ]

    for attempt in attempts:
        with pytest.raises(ImageNotFound) as of_another:
            attempt(stranger, image.id)
        with pytest.raises(ImageNotFound) as of_nobody:
            attempt(stranger, missing)
        assert of_another.value.detail.replace(str(image.id), str(missing)) == of_nobody.value.detail
    assert names(use_cases, stranger) == []
    assert use_cases.get_image(image.owner, image.id) == image


def test_deleting_an_image_erases_all_that_was_made_of_it(use_cases, ports, ada, image):
    other = use_cases.upload_image(ada, BytesIO(encoded(quadrants(), "jpeg")))
    kept = use_cases.open_rendering(ada, other.id, SPEC).planned
    opened = [use_cases.open_rendering(ada, image.id, parse(f"w:{width}")).planned for width in (5, 6)]
    job = use_cases.request_variant(ada, image.id, SPEC)

    use_cases.delete_image(ada, image.id)

    assert keys(ports) == sorted([other.blob_key, kept.blob_key])
    assert [ports.cache.get(planned.blob_key) for planned in opened] == [None, None]
    assert ports.variants.find(opened[0].name) is None
    for ask in (use_cases.get_image, use_cases.delete_image, use_cases.open_original):
        with pytest.raises(ImageNotFound):
            ask(ada, image.id)
    use_cases.make_variant(job.id)  # a late signal brings nothing back
    assert keys(ports) == sorted([other.blob_key, kept.blob_key])


def test_an_image_whose_blobs_cannot_be_removed_is_gone_all_the_same_and_swept_later(with_ports, ada, picture):
    blobs = FailingBlobs(before_delete=Failing([Unavailable("the storage does not answer")]))
    use_cases = with_ports(blobs=blobs)
    image = use_cases.upload_image(ada, BytesIO(picture))
    use_cases.open_rendering(ada, image.id, SPEC)

    with pytest.raises(Unavailable):
        use_cases.delete_image(ada, image.id)

    with pytest.raises(ImageNotFound):
        use_cases.get_image(ada, image.id)
    other = use_cases.upload_image(ada, BytesIO(picture))
    assert use_cases.sweep_orphans(timedelta(0)).blobs.count == 2
    assert picture_keys(blobs) == [other.blob_key]


def test_the_time_of_an_upload_is_the_clocks(ports, ada, picture):
    moment = ports.clock().replace(year=2020)
    use_cases = assemble(evolve(ports, clock=lambda: moment), a_policy())

    assert use_cases.upload_image(ada, BytesIO(picture)).created_at == moment


def test_an_upload_that_is_tried_again_under_its_id_finds_what_the_first_has_left(use_cases, ports, ada, picture):
    image_id = ImageId(uuid4())
    first = use_cases.upload_image(ada, BytesIO(picture), "a.png", image_id=image_id)

    again = use_cases.upload_image(ada, BytesIO(picture), "a.png", image_id=image_id)

    assert again == first
    assert ports.images.count_of(ada) == 1


def test_of_two_uploads_under_one_id_at_once_the_later_leaves_the_earlier_alone(with_ports, ports, ada, picture):
    image_id = ImageId(uuid4())
    ports.images.add(an_image(ports.users.get(ada), id=image_id))
    blind = with_ports(images=ImagesThatFindNothing(ports.images.engine))

    with pytest.raises(ImageExists):
        blind.upload_image(ada, BytesIO(picture), image_id=image_id)

    assert ports.images.get(image_id).id == image_id
    assert keys(ports) == [f"originals/{image_id}"]
