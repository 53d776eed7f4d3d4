"""What every ImageRepository finds, in what order, and what it keeps of what is said of an image."""

from datetime import timedelta
from uuid import UUID

import pytest
from attrs import evolve

from imgsvc.domain.errors import ImageNotFound
from imgsvc.domain.image import Facts, ImageChanges, Labels
from imgsvc.domain.image_search import ImageSearch, ImageSort, SourceFormat
from imgsvc.ports.pages import PageRequest
from tests.entities import NOW, a_user, an_image, later


@pytest.fixture
def images(repositories):
    return repositories.images


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner


def facts(width, height, media_type="image/jpeg", orientation=1):
    return Facts(media_type=media_type, stored_width=width, stored_height=height, orientation=orientation)


@pytest.fixture
def collection(repositories, images, owner):
    """Names are also numbers of seconds; beside it there is a stranger's image that would match anything."""
    stranger = a_user()
    repositories.users.add(stranger)
    made = [
        ("0 Beach.jpg", facts(60, 40), 300, Labels(description="Sunset in 100% COLOUR", tags=("sea", "2026"))),
        ("1 beach_2.png", facts(40, 60, "image/png"), 100, Labels(tags=("sea",))),
        ("2 Ägypten.jpg", facts(60, 40, orientation=6), 200, Labels(description="back\\slash")),
        ("3 a0b.webp", facts(1000, 10, "image/webp"), 200, Labels(tags=("Sea", "Straße"))),
    ]
    for number, (name, about, byte_count, labels) in enumerate(made):
        images.add(
            an_image(
                owner,
                labels=evolve(labels, name=name),
                facts=about,
                byte_count=byte_count,
                created_at=later(number),
                id=UUID(int=number + 1),
            )
        )
    everything = Labels(name="0 beach", description="sunset colour", tags=("sea", "Sea", "2026"))
    images.add(an_image(stranger, labels=everything))


def found(images, owner, **search):
    """The numbers of the images, in the order of the list."""
    page = images.list_of(owner.id, PageRequest(), ImageSearch(**search))
    assert images.count_matching(owner.id, ImageSearch(**search), 100) == len(page.items)
    return [int(image.name[0]) for image in page.items]


@pytest.mark.usefixtures("collection")
@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ({}, [3, 2, 1, 0]),
        ({"format": SourceFormat.JPEG}, [2, 0]),
        ({"format": SourceFormat.GIF}, []),
        ({"tag": "sea"}, [1, 0]),
        ({"tag": "sea", "format": SourceFormat.PNG}, [1]),
        ({"tag": "Sea"}, [3]),
        ({"tag": "se"}, []),
        ({"tag": "sea 2026"}, []),
        ({"tag": "2026", "sort": ImageSort.NAME}, [0]),
        ({"q": "BEACH"}, [1, 0]),
        ({"q": "100% colour"}, [0]),
        ({"q": "1%"}, []),
        ({"q": "h_2"}, [1]),
        ({"q": "_"}, [1]),
        ({"q": "%"}, [0]),
        ({"q": "/"}, []),
        ({"q": "\\"}, [2]),
        ({"q": "ÄGYPT"}, [2]),
        ({"q": "a\u0308gypt"}, [2]),
        ({"q": "strasse"}, [3]),
        ({"min_width": 41}, [3, 0]),
        ({"min_width": 40, "max_width": 40}, [2, 1]),
        ({"max_height": 40}, [3, 0]),
        ({"min_height": 60}, [2, 1]),
        ({"created_after": NOW}, [3, 2, 1]),
        ({"created_before": later(2)}, [1, 0]),
        ({"created_after": NOW, "created_before": later(2)}, [1]),
        ({"tag": "sea", "created_after": NOW}, [1]),
    ],
)
def test_a_search_finds_what_fits_all_of_it(images, owner, search, numbers):
    assert found(images, owner, **search) == numbers


@pytest.mark.usefixtures("collection")
@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        (ImageSort.NEWEST, [3, 2, 1, 0]),
        (ImageSort.OLDEST, [0, 1, 2, 3]),
        (ImageSort.NAME, [0, 1, 2, 3]),
        (ImageSort.NAME_DESC, [3, 2, 1, 0]),
        (ImageSort.SMALLEST, [1, 2, 3, 0]),
        (ImageSort.LARGEST, [0, 3, 2, 1]),
    ],
)
@pytest.mark.parametrize("tag", [None, "all"])
def test_a_list_is_in_the_order_that_was_asked_for_also_part_by_part(images, owner, sort, numbers, tag):
    for number in range(4):
        images.change(UUID(int=number + 1), ImageChanges(tags=("all",)))
    search, part = ImageSearch(sort=sort, tag=tag), None
    parts = []
    while part is None or part.next is not None:
        part = images.list_of(owner.id, PageRequest(limit=1, after=part and part.next), search)
        parts += [int(image.name[0]) for image in part.items]

    assert parts == found(images, owner, sort=sort, tag=tag) == numbers


def test_names_are_sorted_without_regard_to_case_and_in_no_languages_order(images, owner):
    for name in ("b", "Z", "é", "a", "C", "c", "_", "ß"):
        images.add(an_image(owner, name=name))

    names = [one.name for one in images.list_of(owner.id, PageRequest(), ImageSearch(sort=ImageSort.NAME)).items]

    assert [name.casefold() for name in names] == ["_", "a", "b", "c", "c", "ss", "z", "é"]


def test_the_longest_name_in_the_widest_script_can_be_sorted(images, owner):
    images.add(an_image(owner, name="ΐ" * 255))  # three characters each, when folded
    images.add(an_image(owner, name="\U0001f333" * 255))

    assert len(images.list_of(owner.id, PageRequest(), ImageSearch(sort=ImageSort.NAME)).items) == 2


def test_labels_come_back_as_they_were_added(images, owner):
    labels = Labels(name="a", description="\\0\\\r\n\U0001f333", tags=("b\\", "a", "\U0001f333 x", "%"))
    image = an_image(owner, labels=labels)
    images.add(image)

    assert images.get(image.id) == image
    assert images.list_of(owner.id, PageRequest(), ImageSearch(tag="b\\")).items == [image]


def test_what_is_changed_stays_changed_and_the_rest_as_it_was(images, owner):
    image = an_image(owner, labels=Labels(name="a", description="b", tags=("c", "d")))
    images.add(image)

    after = images.change(image.id, ImageChanges(name="new", tags=("d", "e")))

    assert after == evolve(image, labels=Labels(name="new", description="b", tags=("d", "e")))
    assert images.get(image.id) == after
    for search, count in [({"tag": "c"}, 0), ({"tag": "d"}, 1), ({"tag": "e"}, 1), ({"q": "new"}, 1), ({"q": "a"}, 0)]:
        assert images.count_matching(owner.id, ImageSearch(**search), 9) == count


def test_what_is_gone_cannot_be_changed(images, owner):
    with pytest.raises(ImageNotFound):
        images.change(an_image(owner).id, ImageChanges(name="x"))


def test_tags_go_with_their_image(images, owner):
    image = an_image(owner, labels=Labels(tags=("c",)))
    images.add(image)
    images.delete(image.id)
    images.add(other := an_image(owner))

    assert images.list_of(owner.id, PageRequest(), ImageSearch(tag="c")).items == []
    assert images.count_matching(owner.id, ImageSearch(created_before=other.created_at + timedelta(1)), 9) == 1


def test_no_more_are_counted_than_was_asked_for(images, owner):
    for _ in range(5):
        images.add(an_image(owner))

    counts = [images.count_matching(owner.id, ImageSearch(format=SourceFormat.JPEG), most) for most in (3, 5, 9)]

    assert counts == [3, 5, 5]
