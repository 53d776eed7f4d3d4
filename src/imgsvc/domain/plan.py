"""What a spec will do to a picture, computed before a pixel is decoded."""

from collections.abc import Collection, Mapping, Sequence
from functools import singledispatch
from itertools import pairwise
from math import sqrt
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.domain.cost import Work, is_affordable
from imgsvc.domain.errors import ImageTooLarge, InvalidInput, OutputTooLarge, TooManyFrames, TooMuchMemory
from imgsvc.domain.field_rules import within
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.memory import least_memory, most_memory
from imgsvc.domain.operations import Crop, Operation, Pad, Resize, Rotate, Trim
from imgsvc.domain.transform import Format, Output, TransformSpec

TAKES_LESS = "a smaller result takes less, and so does one of another format"


@frozen(kw_only=True)
class Limits:
    """How large pictures may be, on their way in and out, and what memory a rendering may take."""

    max_bytes: int = field(default=25 * 2**20, validator=within(1, 2**40))
    max_side: int = field(default=16384, validator=within(1, 65535))
    max_pixels: int = field(default=50_000_000, validator=within(1, 2**40))  # summed over frames
    max_frames: int = field(default=100, validator=within(1, 2**20))
    max_output_side: int = field(default=8192, validator=within(1, 65535))
    max_output_pixels: int = field(default=50_000_000, validator=within(1, 2**40))
    render_memory: int | None = field(default=None, validator=optional(within(1, 2**50)))  # bytes; None: any

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

    def check_output(self, size: Size, frames: int = 1) -> None:
        """Raises OutputTooLarge."""
        if size.longer_side > self.max_output_side or size.pixels * frames > self.max_output_pixels:
            shown = f"{size.width}x{size.height}"
            raise OutputTooLarge(
                f"a result of {shown} pixels{f' and {frames} frames' if frames > 1 else ''} would be too large",
                value=shown,
                allowed=f"at most {self.max_output_side} pixels a side and {self.max_output_pixels} pixels"
                f"{', all frames together' if frames > 1 else ''}",
            )

    def bounded(self, size: Size) -> Size:
        """The largest of the same shape that a result may have, where this one is larger."""
        factor = min(1, self.max_output_side / size.longer_side, sqrt(self.max_output_pixels / size.pixels))
        return Size(max(1, int(size.width * factor)), max(1, int(size.height * factor)))

    def check_memory(self, least: int) -> None:
        """Raises TooMuchMemory where a rendering cannot be done with less than ``least`` bytes."""
        if self.render_memory is not None and least > self.render_memory:
            raise TooMuchMemory(
                f"this takes {least / 2**20:.0f} MiB of memory at least: {TAKES_LESS}",
                value=least,
                allowed=f"at most {self.render_memory} bytes (IMGSVC_RENDER_MEMORY)",
            )


@frozen
class Verdict:
    """Whether a picture keeps to one limit, in the limit's own unit: pixels, frames or bytes."""

    limit: str  # as the field of Limits is called
    value: int
    allowed: int

    @property
    def fits(self) -> bool:
        return self.value <= self.allowed


@frozen(kw_only=True)
class Plan:
    """What rendering will do; ``sizes`` holds the size before the first step and after each.

    The first ``exact`` of them are certain. Those after a trim are what they come to where there is nothing to trim,
    since only the pixels tell how much of the picture is border.
    """

    sizes: tuple[Size, ...]
    exact: int
    output: Output  # its format is decided
    format: Format
    frames: int  # that are read; of those written, neighbours that come out alike may become one
    megapixels: float  # the cost: decoded, written by every step, and encoded in formats that take their time
    verdicts: tuple[Verdict, ...]
    work: Work = field(repr=False)

    @property
    def memory_bytes(self) -> int:
        """That rendering takes at most, with the process that does it; the file itself is not counted."""
        return most_memory(self.work)

    @property
    def least_memory_bytes(self) -> int:
        """That it takes whatever the pixels are."""
        return least_memory(self.work)

    @property
    def size(self) -> Size:
        return self.sizes[-1]

    @property
    def is_exact(self) -> bool:
        """Whether the result's size is certain."""
        return self.exact == len(self.sizes)

    @property
    def fits(self) -> bool:
        """Whether every limit is kept."""
        return all(one.fits for one in self.verdicts)


Overlays: TypeAlias = Mapping[UUID, Facts]
NO_OVERLAYS: Overlays = MappingProxyType({})

_MOVING = ("image/gif", "image/webp", "image/png", "image/avif")  # in others, further pictures are further pages


def plan(
    spec: TransformSpec,
    facts: Facts,
    limits: Limits,
    overlays: Overlays = NO_OVERLAYS,
    accepted: Collection[str] = (),
) -> Plan:
    """Raises OutputTooLarge, CropOutOfBounds, whose path names the step; TooMuchMemory; ConflictingParameters of the
    output.

    ``overlays`` tells of the images that watermarks name, and ``accepted`` the media types that the client said it
    shows, for the format `auto`.
    """
    found = outlook(spec, facts, limits, overlays, accepted)
    _check_growth(spec.steps, found.sizes, limits)
    limits.check_output(found.size, found.frames)
    limits.check_memory(found.least_memory_bytes)
    return found


def outlook(
    spec: TransformSpec,
    facts: Facts,
    limits: Limits,
    overlays: Overlays = NO_OVERLAYS,
    accepted: Collection[str] = (),
) -> Plan:
    """The same plan, also of what is over the limits; its verdicts tell. Raises CropOutOfBounds and the like."""
    sizes = _sizes(spec.steps, facts.size if spec.auto_orients else facts.stored_size)
    affordable = [kind for kind in accepted if is_affordable(kind, spec.output, sizes[-1])]
    output = spec.output.resolved(facts.media_type, facts.has_alpha, affordable)
    format = output.format
    assert isinstance(format, Format)
    frames = _frames(format, output, facts)
    work = Work(
        steps=spec.steps,
        facts=facts,
        is_upright=spec.auto_orients,
        sizes=sizes,
        output=output,
        format=format,
        frames=frames,
        overlays=tuple(overlays.values()),
    )
    trims = [index for index, step in enumerate(spec.steps) if isinstance(step, Trim)]
    return Plan(
        sizes=tuple(sizes),
        exact=trims[0] + 1 if trims else len(sizes),
        output=output,
        format=format,
        frames=frames,
        megapixels=work.megapixels,
        verdicts=_verdicts(work, limits),
        work=work,
    )


def sizes_through(steps: Sequence[Operation], size: Size, limits: Limits, first: int = 0) -> list[Size]:
    """The size before the first step and after each, once the real size is known, as after a trim.

    Raises OutputTooLarge and CropOutOfBounds, whose path names the step; ``first`` is the number of the first.
    """
    sizes = _sizes(steps, size, first)
    _check_growth(steps, sizes, limits, first)
    return sizes


def _sizes(steps: Sequence[Operation], size: Size, first: int = 0) -> list[Size]:
    sizes = [size]
    for index, step in enumerate(steps, first):
        try:
            sizes.append(size_after(step, sizes[-1]))
        except InvalidInput as error:
            raise error.under("steps", index) from None
    return sizes


def _check_growth(steps: Sequence[Operation], sizes: Sequence[Size], limits: Limits, first: int = 0) -> None:
    for index in range(len(steps)):
        if _grows(sizes[index], sizes[index + 1]):
            try:
                limits.check_output(sizes[index + 1])
            except InvalidInput as error:
                raise error.under("steps", first + index) from None


def _grows(before: Size, after: Size) -> bool:
    """What only takes away may start from any size that was let in."""
    return after.pixels > before.pixels or after.longer_side > before.longer_side


def _frames(format: Format, output: Output, facts: Facts) -> int:
    if not format.animates or facts.media_type not in _MOVING:
        return 1
    return facts.frames if isinstance(output.frames, str) else min(facts.frames, output.frames)


def _verdicts(work: Work, limits: Limits) -> tuple[Verdict, ...]:
    sizes, facts = work.sizes, work.facts
    grown = [after for before, after in pairwise(sizes) if _grows(before, after)]
    sides = [size.longer_side for size in (*grown, sizes[-1])]
    pixels = [*(size.pixels for size in grown), sizes[-1].pixels * work.frames]
    found = (
        Verdict("max_side", facts.stored_size.longer_side, limits.max_side),
        Verdict("max_frames", facts.frames, limits.max_frames),
        Verdict("max_pixels", facts.stored_size.pixels * facts.frames, limits.max_pixels),
        Verdict("max_output_side", max(sides), limits.max_output_side),
        Verdict("max_output_pixels", max(pixels), limits.max_output_pixels),
    )
    # Some pictures do with the least that it may take, so what lies between that and the most is tried.
    memory = (
        () if limits.render_memory is None else (Verdict("render_memory", least_memory(work), limits.render_memory),)
    )
    return (*found, *memory)


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
