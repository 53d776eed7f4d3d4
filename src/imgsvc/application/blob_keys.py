"""Whose the bytes under a key are."""

from uuid import UUID

from imgsvc.domain.image import ImageId


def image_of(key: str) -> ImageId | None:
    """The image that a key of ours belongs to; None for a key that is not ours to judge."""
    kind, _, rest = key.partition("/")
    text = rest.partition("/")[0]
    try:
        image_id = UUID(text)
    except ValueError:
        return None
    # Other spellings of an id are not ours.
    return ImageId(image_id) if kind in ("originals", "variants") and str(image_id) == text else None


def original_of(key: str) -> ImageId | None:
    """The image whose original is under a key; None for a key of anything else."""
    return image_of(key) if key.startswith("originals/") else None
