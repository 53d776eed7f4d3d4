"""Every operation of the transform language as a small frozen class; a file for each family, as the engines have.

A class holds what the operation means: its parameters with their units and ranges, and the geometry that a plan and
every engine share. How pixels change is each engine's part. Sizes are those of the picture as it is at that step.
``op`` names the operation in JSON; ``compact`` in the compact form, where the parameters follow in the order of the
fields (notation/names.py tells the exceptions).
"""

from typing import TypeAlias, get_args

from imgsvc.domain.operations.color import Adjust, Background, Grayscale, Invert, Sepia, Tint, merged
from imgsvc.domain.operations.effects import Blur, Pixelate, Round, Sharpen
from imgsvc.domain.operations.geometry import (
    MAX_SIDE,
    AutoOrient,
    Crop,
    Fit,
    Flip,
    Kernel,
    Mirror,
    Pad,
    Resize,
    ResizeLayout,
    Rotate,
    Trim,
)
from imgsvc.domain.operations.overlay import Font, Watermark

__all__ = [
    "MAX_SIDE",
    "OPERATIONS",
    "Adjust",
    "AutoOrient",
    "Background",
    "Blur",
    "Crop",
    "Fit",
    "Flip",
    "Font",
    "Grayscale",
    "Invert",
    "Kernel",
    "Mirror",
    "Operation",
    "Pad",
    "Pixelate",
    "Resize",
    "ResizeLayout",
    "Rotate",
    "Round",
    "Sepia",
    "Sharpen",
    "Tint",
    "Trim",
    "Watermark",
    "changes_nothing",
    "merged",
]

Operation: TypeAlias = (
    AutoOrient
    | Crop
    | Trim
    | Resize
    | Rotate
    | Flip
    | Mirror
    | Pad
    | Background
    | Adjust
    | Grayscale
    | Sepia
    | Invert
    | Tint
    | Blur
    | Sharpen
    | Pixelate
    | Round
    | Watermark
)

OPERATIONS: dict[str, type[Operation]] = {operation.op: operation for operation in get_args(Operation)}


def changes_nothing(operation: Operation) -> bool:
    """Whether the operation leaves every picture as it is."""
    match operation:
        case AutoOrient(enabled=True) | Rotate(degrees=0) | Pad(top=0, right=0, bottom=0, left=0):
            return True
        case Sepia(amount=0) | Tint(amount=0) | Sharpen(amount=0) | Watermark(opacity=0):
            return True
        case Adjust():
            return not operation.changed()
        case _:
            return False
