"""An image for who owns it, and for nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager

from imgsvc.domain.errors import ImageErased, ImageNotFound
from imgsvc.domain.image import Image, ImageId
from imgsvc.domain.user import UserId
from imgsvc.ports.images import ImageRepository


def owned_image(images: ImageRepository, caller: UserId, image_id: ImageId) -> Image:
    """Raises ImageNotFound, also when the image is someone else's; ImageErased to who has erased it."""
    try:
        image = images.get(image_id)
        image.must_belong_to(caller)
        return image
    except ImageNotFound:
        # Asked of what is somebody else's, too: who measures how long it takes learns nothing from that.
        if images.was_erased(caller, image_id):
            raise ImageErased(f"image {image_id} was erased") from None
        raise


@contextmanager
def erasure_told(images: ImageRepository, image: Image, *, to_owner: bool = True) -> Iterator[None]:
    """Whoever loses the image within the context is told what he would be told just after.

    For ImageNotFound it raises ImageErased, but to strangers.
    """
    try:
        yield
    except ImageNotFound:
        if to_owner:
            owned_image(images, image.owner, image.id)
        raise
