"""Examples of every operation and output option, that the reference shows and the tests try.

The first of an operation is the one that stands for it. They suit a picture of 480x320 pixels whose subject is on the
right, at 0.7 across and 0.4 down.
"""

from uuid import UUID

from attrs import frozen

from imgsvc.domain.color import Color
from imgsvc.domain.geometry import FocalPoint, Gravity, Interest, Percent
from imgsvc.domain.operations import (
    Adjust,
    AutoOrient,
    Background,
    Blur,
    Crop,
    Fit,
    Flip,
    Font,
    Grayscale,
    Invert,
    Kernel,
    Mirror,
    Operation,
    Pad,
    Pixelate,
    Resize,
    Rotate,
    Round,
    Sepia,
    Sharpen,
    Tint,
    Trim,
    Watermark,
)
from imgsvc.domain.output import AUTO, Format, Metadata, Output, Profile
from imgsvc.domain.transform import TransformSpec

STAMP = UUID("0190a6f2-7d3b-7c44-9f5e-3a1c52b6d801")  # the image that the example of a watermark names


@frozen
class Example:
    spec: TransformSpec
    shows: str


def _step(step: Operation, shows: str) -> Example:
    return Example(TransformSpec((step,)), shows)


def _output(shows: str, **options: object) -> Example:
    return Example(TransformSpec(output=Output(**options)), shows)  # type: ignore[arg-type]  # told by the classes


_SKY, _NAVY, _CREAM = Color.parse("a8d8ea"), Color.parse("1b2a49"), Color.parse("fff4e0")

EXAMPLES: dict[str, tuple[Example, ...]] = {
    AutoOrient.op: (
        _step(AutoOrient(enabled=False), "the pixels as the camera stored them; without it, pictures come upright"),
    ),
    Crop.op: (
        _step(Crop(x=240, y=40, width=200, height=200), "a box of 200x200 pixels from 240,40"),
        _step(Crop(width=Percent(50), height=Percent(50), gravity=Gravity.SOUTHWEST), "the bottom left quarter"),
        _step(Crop(width=160, height=240, gravity=Interest.SMART), "the 160x240 pixels that draw the eye"),
    ),
    Trim.op: (_step(Trim(tolerance=20), "the border of one colour is gone"),),
    Resize.op: (
        _step(Resize(width=200, height=200), "both sides given: the box is filled, what overhangs is cut off"),
        _step(Resize(width=200, height=200, gravity=FocalPoint(0.7, 0.4)), "the same, about a point that matters"),
        _step(Resize(width=200, height=200, fit=Fit.INSIDE), "all of the picture, within the box"),
        _step(Resize(width=200, height=200, fit=Fit.OUTSIDE), "all of the picture, around the box"),
        _step(Resize(width=200, height=200, fit=Fit.CONTAIN, background=_CREAM), "the rest of the box filled"),
        _step(Resize(width=200, height=200, fit=Fit.STRETCH), "exactly the box, proportions given up"),
        _step(Resize(width=Percent(25), dpr=1.5, kernel=Kernel.NEAREST), "a quarter, for dense pixels, mixed coarsely"),
    ),
    Rotate.op: (
        _step(Rotate(degrees=15, background=_CREAM), "clockwise; the canvas grows, and its corners have a colour"),
        _step(Rotate(degrees=90), "a quarter turn"),
    ),
    Flip.op: (_step(Flip(), "top and bottom change places"),),
    Mirror.op: (_step(Mirror(), "left and right change places"),),
    Pad.op: (_step(Pad(10, 20, 50, 20, _CREAM), "room around, the most below"),),
    Background.op: (_step(Background(_SKY), "a colour behind a cut-out"),),
    Adjust.op: (
        _step(Adjust(brightness=15, contrast=20, saturation=30), "brighter, harder and more colourful"),
        _step(Adjust(hue=150), "colours turned by 150 degrees"),
        _step(Adjust(gamma=0.5), "darker, with black and white where they were"),
    ),
    Grayscale.op: (_step(Grayscale(), "shades of grey"),),
    Sepia.op: (_step(Sepia(amount=80), "like an old photograph, the colours still to be guessed"),),
    Invert.op: (_step(Invert(), "the negative"),),
    Tint.op: (_step(Tint(Color.parse("3060c0")), "shades of one blue"),),
    Blur.op: (_step(Blur(sigma=4), "out of focus"),),
    Sharpen.op: (_step(Sharpen(sigma=1.5, amount=200), "edges stand out"),),
    Pixelate.op: (_step(Pixelate(size=16), "blocks of 16x16 pixels"),),
    Round.op: (
        _step(Round(radius=40), "round corners, transparent outside"),
        _step(Round(radius="max"), "an ellipse"),
    ),
    Watermark.op: (
        _step(Watermark("\N{COPYRIGHT SIGN} Ada Lovelace", opacity=0.8), "a line of text in the bottom right corner"),
        _step(
            Watermark("DRAFT", tile=True, rotate=330, size=Percent(9), opacity=0.35, x=40, y=30, font=Font.SANS_BOLD),
            "all over the picture, turned",
        ),
        _step(
            Watermark(
                "Lake Lugano", Gravity.NORTH, 1, 40, y=20, color=_CREAM, font=Font.SERIF, stroke=2, stroke_color=_NAVY
            ),
            "large letters with a line around each",
        ),
        _step(
            Watermark(image=STAMP, gravity=Gravity.NORTHWEST, opacity=0.9, scale=0.2), "an own image, such as a logo"
        ),
    ),
}

OUTPUT_EXAMPLES: dict[str, Example] = {
    "format": _output("the best format that the client accepts", format=AUTO),
    "quality": _output("a small file, to be looked at in passing", format=Format.JPEG, quality=10),
    "lossless": _output("every pixel as it is", format=Format.WEBP, lossless=True),
    "progressive": _output("shown coarsely first while it loads", format=Format.JPEG, progressive=True),
    "png_level": _output("packed as small as png can be", format=Format.PNG, png_level=9),
    "max_bytes": _output("the best quality of at most 20 000 bytes", format=Format.WEBP, max_bytes=20_000),
    "never_larger": _output("no more bytes than the original has", format=Format.JPEG, never_larger=True),
    "metadata": _output("nothing about who, where and how", metadata=Metadata.NONE),
    "icc": _output("the original's colour space, with its profile", icc=Profile.KEEP),
    "frames": _output("only the first picture of an animation", format=Format.WEBP, frames=1),
}
