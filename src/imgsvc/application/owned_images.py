"""An image for who owns it, and for nobody else."""

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
