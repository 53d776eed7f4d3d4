"""What everything is called in the compact form."""

from attrs import fields

from imgsvc.domain.operations import OPERATIONS, Adjust, Crop, Operation, Resize, Watermark

MAX_LENGTH = 2048
PRESET = "p"  # which is none of these names: wanted_specs.py reads it, where a spec may begin with one

OUTPUT = {
    "f": "format",
    "q": "quality",
    "ll": "lossless",
    "pr": "progressive",
    "pl": "png_level",
    "mb": "max_bytes",
    "nl": "never_larger",
    "md": "metadata",
    "icc": "icc",
    "fr": "frames",
}
# A resize in single keys, which stand next to each other; they may also refine an `rs` right before them.
RESIZE = {
    "w": "width",
    "h": "height",
    "fit": "fit",
    "g": "gravity",
    "el": "enlarge",
    "dpr": "dpr",
    "kernel": "kernel",
}
KEYS_ALONE = ("el", "dpr", "kernel")  # which have no place among the arguments of `rs`
POSITIONAL = {kind.compact: kind for kind in OPERATIONS.values() if isinstance(kind.compact, str)}
# A watermark's source is a text or an image, and what follows the opacity how large that is.
STAMP = ("source", "gravity", "opacity", "size", "x", "y", "color", "tile", "rotate", "font", "stroke", "stroke_color")
# What the arguments of an operation are, in order; a crop at a gravity is read by itself.
ARGUMENTS: dict[type[Operation], list[str]] = {
    **{kind: [one.name for one in fields(kind)] for kind in POSITIONAL.values()},
    Crop: ["x", "y", "width", "height"],
    Resize: ["fit", "width", "height", "gravity", "background"],
    Watermark: list(STAMP),
}
LONG_NAMES = {
    **{name: compact for shorts in (OUTPUT, RESIZE, Adjust.compact) for compact, name in shorts.items()},
    **{kind.op: compact for compact, kind in POSITIONAL.items()},
}
NAMES = {*POSITIONAL, *OUTPUT, *RESIZE, *Adjust.compact}
