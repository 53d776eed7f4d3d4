"""What size a picture has after each step."""

from collections.abc import Sequence
from functools import singledispatch

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.geometry import Size
from imgsvc.domain.limits import Limits
from imgsvc.domain.operations import Crop, Operation, Pad, Resize, Rotate


def sizes_through(steps: Sequence[Operation], size: Size, limits: Limits, first: int = 0) -> list[Size]:
    """The size before the first step and after each, once the real size is known, as after a trim.

    Raises OutputTooLarge and CropOutOfBounds, whose path names the step; ``first`` is the number of the first.
    """
    sizes = sizes_of(steps, size, first)
    check_growth(steps, sizes, limits, first)
    return sizes


def sizes_of(steps: Sequence[Operation], size: Size, first: int = 0) -> list[Size]:
    """The same, however large. Raises CropOutOfBounds, as above."""
    sizes = [size]
    for index, step in enumerate(steps, first):
        try:
            sizes.append(size_after(step, sizes[-1]))
        except InvalidInput as error:
            raise error.under("steps", index) from None
    return sizes


def check_growth(steps: Sequence[Operation], sizes: Sequence[Size], limits: Limits, first: int = 0) -> None:
    """Raises OutputTooLarge, whose path names the step that makes the picture so large."""
    for index in range(len(steps)):
        if grows(sizes[index], sizes[index + 1]):
            try:
                limits.check_output(sizes[index + 1])
            except InvalidInput as error:
                raise error.under("steps", first + index) from None


def grows(before: Size, after: Size) -> bool:
    """What only takes away may start from any size that was let in."""
    return after.pixels > before.pixels or after.longer_side > before.longer_side


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
