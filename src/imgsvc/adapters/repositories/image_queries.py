"""Which images a list is about, as SQL: each order has its index, and so have the commonest conditions."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select

from imgsvc.adapters.repositories.pages import Order
from imgsvc.adapters.repositories.tables import image_tags, images
from imgsvc.domain.image_search import ImageSearch, ImageSort, folded
from imgsvc.domain.user import UserId

_MARKS = {
    ImageSort.NEWEST: images.c.created_at,
    ImageSort.OLDEST: images.c.created_at,
    ImageSort.NAME: images.c.name_key,
    ImageSort.NAME_DESC: images.c.name_key,
    ImageSort.SMALLEST: images.c.byte_count,
    ImageSort.LARGEST: images.c.byte_count,
}
_is_turned = images.c.orientation >= 5
_width = case((_is_turned, images.c.stored_height), else_=images.c.stored_width)
_height = case((_is_turned, images.c.stored_width), else_=images.c.stored_height)


def listed(owner: UserId, search: ImageSearch) -> tuple[Select[Any], Order]:
    """The rows of the images, and of what they are read in the order."""
    if search.tag is not None and search.sort.is_by_time:
        # The tags have the time and the owner too, and so an index in which nothing has to be passed over.
        query = select(images, image_tags).join(image_tags, image_tags.c.image_id == images.c.id)
        query = query.where(image_tags.c.owner == owner, image_tags.c.tag == search.tag, *_conditions(search))
        return query, Order(image_tags.c.created_at, image_tags.c.image_id, search.sort.goes_down)
    query = select(images).where(images.c.owner == owner, *_conditions(search), *_tagged(search))
    return query, Order(_MARKS[search.sort], images.c.id, search.sort.goes_down)


def counted(owner: UserId, search: ImageSearch, most: int) -> Select[int]:
    query, _ = listed(owner, search)
    return select(func.count()).select_from(query.with_only_columns(images.c.id).limit(most).subquery())


def _conditions(search: ImageSearch) -> Iterator[ColumnElement[bool]]:
    bounds = [
        (search.min_width, _width.__ge__),
        (search.max_width, _width.__le__),
        (search.min_height, _height.__ge__),
        (search.max_height, _height.__le__),
        (search.created_after, images.c.created_at.__gt__),
        (search.created_before, images.c.created_at.__lt__),
        (search.format and search.format.media_type, images.c.media_type.__eq__),
    ]
    for bound, holds in bounds:
        if bound is not None:
            yield holds(bound)
    if search.q is not None:
        yield images.c.search_text.contains(folded(search.q), autoescape=True)


def _tagged(search: ImageSearch) -> Iterator[ColumnElement[bool]]:
    if search.tag is not None:
        yield exists().where(image_tags.c.image_id == images.c.id, image_tags.c.tag == search.tag)
