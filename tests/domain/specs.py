"""Every valid TransformSpec, as a Hypothesis strategy; and other input that tests of the domain share."""

import unicodedata
from math import ceil
from typing import Any, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from imgsvc.domain.color import Color
from imgsvc.domain.geometry import FocalPoint, Gravity, Interest, Percent
from imgsvc.domain.image import Facts
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
from imgsvc.domain.transform import MAX_STEPS, MAX_WATERMARKS, TransformSpec

# Few enough examples for every run, and no stop-watch: a busy machine is no bug.
modestly = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    """Whole ones, round ones and any other, with the digits that Python happens to print."""
    whole = st.integers(ceil(low), int(high))
    tenths = st.integers(ceil(low * 10), int(high * 10)).map(lambda tenth: tenth / 10)
    return st.one_of(whole, tenths, st.floats(low, high))


def lengths(least: int, most: int, most_percent: int = 100) -> st.SearchStrategy[int | Percent]:
    percents = numbers(0.000001 if least else 0, most_percent).map(Percent)
    return st.one_of(st.integers(least, most), percents)


def is_writable(text: str) -> bool:
    composed = unicodedata.normalize("NFC", text)
    return (
        1 <= len(composed) <= 256
        and bool(composed.strip())
        and not any(unicodedata.category(one)[0] == "C" for one in composed)
    )


def texts(longest: int = 40) -> st.SearchStrategy[str]:
    characters = st.characters(exclude_categories=("C", "Zl", "Zp"))
    return st.text(characters, min_size=1, max_size=longest).filter(is_writable)


colors = st.builds(Color, *[st.integers(0, 255)] * 3, st.sampled_from([255, 255, 254, 128, 0]))
gravities = st.sampled_from(Gravity)
points = st.builds(FocalPoint, numbers(0, 1), numbers(0, 1))
anchors = st.one_of(gravities, st.sampled_from(Interest), points)
maybe_color = st.none() | colors


@st.composite
def crops(draw: st.DrawFn) -> Crop:
    box: dict[str, Any] = {"width": draw(lengths(1, 65535)), "height": draw(lengths(1, 65535))}
    if draw(st.booleans()):
        box |= {"x": draw(st.none() | lengths(0, 65535)), "y": draw(st.none() | lengths(0, 65535))}
    if box.get("x") is None and box.get("y") is None:
        box["gravity"] = draw(st.none() | anchors)
    return Crop(**box)


@st.composite
def resizes(draw: st.DrawFn, most: int = 8192) -> Resize:
    width = draw(st.none() | lengths(1, most, 1000))
    sides: dict[str, Any] = {
        "width": width,
        "height": draw(lengths(1, most, 1000) if width is None else st.none() | lengths(1, most, 1000)),
    }
    if draw(st.booleans()):
        sides["fit"] = draw(st.sampled_from(Fit))
    return Resize(
        **sides,
        gravity=draw(gravities if sides.get("fit") is Fit.CONTAIN else anchors),
        enlarge=draw(st.booleans()),
        background=draw(maybe_color),
        dpr=draw(st.just(1) | numbers(0.1, 8)),
        kernel=draw(st.sampled_from(Kernel)),
    )


@st.composite
def pads(draw: st.DrawFn, most: int = 4000) -> Pad:
    """Often with sides that are alike, so that each way to leave some out is met."""
    some = st.sampled_from([draw(st.integers(0, most)), draw(st.integers(0, 40))])
    given_sides = draw(st.lists(some, min_size=1, max_size=4))
    return Pad(*given_sides, background=draw(maybe_color))


_STAMP: dict[str, Any] = {
    "gravity": gravities,
    "opacity": numbers(0, 1),
    "x": lengths(0, 8192),
    "y": lengths(0, 8192),
    "tile": st.booleans(),
    "rotate": numbers(-360, 360),
}
_TEXT: dict[str, Any] = {
    "font": st.sampled_from(Font),
    "stroke": st.integers(0, 20),
    "stroke_color": colors,
}

OPERATIONS: dict[type[Operation], st.SearchStrategy[Any]] = {
    AutoOrient: st.just(AutoOrient(enabled=False)),
    Crop: crops(),
    Trim: st.builds(Trim, st.integers(0, 254), maybe_color),
    Resize: resizes(),
    Rotate: st.builds(Rotate, numbers(-360, 360), maybe_color),
    Flip: st.just(Flip()),
    Mirror: st.just(Mirror()),
    Pad: pads(),
    Background: st.builds(Background, colors),
    Adjust: st.builds(
        Adjust,
        *[st.just(0) | numbers(-100, 100)] * 3,
        hue=st.just(0) | st.integers(0, 359),
        gamma=st.just(1) | numbers(0.3, 3),
    ),
    Grayscale: st.just(Grayscale()),
    Sepia: st.builds(Sepia, numbers(0, 100)),
    Invert: st.just(Invert()),
    Tint: st.builds(Tint, colors, numbers(0, 100)),
    Blur: st.builds(Blur, numbers(0.3, 250)),
    Sharpen: st.builds(Sharpen, numbers(0.1, 10), numbers(0, 500)),
    Pixelate: st.builds(Pixelate, st.integers(2, 200)),
    Round: st.builds(Round, st.just("max") | st.integers(1, 4096)),
    Watermark: st.builds(Watermark, texts(), size=lengths(1, 1000), color=colors, **_TEXT, **_STAMP)
    | st.builds(Watermark, image=st.uuids(), scale=numbers(0.001, 1), **_STAMP),
}
assert set(OPERATIONS) == set(get_args(Operation)), "every operation has a strategy"

operations = st.one_of(*OPERATIONS.values())


@st.composite
def _outputs(draw: st.DrawFn) -> Output:
    format = draw(st.none() | st.sampled_from([*Format, AUTO]))
    options: dict[str, Any] = {
        "lossless": draw(st.booleans()) if format not in (Format.JPEG, Format.GIF) else False,
        "progressive": draw(st.booleans()) if format in (None, AUTO, Format.JPEG, Format.PNG) else False,
        "png_level": draw(st.none() | st.integers(0, 9)) if format in (None, AUTO, Format.PNG) else None,
        "frames": draw(st.sampled_from(["all", "first", 1])),
    }
    if format in (None, AUTO, Format.GIF, Format.WEBP):
        options["frames"] = draw(st.just("all") | st.integers(1, 100))
    return Output(
        format,
        draw(st.none() | st.integers(1, 100)),
        max_bytes=draw(st.none() | st.integers(1, 2**29)),
        never_larger=draw(st.booleans()),
        metadata=draw(st.sampled_from(Metadata)),
        icc=draw(st.sampled_from(Profile)),
        **options,
    )


outputs = _outputs()


def specs() -> st.SearchStrategy[TransformSpec]:
    steps = st.lists(operations, max_size=MAX_STEPS).filter(
        lambda some: sum(isinstance(step, Watermark) for step in some) <= MAX_WATERMARKS
    )
    return st.builds(TransformSpec, steps, outputs)


def facts(longest: int = 16384) -> st.SearchStrategy[Facts]:
    sides = st.one_of(st.just(1), st.integers(1, 50), st.integers(1, longest), st.just(longest))
    return st.builds(
        Facts,
        media_type=st.sampled_from(["image/jpeg", "image/png", "image/bmp"]),
        stored_width=sides,
        stored_height=sides,
        orientation=st.integers(1, 8),
    )


# Words of the language among arbitrary ones, so that what is read gets past the first check.
_WORDS = (
    "steps output op format quality transformations operation params filters apply_filter auto_orient orient crop "
    "resize rotate flip mirror pad background adjust brightness contrast saturation hue gamma grayscale greyscale "
    "sepia invert tint blur sharpen pixelate round watermark x y width height fit gravity enlarge degrees top right "
    "bottom left color enabled sigma amount radius text opacity size compress cover center jpeg webp max red 50% "
    "1000% true trim tolerance smart entropy fp:0.5:0.25 dpr kernel image scale tile font stroke lossless progressive "
    "png_level max_bytes never_larger metadata icc frames all first avif tiff auto"
)
words = st.sampled_from(_WORDS.split())
_anything = st.text(st.characters(codec=None), max_size=12)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 300),
    st.sampled_from([10**400, -(10**4000), 2**63, 1e300, -0.0, 1.5]),
    st.floats(),
    words,
    _anything,
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | _anything, inner, max_size=4),
    max_leaves=12,
)
