"""What a spec will do to a picture, computed before a pixel is decoded."""

from functools import singledispatch

from attrs import field, frozen

from imgsvc.domain.errors import ImageTooLarge, InvalidInput, OutputTooLarge, TooManyFrames
from imgsvc.domain.field_rules import within
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.operations import Crop, Operation, Pad, Resize, Rotate
from imgsvc.domain.transform import Format, TransformSpec


@frozen(kw_only=True)
class Limits:
    """How large pictures may be, on their way in and out."""

    max_bytes: int = field(default=25 * 2**20, validator=within(1, 2**40))
    max_side: int = field(default=16384, validator=within(1, 65535))
    max_pixels: int = field(default=50_000_000, validator=within(1, 2**40))  # summed over frames
    max_frames: int = field(default=100, validator=within(1, 2**20))
    max_output_side: int = field(default=8192, validator=within(1, 65535))
    max_output_pixels: int = field(default=50_000_000, validator=within(1, 2**40))

    def check_source(self, size: Size, frames: int = 1) -> None:
        """Raises ImageTooLarge or TooManyFrames; what a header says is enough."""
        if size.longer_side > self.max_side:
            raise ImageTooLarge(
                f"the picture of {size.width}x{size.height} pixels has a side that is too long",
                value=size.longer_side,
                allowed=f"at most {self.max_side} pixels a side",
            )
        if frames > self.max_frames:
            raise TooManyFrames(
                f"the picture has {frames} frames", value=frames, allowed=f"at most {self.max_frames} frames"
            )
        if size.pixels * frames > self.max_pixels:
            raise ImageTooLarge(
                f"the picture has {size.pixels * frames} pixels",
                value=size.pixels * frames,
                allowed=f"at most {self.max_pixels} pixels, all frames together",
            )

    def check_output(self, size: Size) -> None:
        """Raises OutputTooLarge."""
        if size.longer_side > self.max_output_side or size.pixels > self.max_output_pixels:
            raise OutputTooLarge(
                f"a result of {size.width}x{size.height} pixels would be too large",
                value=f"{size.width}x{size.height}",
                allowed=f"at most {self.max_output_side} pixels a side and {self.max_output_pixels} pixels",
            )


@frozen
class Plan:
    """What rendering will do; ``sizes`` holds the size before the first step and after each."""

    sizes: tuple[Size, ...]
    format: Format
    megapixels: float  # the cost: decoded, and written by every step

    @property
    def size(self) -> Size:
        return self.sizes[-1]


def plan(spec: TransformSpec, facts: Facts, limits: Limits) -> Plan:
    """Raises OutputTooLarge, CropOutOfBounds; their path names the step."""
    size = facts.size if spec.auto_orients else facts.stored_size
    sizes = [size]
    for index, step in enumerate(spec.steps):
        try:
            after = size_after(step, size)
            # What only takes away may start from any size that was let in.
            if after.pixels > size.pixels or after.longer_side > size.longer_side:
                limits.check_output(after)
        except InvalidInput as error:
            raise error.under("steps", index) from None
        sizes.append(size := after)
    limits.check_output(size)
    cost = facts.stored_size.pixels + sum(one.pixels for one in sizes[1:])
    return Plan(tuple(sizes), spec.output.format or Format.of_source(facts.media_type), cost / 1e6)


@singledispatch
def size_after(operation: Operation, size: Size) -> Size:
    """The picture's size after a step; most leave it as it is."""
    return size


@size_after.register
def _(operation: Crop, size: Size) -> Size:
    return operation.box_in(size).size


@size_after.register
def _(operation: Resize, size: Size) -> Size:
    return operation.layout_in(size).canvas


@size_after.register
def _(operation: Rotate, size: Size) -> Size:
    return operation.size_after(size)


@size_after.register
def _(operation: Pad, size: Size) -> Size:
    return operation.size_after(size)
