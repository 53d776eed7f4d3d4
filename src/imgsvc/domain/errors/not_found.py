"""What is not there, or is not the caller's."""

from imgsvc.domain.errors.base import ImgsvcError


class NotFound(ImgsvcError):
    """There is nothing with this id, or it is somebody else's."""

    code = "not_found"


class UserNotFound(NotFound):
    pass


class ApiKeyNotFound(NotFound):
    pass


class ImageNotFound(NotFound):
    pass


class ImageErased(ImageNotFound):
    """There was such an image, and its owner erased it."""

    code = "image_erased"


class VariantNotFound(NotFound):
    pass


class LinkExpired(NotFound):
    """A public link that was good once, and is gone for good; whoever made it can make another."""

    code = "link_expired"


class OriginalMissing(NotFound):
    """The image is there, its bytes are not; the caller can upload it again."""

    code = "original_missing"


class OriginalDamaged(OriginalMissing):
    """There are bytes, but not those that were uploaded."""

    code = "integrity_error"


class PresetNotFound(NotFound):
    pass


class WebhookNotFound(NotFound):
    pass


class DeliveryNotFound(NotFound):
    pass


class BlobNotFound(NotFound):
    """A key of the blob store holds nothing."""
