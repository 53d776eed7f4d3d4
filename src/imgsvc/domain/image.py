"""Image: an uploaded original and the facts measured from its bytes."""

from datetime import datetime
from typing import NewType
from uuid import UUID, uuid4

from attrs import field, frozen

from imgsvc.domain.errors import ImageNotFound
from imgsvc.domain.field_rules import characters, matches, within
from imgsvc.domain.geometry import Size
from imgsvc.domain.user import UserId

ImageId = NewType("ImageId", UUID)

MAX_NAME = 255
_LARGEST = 2**31 - 1


@frozen(kw_only=True)
class Facts:
    """What an original's bytes say about its picture."""

    media_type: str
    stored_width: int = field(validator=within(1, _LARGEST))  # pixels, as stored
    stored_height: int = field(validator=within(1, _LARGEST))
    orientation: int = field(default=1, validator=within(1, 8))  # EXIF: 1 is upright, 5-8 swap the sides
    frames: int = field(default=1, validator=within(1, _LARGEST))
    has_alpha: bool = False

    @property
    def stored_size(self) -> Size:
        return Size(self.stored_width, self.stored_height)

    @property
    def size(self) -> Size:
        """Of the picture as it is meant to be seen."""
        return self.stored_size.turned() if self.orientation >= 5 else self.stored_size


def original_key(image_id: ImageId) -> str:
    """Where an original's bytes are kept."""
    return f"originals/{image_id}"


@frozen(kw_only=True)
class Image:
    """An original picture; immutable, so a change makes a new Image."""

    id: ImageId = field(factory=lambda: ImageId(uuid4()))
    owner: UserId
    name: str = field(validator=characters(0, MAX_NAME))  # as the uploader wrote it; shown, never used as a path
    facts: Facts
    byte_count: int = field(validator=within(1, 2**63 - 1))
    sha256: str = field(validator=matches("[0-9a-f]{64}", "a SHA-256 in hexadecimal"))
    created_at: datetime  # always with a time zone

    @property
    def blob_key(self) -> str:
        return original_key(self.id)

    def must_belong_to(self, caller: UserId) -> None:
        """Raises ImageNotFound, so a stranger cannot learn that the image exists."""
        if self.owner != caller:
            raise ImageNotFound(f"no image {self.id}")
