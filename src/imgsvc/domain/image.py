"""Image: an uploaded original and the facts measured from its bytes."""

from datetime import datetime
from typing import Any, NewType
from uuid import UUID, uuid4

from attrs import evolve, field, frozen
from attrs.validators import optional

from imgsvc.domain.errors import ImageNotFound
from imgsvc.domain.field_rules import CONTROL_CHARACTERS, Each, legible, matches, within, without_control_characters
from imgsvc.domain.geometry import Size
from imgsvc.domain.merging import ABSENT, Change, IfGiven, given
from imgsvc.domain.user import UserId

ImageId = NewType("ImageId", UUID)

MAX_NAME = 255
MAX_DESCRIPTION = 2000
MAX_TAGS = 50
_LARGEST = 2**31 - 1

_name_rule = legible(0, MAX_NAME)
_description_rule = legible(0, MAX_DESCRIPTION, has_lines=True)
# No comma, so that a form and a query can name several.
tag_rule = matches(
    rf"(?!\s)[^,{CONTROL_CHARACTERS}]{{1,64}}(?<!\s)",
    "1 to 64 characters, without commas, control characters, or space around",
)
_tags_rule = Each(tag_rule, MAX_TAGS)


_optional_base64 = optional(matches(r"[A-Za-z0-9+/]{4,60}={0,2}", "a ThumbHash in base64"))
_optional_color = optional(matches("#[0-9a-f]{6}", "a colour such as #ffcc00"))


@frozen(kw_only=True)
class Facts:
    """What an original's bytes say about its picture."""

    media_type: str
    stored_width: int = field(validator=within(1, _LARGEST))  # pixels, as stored
    stored_height: int = field(validator=within(1, _LARGEST))
    orientation: int = field(default=1, validator=within(1, 8))  # EXIF: 1 is upright, 5-8 swap the sides
    frames: int = field(default=1, validator=within(1, _LARGEST))
    has_alpha: bool = False
    # What it looks like from afar, which two versions of an engine may see a little differently; none where it was not
    # looked at: a ThumbHash in base64, and the commonest colour of what can be seen.
    placeholder: str | None = field(default=None, eq=False, validator=_optional_base64)
    dominant_color: str | None = field(default=None, eq=False, validator=_optional_color)

    @property
    def stored_size(self) -> Size:
        return Size(self.stored_width, self.stored_height)

    @property
    def size(self) -> Size:
        """Of the picture as it is meant to be seen."""
        return self.stored_size.turned() if self.orientation >= 5 else self.stored_size


def original_key(bytes_id: ImageId) -> str:
    """Where an original's bytes are kept; by the id of the image that brought them."""
    return f"originals/{bytes_id}"


@frozen(kw_only=True)
class ImageChanges:
    """What its owner may say of a picture anew; what is left out stays, and null clears."""

    name: Change[str] = field(default=ABSENT, validator=IfGiven(_name_rule))
    description: Change[str] = field(default=ABSENT, validator=IfGiven(_description_rule))
    tags: Change[tuple[str, ...]] = field(default=ABSENT, validator=IfGiven(_tags_rule))


@frozen(kw_only=True)
class Labels:
    """What its owner says of a picture, kept verbatim."""

    name: str = field(default="", validator=_name_rule)  # shown, never used as a path
    description: str | None = field(default=None, validator=optional(_description_rule))
    tags: tuple[str, ...] = field(default=(), validator=_tags_rule)

    def changed(self, changes: ImageChanges) -> "Labels":
        """With what the changes give; what they clear has its default."""
        defaults: dict[str, Any] = {"name": "", "description": None, "tags": ()}
        return evolve(self, **{name: defaults[name] if new is None else new for name, new in given(changes).items()})


NO_LABELS = Labels()


def name_of_file(filename: str) -> str:
    """What an image is called whose file has the name: empty where nothing of it can be read."""
    name = without_control_characters(filename)[:MAX_NAME]
    return "" if name.isspace() else name


@frozen(kw_only=True)
class Image:
    """An original picture; immutable, so a change makes a new Image."""

    id: ImageId = field(factory=lambda: ImageId(uuid4()))
    owner: UserId
    labels: Labels = NO_LABELS
    facts: Facts
    byte_count: int = field(validator=within(1, 2**63 - 1))
    sha256: str = field(validator=matches("[0-9a-f]{64}", "a SHA-256 in hexadecimal"))
    created_at: datetime  # always with a time zone
    bytes_of: ImageId | None = None  # whose equal bytes it shares, which may be gone itself; None: its own

    @property
    def bytes_id(self) -> ImageId:
        return self.bytes_of or self.id

    @property
    def name(self) -> str:
        return self.labels.name

    @property
    def blob_key(self) -> str:
        return original_key(self.bytes_id)

    def must_belong_to(self, caller: UserId) -> None:
        """Raises ImageNotFound, so a stranger cannot learn that the image exists."""
        if self.owner != caller:
            raise ImageNotFound(f"no image {self.id}")
