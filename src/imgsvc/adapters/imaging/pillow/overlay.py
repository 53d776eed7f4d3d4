"""Steps that lay something over the picture."""

from imgsvc.adapters.imaging.pillow.picture import Picture, apply, has_alpha, in_mode
from imgsvc.adapters.imaging.stamps import Stamps


@apply.register
def stamp(operation: Stamps, picture: Picture) -> Picture:
    """A grey picture stays grey under what is grey."""
    if not operation.all:
        return picture
    is_grey = all(one.picture.mode.startswith("L") for one in operation.all) and picture.mode.startswith("L")
    picture = in_mode(picture, ("L" if is_grey else "RGB") + ("A" if has_alpha(picture) else "")).copy()
    for one in operation.all:
        if has_alpha(picture):
            picture.alpha_composite(in_mode(one.picture, picture.mode), (one.left, one.top))
        else:
            picture.paste(one.picture, (one.left, one.top), one.picture)
    return picture
