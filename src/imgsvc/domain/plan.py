"""What a spec will do to a picture, computed before a pixel is decoded."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from attrs import field, frozen

from imgsvc.domain.cost import Work, is_affordable
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.operations import Trim
from imgsvc.domain.rendering_memory import least_memory, most_memory
from imgsvc.domain.sizes import check_growth, grows, sizes_of
from imgsvc.domain.transform import Format, Output, TransformSpec


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


OverlayFacts: TypeAlias = Mapping[UUID, Facts]
NO_OVERLAY_FACTS: OverlayFacts = MappingProxyType({})

_MOVING = ("image/gif", "image/webp", "image/png", "image/avif")  # in others, further pictures are further pages


def plan(
    spec: TransformSpec,
    facts: Facts,
    limits: Limits,
    overlays: OverlayFacts = NO_OVERLAY_FACTS,
    accepted: Collection[str] = (),
) -> Plan:
    """Raises OutputTooLarge, CropOutOfBounds, whose path names the step; TooMuchMemory; ConflictingParameters of the
    output.

    ``overlays`` tells of the images that watermarks name, and ``accepted`` the media types that the client said it
    shows, for the format `auto`.
    """
    found = outlook(spec, facts, limits, overlays, accepted)
    check_growth(spec.steps, found.sizes, limits)
    limits.check_output(found.size, found.frames)
    limits.check_memory(found.least_memory_bytes)
    return found


def outlook(
    spec: TransformSpec,
    facts: Facts,
    limits: Limits,
    overlays: OverlayFacts = NO_OVERLAY_FACTS,
    accepted: Collection[str] = (),
) -> Plan:
    """The same plan, also of what is over the limits; its verdicts tell. Raises CropOutOfBounds and the like."""
    sizes = sizes_of(spec.steps, facts.size if spec.auto_orients else facts.stored_size)
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


def _frames(format: Format, output: Output, facts: Facts) -> int:
    if not format.animates or facts.media_type not in _MOVING:
        return 1
    return facts.frames if isinstance(output.frames, str) else min(facts.frames, output.frames)


def _verdicts(work: Work, limits: Limits) -> tuple[Verdict, ...]:
    sizes, facts = work.sizes, work.facts
    grown = [after for before, after in pairwise(sizes) if grows(before, after)]
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
