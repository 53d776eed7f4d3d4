"""Steps that the pixels decide, as steps that are decided: what an engine does before it applies each.

The decided step fits any picture of the same size. So the first frame of an animation decides for all of them.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias
from uuid import UUID

from attrs import evolve, frozen
from PIL import Image

from imgsvc.adapters.imaging.interest import SIDE, most_interesting
from imgsvc.adapters.imaging.pillow.marks import Overlay, stamped
from imgsvc.adapters.imaging.stamps import Stamps
from imgsvc.domain.geometry import Anchor, Box, Gravity, Interest, Size
from imgsvc.domain.operations import Crop, Fit, Operation, Resize, Trim, Watermark

Decided: TypeAlias = Operation | Stamps


@frozen
class Sight:
    """What there is to see in the picture as it is at a step; an engine looks only when it is asked."""

    size: Size
    thumbnail: Callable[[Size], Image.Image]  # L, LA, RGB or RGBA, of that size
    content: Callable[[Trim], Box | None]  # what a trim leaves; None where there is nothing but border


def decided(step: Operation, sight: Sight, overlays: Mapping[UUID, Overlay]) -> Decided:
    """A trim as the crop that it comes to, an interest as the point that it finds, a watermark as its stamps."""
    match step:
        case Trim():
            box = sight.content(step) or Box(0, 0, sight.size.width, sight.size.height)
            return Crop(x=box.left, y=box.top, width=box.width, height=box.height)
        case Crop(gravity=Interest() as interest):
            return evolve(step, gravity=_point(interest, step.box_in(sight.size).size, sight.size, sight))
        case Resize(fit=Fit.COVER, gravity=Interest() as interest):
            layout = step.layout_in(sight.size)
            return evolve(step, gravity=_point(interest, layout.window.size, layout.scaled, sight))
        case Watermark():
            return stamped(step, sight.size, overlays.get(step.image) if step.image else None)
        case _:
            return step


def _point(interest: Interest, inner: Size, outer: Size, sight: Sight) -> Anchor:
    if inner == outer:
        return Gravity.CENTER
    parts = inner.width / outer.width, inner.height / outer.height
    return most_interesting(sight.thumbnail(_small(sight.size)), parts, interest)


def _small(size: Size) -> Size:
    if size.longer_side <= SIDE:
        return size
    width, height = (max(1, round(side * SIDE / size.longer_side)) for side in (size.width, size.height))
    return Size(width, height)
