"""Every operation of the transform language as a small frozen class; a file for each family, as the engines have.

A class holds what the operation means: its parameters with their units and ranges, and the geometry that a plan and
every engine share. How pixels change is each engine's part. Sizes are those of the picture as it is at that step.
``op`` names the operation in JSON; ``compact`` in the compact form, where the parameters follow in the order of the
fields (notation.py tells the exceptions).
"""

from typing import TypeAlias, get_args

from imgsvc.domain.operations.color import Adjust, Background, Grayscale, Sepia, merged
from imgsvc.domain.operations.effects import Blur, Sharpen
from imgsvc.domain.operations.geometry import (
    MAX_SIDE,
    AutoOrient,
    Crop,
    Fit,
    Flip,
    Mirror,
    Resize,
    ResizeLayout,
    Rotate,
)
from imgsvc.domain.operations.overlay import Watermark

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
    "Grayscale",
    "Mirror",
    "Operation",
    "Resize",
    "ResizeLayout",
    "Rotate",
    "Sepia",
    "Sharpen",
    "Watermark",
    "changes_nothing",
    "merged",
]

Operation: TypeAlias = (
    AutoOrient
    | Crop
    | Resize
    | Rotate
    | Flip
    | Mirror
    | Background
    | Adjust
    | Grayscale
    | Sepia
    | Blur
    | Sharpen
    | Watermark
)

OPERATIONS: dict[str, type[Operation]] = {operation.op: operation for operation in get_args(Operation)}


def changes_nothing(operation: Operation) -> bool:
    """Whether the operation leaves every picture as it is."""
    match operation:
        case AutoOrient(enabled=True) | Rotate(degrees=0) | Sepia(amount=0) | Sharpen(amount=0) | Watermark(opacity=0):
            return True
        case Adjust():
            return not operation.changed()
        case _:
            return False
