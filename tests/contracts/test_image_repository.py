"""What every ImageRepository does."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from attrs import evolve

from imgsvc.domain.errors import ImageNotFound, VariantNotFound
from imgsvc.domain.image import Facts, ImageId
from imgsvc.domain.user import UserId
from imgsvc.ports.pages import PageRequest, Position
from tests.entities import NOW, a_job, a_user, a_variant, an_image, later


@pytest.fixture
def images(repositories):
    return repositories.images


@pytest.fixture
def owner(repositories):
    owner = a_user()
    repositories.users.add(owner)
    return owner


@pytest.fixture
def stranger(repositories):
    stranger = a_user()
    repositories.users.add(stranger)
    return stranger


def added(images, *new):
    for image in new:
        images.add(image)
    return list(new)


def pages_by_cursor(images, owner, limit):
    pages = [images.list_of(owner.id, PageRequest(limit=limit))]
    while pages[-1].next is not None and len(pages) < 10:  # a list that never ends is to fail, not to hang
        pages.append(images.list_of(owner.id, PageRequest(limit=limit, after=pages[-1].next)))
    return [list(page.items) for page in pages]


def test_an_image_comes_back_as_it_was_added(images, owner):
    facts = Facts(
        media_type="image/webp", stored_width=2**31 - 1, stored_height=1, orientation=6, frames=12, has_alpha=True
    )
    image = an_image(owner, facts=facts, byte_count=2**63 - 1, sha256="0123456789abcdef" * 4)
    images.add(image)

    assert images.get(image.id) == image


def test_what_an_image_looks_like_comes_back(images, owner):
    seen = {"placeholder": "HwgOpKhwinbAaIiHeGqEr/iIjA==", "dominant_color": "#00ff00"}
    facts = [Facts(media_type="image/png", stored_width=2, stored_height=1, **look) for look in (seen, {})]
    for one in facts:
        image = an_image(owner, facts=one)
        images.add(image)

        found = images.get(image.id).facts
        assert (found.placeholder, found.dominant_color) == (one.placeholder, one.dominant_color)


NAMES = [
    "",
    r"\0",
    "\\",
    "\\\\0",
    r"C:\new\0ld\\x",
    "../etc/passwd",
    "\U0001f333\u202e\u00e4",
    "e\u0301",
    "'; --",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_verbatim(images, owner, name):
    image = an_image(owner, name=name)
    images.add(image)

    assert images.get(image.id).name == name


def test_an_unknown_id_is_no_image(images, owner):
    images.add(an_image(owner))

    with pytest.raises(ImageNotFound):
        images.get(ImageId(uuid4()))


def test_a_list_holds_only_the_images_of_its_owner(images, owner, stranger):
    mine, _ = added(images, an_image(owner), an_image(stranger))

    assert images.list_of(owner.id, PageRequest()).items == [mine]


def test_a_user_without_images_has_an_empty_list(images, owner):
    page = images.list_of(owner.id, PageRequest())

    assert (list(page.items), page.next) == ([], None)


def test_a_list_begins_with_the_newest(images, owner):
    middle, newest, oldest = added(
        images,
        an_image(owner, created_at=later(0.000_001)),
        an_image(owner, created_at=later(1)),
        an_image(owner, created_at=NOW),
    )

    assert images.list_of(owner.id, PageRequest()).items == [newest, middle, oldest]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
def test_a_cursor_leads_through_the_list_without_gaps_or_repeats(images, owner, limit):
    # Three images at each of two times, so that pages end between images of the same time.
    everything = added(images, *[an_image(owner, created_at=later(number // 3)) for number in range(6)])

    pages = pages_by_cursor(images, owner, limit)
    newest_first = sorted(everything, key=lambda image: (image.created_at, image.id), reverse=True)
    assert [image for page in pages for image in page] == newest_first
    assert all(len(page) == limit for page in pages[:-1])


def test_the_last_part_says_that_nothing_follows(images, owner):
    added(images, *[an_image(owner, created_at=later(number)) for number in range(4)])

    assert images.list_of(owner.id, PageRequest(limit=4)).next is None
    assert images.list_of(owner.id, PageRequest(limit=3)).next is not None


def test_a_cursor_stays_in_place_while_images_come_and_go(images, owner):
    oldest, middle, newest = added(images, *[an_image(owner, created_at=later(number)) for number in range(3)])
    first = images.list_of(owner.id, PageRequest(limit=2))

    images.delete(middle.id)
    images.add(an_image(owner, created_at=later(10)))

    assert first.items == [newest, middle]
    assert images.list_of(owner.id, PageRequest(limit=2, after=first.next)).items == [oldest]


def test_a_cursor_of_anywhere_is_followed_by_what_is_older(images, owner):
    old, _ = added(images, an_image(owner, created_at=NOW), an_image(owner, created_at=later(2)))

    page = images.list_of(owner.id, PageRequest(after=Position(later(1), UUID(int=0))))
    assert page.items == [old]


def test_a_list_is_read_by_page_too(images, owner):
    added(images, *[an_image(owner, created_at=later(number)) for number in range(5)])
    newest_first = list(images.list_of(owner.id, PageRequest()).items)

    pages = [images.list_of(owner.id, PageRequest(limit=2, page=page)) for page in (1, 2, 3, 4)]
    assert [page.items for page in pages] == [newest_first[:2], newest_first[2:4], newest_first[4:], []]
    assert [page.next is None for page in pages] == [False, False, True, True]


def test_the_count_is_that_of_one_owner(images, owner, stranger):
    added(images, an_image(owner), an_image(owner), an_image(stranger))

    assert images.count_of(owner.id) == 2
    assert images.count_of(UserId(uuid4())) == 0


def test_a_deleted_image_is_gone(images, owner):
    image, other = added(images, an_image(owner), an_image(owner))

    assert images.delete(image.id)
    with pytest.raises(ImageNotFound):
        images.get(image.id)
    assert images.list_of(owner.id, PageRequest()).items == [other]


def test_an_image_is_deleted_once(images, owner):
    (image,) = added(images, an_image(owner))
    images.delete(image.id)

    assert not images.delete(image.id)


def test_a_deleted_image_takes_its_variants_along(images, repositories, owner):
    image, other = added(images, an_image(owner), an_image(owner))
    gone = [a_variant(image), a_job(image, fingerprint="engine-2")]
    kept = a_variant(other)
    for variant in (*gone, kept):
        repositories.variants.add_if_absent(variant)

    images.delete(image.id)

    for variant in gone:
        with pytest.raises(VariantNotFound):
            repositories.variants.get(variant.id)
    assert repositories.variants.get(kept.id) == kept


def test_the_existing_ones_of_many_ids_are_found(images, owner):
    here = added(images, *[an_image(owner) for _ in range(3)])
    absent = [ImageId(uuid4()) for _ in range(40_000)]

    assert images.existing([here[0].id, *absent, here[1].id, here[2].id]) == {image.id for image in here}


def test_of_no_ids_none_exists(images, owner):
    added(images, an_image(owner))

    assert images.existing([]) == set()


def test_images_may_have_the_same_bytes(images, owner):
    image = an_image(owner)
    copy = evolve(image, id=ImageId(uuid4()))
    added(images, image, copy)

    assert images.count_of(owner.id) == 2


def test_an_image_that_was_erased_is_told_to_its_owner_for_a_while(images, owner, stranger):
    gone, there = added(images, an_image(owner), an_image(owner))
    images.delete(gone.id)

    def told():
        return [images.was_erased(*one) for one in ((owner.id, gone.id), (stranger.id, gone.id), (owner.id, there.id))]

    assert told() == [True, False, False]
    assert images.forget_erased(timedelta(days=1), 10) == 0
    assert images.forget_erased(timedelta(0), 10) == 1
    assert told() == [False, False, False]


def test_images_that_were_erased_are_forgotten_part_by_part(images, owner):
    for image in added(images, *(an_image(owner) for _ in range(3))):
        images.delete(image.id)

    assert [images.forget_erased(timedelta(0), 2) for _ in range(3)] == [2, 1, 0]
