"""Where each kind of step is registered; those that libvips is no faster at are Pillow's."""

from functools import singledispatch

from imgsvc.adapters.imaging.pillow import picture as pillow
from imgsvc.adapters.imaging.pillow.decisions import Decided
from imgsvc.adapters.imaging.pillow.picture import Picture


@singledispatch
def apply(operation: Decided, picture: Picture) -> Picture:
    """The picture after a step."""
    return pillow.apply(operation, picture)
