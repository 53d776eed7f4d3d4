"""Steps that change sizes and places, where libvips is faster at them."""

from PIL import Image

from imgsvc.adapters.imaging.pillow import geometry as pillow
from imgsvc.adapters.imaging.pillow.picture import size_of, straight
from imgsvc.adapters.imaging.vips.library import weighted
from imgsvc.adapters.imaging.vips.resampling import reduced, shrinks
from imgsvc.adapters.imaging.vips.steps import apply
from imgsvc.domain.operations import Resize


@apply.register
def resize(operation: Resize, picture: Image.Image) -> Image.Image:
    layout = operation.layout_in(size_of(picture))
    if not shrinks(picture.size, layout.scaled, operation.kernel):
        return pillow.resize(operation, picture)
    ready, mode = weighted(picture)
    smaller = straight(reduced(ready, mode, layout.scaled, layout.window, operation.kernel))
    return pillow.laid_out(smaller, layout, operation.background)
