"""Steps that look at a pixel's neighbours."""

from PIL import Image, ImageFilter

from imgsvc.adapters.imaging.pillow.picture import Picture, apply, has_alpha, premultiplied, straight
from imgsvc.domain.operations import Blur, Sharpen


@apply.register
def blur(operation: Blur, picture: Picture) -> Picture:
    return _blurred(picture, operation.sigma)


@apply.register
def sharpen(operation: Sharpen, picture: Picture) -> Picture:
    """Adds to each pixel ``amount`` of what sets it apart from its blurred neighbourhood; alpha stays as it is."""
    sharp = Image.blend(_blurred(picture, operation.sigma), picture, 1 + operation.amount / 100)
    if has_alpha(picture):
        sharp.putalpha(picture.getchannel("A"))
    return sharp


def _blurred(picture: Picture, sigma: float) -> Picture:
    return straight(premultiplied(picture).filter(ImageFilter.GaussianBlur(sigma)))
