"""Which images of somebody's a list is about, and in what order."""

import unicodedata
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import matches, within
from imgsvc.domain.image import tag_rule

_SIDE = optional(within(1, 2**31 - 1))


class ImageSort(StrEnum):
    """What comes first; among equals, what has the smaller id, or the larger where it goes down."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    NAME_DESC = "name_desc"
    SMALLEST = "smallest"
    LARGEST = "largest"

    @property
    def goes_down(self) -> bool:
        return self in (ImageSort.NEWEST, ImageSort.NAME_DESC, ImageSort.LARGEST)

    @property
    def is_by_time(self) -> bool:
        return self in (ImageSort.NEWEST, ImageSort.OLDEST)


class SourceFormat(StrEnum):
    """What an original may be."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"
    AVIF = "avif"
    HEIC = "heic"

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"


@frozen(kw_only=True)
class ImageSearch:
    """All conditions hold at once; sides are those of the upright picture."""

    sort: ImageSort = ImageSort.NEWEST
    format: SourceFormat | None = None
    tag: str | None = field(default=None, validator=optional(tag_rule))  # as it was given, in the same case
    # In name, description or tags, whatever the case.
    q: str | None = field(default=None, validator=optional(matches(r"[^\x00]{1,200}", "1 to 200 characters, no NUL")))
    min_width: int | None = field(default=None, validator=_SIDE)
    max_width: int | None = field(default=None, validator=_SIDE)
    min_height: int | None = field(default=None, validator=_SIDE)
    max_height: int | None = field(default=None, validator=_SIDE)
    created_after: datetime | None = None  # and not at that moment
    created_before: datetime | None = None

    def __attrs_post_init__(self) -> None:
        _must_not_cross("min_width", self.min_width, "max_width", self.max_width)
        _must_not_cross("min_height", self.min_height, "max_height", self.max_height)
        after, before = self.created_after, self.created_before
        if after is not None and before is not None and after >= before:
            allowed = "a moment before created_before"
            raise InvalidInput(
                f"created_after must be {allowed}", path=("created_after",), value=after.isoformat(), allowed=allowed
            )

    @property
    def is_of_all(self) -> bool:
        """Whether it leaves no image out."""
        return self == ImageSearch(sort=self.sort)


def folded(text: str) -> str:
    """What texts share that differ in case or Unicode form alone."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _must_not_cross(low_name: str, low: int | None, high_name: str, high: int | None) -> None:
    if low is not None and high is not None and low > high:
        allowed = f"at most {high_name}, which is {high}"
        raise InvalidInput(f"{low_name} must be {allowed}", path=(low_name,), value=low, allowed=allowed)


ALL_IMAGES = ImageSearch()
