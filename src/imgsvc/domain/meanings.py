"""What each parameter of the transform language means, in a phrase; and its default, where the class cannot show it.

A phrase begins where the name of the parameter ends. Range and unit are the field's own, and not said again.
"""

from enum import StrEnum
from typing import Any

from imgsvc.domain.geometry import Interest
from imgsvc.domain.operations import (
    Adjust,
    AutoOrient,
    Background,
    Blur,
    Crop,
    Fit,
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
from imgsvc.domain.output import Format, Metadata, Output, Profile

MEANINGS: dict[type[Any], dict[str, str]] = {
    AutoOrient: {"enabled": "false leaves the pixels as they are stored"},
    Crop: {
        "x": "how far from the left edge the box begins",
        "y": "how far from the top edge the box begins",
        "width": "of the box",
        "height": "of the box",
        "gravity": "which part stays, instead of x and y",
    },
    Trim: {
        "tolerance": "by how much a channel may differ and still be border",
        "color": "of the border",
    },
    Resize: {
        "width": "of the box that the picture is fitted to",
        "height": "of the same box; one side may be left out",
        "fit": "what is done where box and picture have other proportions",
        "gravity": "what stays where `cover` cuts, or where the picture lies in `contain`",
        "enlarge": "whether a smaller picture may become larger",
        "background": "what `contain` fills the rest of the box with",
        "dpr": "times that width and height are taken, for screens of dense pixels",
        "kernel": "how pixels are mixed, from coarse to fine",
    },
    Rotate: {"degrees": "clockwise", "background": "colour of the new corners"},
    Pad: {
        "top": "room above",
        "right": "room on the right",
        "bottom": "room below",
        "left": "room on the left",
        "background": "colour of the room",
    },
    Background: {"color": "what shines through"},
    Adjust: {
        "brightness": "darker below 0, brighter above",
        "contrast": "softer below 0, harder above",
        "saturation": "greyer below 0, more colourful above",
        "hue": "by how much colours are turned on their wheel",
        "gamma": "darker below 1, brighter above, black and white staying",
    },
    Sepia: {"amount": "how much of it is mixed in"},
    Tint: {"color": "of the shades", "amount": "how much of them is mixed in"},
    Blur: {"sigma": "how far a pixel is spread"},
    Sharpen: {"sigma": "how wide the edges are that are sharpened", "amount": "how much is added"},
    Pixelate: {"size": "of a block's side"},
    Round: {"radius": "of the corners, or `max` for an ellipse"},
    Watermark: {
        "text": "one line, in any letters that the fonts have",
        "gravity": "the corner or edge where it stands",
        "opacity": "0 is invisible, 1 hides what is behind",
        "size": "of the text, in pixels or of the picture's width",
        "x": "margin from the left or right edge, or the gap between tiles",
        "y": "margin from the top or bottom edge, or the gap between tiles",
        "color": "of the text",
        "font": "of the text",
        "stroke": "width of the line around each letter",
        "stroke_color": "colour of that line",
        "image": "an own image instead of a text",
        "scale": "width of the image, as a part of the picture's",
        "tile": "whether it is repeated all over the picture",
        "rotate": "clockwise, of the watermark itself",
    },
    Output: {
        "format": "of the result; `auto` is the best that the client accepts",
        "quality": "of formats that lose details: fewer bytes below, finer above; the others have none",
        "lossless": "every pixel as it is, in avif within 3 of 255; png and tiff are so anyway; takes long",
        "progressive": "shown coarsely first while it loads, for jpeg and png",
        "png_level": "how hard png is packed: 0 is fast, 9 is small",
        "max_bytes": "the best quality is taken that keeps the result this small",
        "never_larger": "the same, with the size of the original file",
        "metadata": "what is kept of what the original says about itself; of EXIF, GIF holds artist and copyright",
        "icc": "the colour space of the result",
        "frames": "the first so many of an animation; `first` is 1; neighbours that come out alike become one",
    },
}

DEFAULTS: dict[tuple[type[Any], str], str] = {
    (Crop, "x"): "0 where y is given",
    (Crop, "y"): "0 where x is given",
    (Crop, "gravity"): "center without x and y",
    (Trim, "color"): "the top-left pixel's",
    (Resize, "width"): "in proportion",
    (Resize, "height"): "in proportion",
    (Resize, "fit"): "cover with both sides, else inside",
    (Resize, "background"): "transparent",
    (Rotate, "background"): "transparent, or white without alpha",
    (Pad, "right"): "as top",
    (Pad, "bottom"): "as top",
    (Pad, "left"): "as right",
    (Pad, "background"): "transparent",
    (Watermark, "text"): "a text or an image is needed",
    (Watermark, "image"): "a text or an image is needed",
    (Output, "format"): "the source's, or png where that cannot be written",
    (Output, "quality"): ", ".join(f"{one} {one.default_quality}" for one in Format if one.default_quality),
    (Output, "png_level"): "the engine's",
    (Output, "max_bytes"): "no limit",
}

# Of words that do not explain themselves.
CHOICES: dict[StrEnum, str] = {
    Fit.INSIDE: "all of the picture, within the box",
    Fit.OUTSIDE: "all of the picture, around the box",
    Fit.COVER: "the box filled, what overhangs cut off",
    Fit.CONTAIN: "all of the picture, the rest of the box filled",
    Fit.STRETCH: "exactly the box, proportions given up",
    Interest.SMART: "what draws the eye; `attention` is the same",
    Interest.ENTROPY: "where most is going on",
    Metadata.NONE: "nothing",
    Metadata.COPYRIGHT: "who made it and whose it is",
    Metadata.SAFE: "all but places, serial numbers, thumbnails and makers' notes",
    Metadata.ALL: "everything but thumbnails, and what says how the picture was stored",
    Profile.SRGB: "sRGB, which every screen shows alike",
    Profile.KEEP: "the source's, with its profile",
}
