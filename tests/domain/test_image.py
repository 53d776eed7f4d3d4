from datetime import UTC, datetime
from uuid import uuid4

import pytest

from imgsvc.domain.errors import ImageNotFound, InvalidInput
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts, Image, ImageChanges, Labels, name_of_file
from imgsvc.domain.user import UserId

NOW = datetime(2025, 1, 1, tzinfo=UTC)
OWNER = UserId(uuid4())
FACTS = Facts(media_type="image/png", stored_width=4, stored_height=3)


def image(**changed):
    given = {"owner": OWNER, "name": "x.png", "facts": FACTS, "byte_count": 9, "sha256": "0" * 64, "created_at": NOW}
    given |= changed
    return Image(labels=Labels(name=given.pop("name")), **given)


@pytest.mark.parametrize(
    ("orientation", "size"),
    [*[(one, Size(4, 3)) for one in (1, 2, 3, 4)], *[(one, Size(3, 4)) for one in (5, 6, 7, 8)]],
)
def test_a_picture_on_its_side_is_seen_with_its_sides_swapped(orientation, size):
    facts = Facts(media_type="image/jpeg", stored_width=4, stored_height=3, orientation=orientation)

    assert facts.size == size
    assert facts.stored_size == Size(4, 3)


@pytest.mark.parametrize(
    "wrong", [{"stored_width": 0}, {"stored_height": -1}, {"orientation": 0}, {"orientation": 9}, {"frames": 0}]
)
def test_facts_that_no_picture_has_are_refused(wrong):
    with pytest.raises(InvalidInput, match=f"{next(iter(wrong))} must be 1 to"):
        Facts(**{"media_type": "image/png", "stored_width": 4, "stored_height": 3} | wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"name": "x" * 256}, {"byte_count": 0}, {"sha256": "0" * 63}, {"sha256": "A" * 64}, {"sha256": "0" * 64 + "\n"}],
)
def test_an_image_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidInput) as caught:
        image(**wrong)

    assert caught.value.path == tuple(wrong)


def test_a_name_may_be_anything_that_was_written():
    assert image(name="../../etc/passwd").name == "../../etc/passwd"
    assert image(name="").name == ""


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("../a b.png", "../a b.png"),
        ("a\0b\r\n\x1b[0m.png", "ab[0m.png"),
        (" \t ", ""),
        ("\ud800.png", ""),
        (" " * 255 + "y", ""),
        ("x" * 300, "x" * 255),
    ],
)
def test_the_name_of_a_file_is_what_can_be_read_of_it(filename, name):
    assert image(name=name_of_file(filename)).name == name


def test_the_blob_key_knows_nothing_of_the_name():
    one = image(name="../x")

    assert one.blob_key == f"originals/{one.id}"


def test_every_image_has_an_id_of_its_own():
    assert image().id != image().id


def test_a_stranger_does_not_learn_that_the_image_exists():
    one = image()

    one.must_belong_to(OWNER)
    with pytest.raises(ImageNotFound, match=f"no image {one.id}"):
        one.must_belong_to(UserId(uuid4()))


def test_what_is_said_of_an_image_is_kept_verbatim():
    labels = Labels(name=" a,b ", description="a\r\n\u202e", tags=("Tag", "tag", "\U0001f333 two words"))

    assert (labels.name, labels.description) == (" a,b ", "a\r\n\u202e")
    assert labels.tags == ("Tag", "tag", "\U0001f333 two words")


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"description": "x" * 2001}, ("description",)),
        ({"tags": tuple(map(str, range(51)))}, ("tags",)),
        ({"tags": ("a", "a")}, ("tags", 1)),
        *[({"tags": ("a", tag)}, ("tags", 1)) for tag in ("", "a,b", " a", "a ", "a\0", "a\n", "x" * 65, "\ud800")],
    ],
)
@pytest.mark.parametrize("kind", [Labels, ImageChanges])
def test_what_cannot_be_said_of_an_image_is_refused(kind, wrong, path):
    with pytest.raises(InvalidInput) as caught:
        kind(**wrong)

    assert caught.value.path == path


def test_changes_leave_what_they_do_not_name_and_clear_what_is_null():
    labels = Labels(name="a", description="b", tags=("c",))

    assert labels.changed(ImageChanges()) == labels
    assert labels.changed(ImageChanges(description="d")) == Labels(name="a", description="d", tags=("c",))
    assert labels.changed(ImageChanges(name=None, description=None, tags=None)) == Labels()
