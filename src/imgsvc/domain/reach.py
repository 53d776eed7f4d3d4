"""Which part of a file's picture the first steps need, and at what scale: decided before a pixel is decoded."""

from collections.abc import Sequence

from attrs import evolve, frozen

from imgsvc.domain.geometry import Box, Gravity, Interest, Size
from imgsvc.domain.operations import AutoOrient, Crop, Fit, Kernel, Operation, Resize, ResizeLayout

UPRIGHT = 1  # of the EXIF orientations

_JPEG_SCALES = (8, 4, 2)
# How much larger than wanted a JPEG is decoded at least. At 1.8 the result differs from that of a full decode by a
# third of a level on average.
SPARE = 1.8


@frozen
class Reach:
    """What the first steps keep of a picture: crops make ``kept``, then a resize lays it out; ``rest`` comes after.

    The last of ``rest`` is the last of the steps, and so on; the first may be what the resize leaves to be done.
    """

    kept: Box
    resize: Resize | None
    rest: Sequence[Operation]

    @classmethod
    def of(cls, steps: Sequence[Operation], size: Size) -> "Reach":
        """For a picture of ``size``; raises CropOutOfBounds."""
        kept = Box(0, 0, size.width, size.height)
        for index, step in enumerate(steps):
            match step:
                case AutoOrient():
                    continue
                case Crop() if not isinstance(step.gravity, Interest):
                    inner = step.box_in(kept.size)
                    kept = Box(kept.left + inner.left, kept.top + inner.top, inner.width, inner.height)
                case Resize(fit=Fit.COVER, gravity=Interest()):
                    return cls._until_seen(kept, step, steps[index:])
                case Resize():
                    return cls(kept, step, steps[index + 1 :])
                case _:
                    return cls(kept, None, steps[index:])
        return cls(kept, None, ())

    @classmethod
    def _until_seen(cls, kept: Box, step: Resize, steps: Sequence[Operation]) -> "Reach":
        """Where somebody has to look first: all of the picture in its new size, and then a crop."""
        layout = step.layout_in(kept.size)
        if layout.scaled.pixels > kept.size.pixels:
            return cls(kept, None, steps)
        window = layout.window
        crop = Crop(width=window.width, height=window.height, gravity=step.gravity)
        return cls(kept, evolve(step, fit=Fit.OUTSIDE, gravity=Gravity.CENTER), (crop, *steps[1:]))

    @property
    def layout(self) -> ResizeLayout:
        """How ``kept`` is resampled; as it is, where no resize follows."""
        if self.resize is not None:
            return self.resize.layout_in(self.kept.size)
        size = self.kept.size
        return ResizeLayout(size, Box(0, 0, size.width, size.height), size, (0, 0))


@frozen
class Placement:
    """The same in the picture as it is stored: ``kept`` is scaled to ``scaled``, of which ``window`` stays.

    ``turn`` is the EXIF orientation that is then still to be undone: everything happens before, on fewer pixels.
    """

    kept: Box
    scaled: Size
    window: Box
    turn: int
    kernel: Kernel

    @classmethod
    def of(cls, reach: Reach, whole: Size, turn: int) -> "Placement":
        """``whole`` is the size of the picture once it is turned."""
        layout = reach.layout
        scaled = layout.scaled.turned() if turn >= 5 else layout.scaled
        window = _as_stored(layout.window, layout.scaled, turn)
        kernel = Kernel.LANCZOS if reach.resize is None else reach.resize.kernel
        return cls(_as_stored(reach.kept, whole, turn), scaled, window, turn, kernel)

    @property
    def enlarges(self) -> bool:
        return self.window.size.pixels > self.kept.size.pixels


def _as_stored(box: Box, upright: Size, orientation: int) -> Box:
    """Where a box of the upright picture lies in the stored one."""
    left = upright.width - box.right if orientation in (2, 3, 6, 7) else box.left
    top = upright.height - box.bottom if orientation in (3, 4, 7, 8) else box.top
    if orientation >= 5:
        return Box(top, left, box.height, box.width)
    return Box(left, top, box.width, box.height)


def jpeg_scale(stored: Size, placement: Placement, spare: float = SPARE) -> int:
    """The smallest scale that a JPEG of that size can be decoded at, as 1 over the number returned."""
    if placement.kernel is Kernel.NEAREST:
        return 1  # what it takes are the file's own pixels, and no means of them
    kept, scaled = placement.kept, placement.scaled
    for scale in _JPEG_SCALES:
        is_enough = min(kept.width / scaled.width, kept.height / scaled.height) >= scale * spare
        # Else a crop's edge would show some of what lies beyond it.
        is_aligned = kept.left % scale == kept.top % scale == 0 and (
            (kept.right % scale == 0 or kept.right == stored.width)
            and (kept.bottom % scale == 0 or kept.bottom == stored.height)
        )
        if is_enough and is_aligned:
            return scale
    return 1


def shrunk(box: Box, scale: int) -> Box:
    """The box in a picture that was decoded at 1 over ``scale``, with all pixels that it touches."""
    right, bottom = -(-box.right // scale), -(-box.bottom // scale)
    return Box(box.left // scale, box.top // scale, right - box.left // scale, bottom - box.top // scale)
