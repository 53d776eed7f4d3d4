"""PillowEngine: the image engine on Pillow."""

import hashlib
import platform
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import BinaryIO
from uuid import UUID

import PIL
from attrs import field, frozen
from PIL import AvifImagePlugin, Image, features

from imgsvc.adapters.imaging.animation import frames_in
from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.fitting import fitted, is_searched
from imgsvc.adapters.imaging.metadata.writing import labelled
from imgsvc.adapters.imaging.pillow import color, effects, geometry, overlay  # noqa: F401  # the families of steps register
from imgsvc.adapters.imaging.pillow.carrying import carried, delay_of, fit_for
from imgsvc.adapters.imaging.pillow.decisions import Decided, decided
from imgsvc.adapters.imaging.pillow.decoding import Opened, decode, frame_numbers, go_to, opened
from imgsvc.adapters.imaging.pillow.encoding import encoded
from imgsvc.adapters.imaging.pillow.frames import Frame, Frames
from imgsvc.adapters.imaging.pillow.geometry import laid_out
from imgsvc.adapters.imaging.pillow.overlays import FileOverlay, opened_overlays, told_of_step
from imgsvc.adapters.imaging.pillow.picture import Picture, apply, size_of
from imgsvc.adapters.imaging.pillow.profiles import in_colors_of
from imgsvc.adapters.imaging.pillow.sight import sight_of
from imgsvc.adapters.imaging.pillow.validation import read_all
from imgsvc.adapters.imaging.text import must_be_drawable
from imgsvc.domain.errors import ImgsvcError, RenderingFailed
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.operations import Operation, Trim, Watermark
from imgsvc.domain.plan import Plan, plan
from imgsvc.domain.reach import Reach
from imgsvc.domain.rendering_memory import least_to_encode
from imgsvc.domain.sizes import sizes_through
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.domain.variant import Rendition
from imgsvc.ports.imaging import NO_OVERLAYS, Overlays, Rendered

REVISION = 4  # raised whenever the same source and spec come to give other bytes

_LIBRARIES = ("jpg", "libjpeg_turbo", "zlib", "zlib_ng", "libtiff", "webp", "avif", "littlecms2", "freetype2")


@frozen
class _Work:
    """All that the frames of a rendering have in common."""

    spec: TransformSpec
    planned: Plan
    file: Opened
    overlays: Mapping[UUID, FileOverlay]
    carry: Carried
    decisions: dict[int, Decided] = field(factory=dict)  # by the places of their steps


@frozen
class PillowEngine:
    limits: Limits

    def __attrs_post_init__(self) -> None:
        # Pillow's own limit must let through what ours does. Never lowered or lifted: it is the whole process's.
        needed = max(self.limits.max_pixels, self.limits.max_output_pixels)
        if Image.MAX_IMAGE_PIXELS is not None:
            Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, needed)

    @cached_property
    def fingerprint(self) -> str:
        # The machine too: nobody promises that its arithmetic rounds as another's.
        versions = [REVISION, platform.machine(), *(features.version(library) for library in _LIBRARIES)]
        versions += [AvifImagePlugin.get_codec_version("aom"), zlib.ZLIB_RUNTIME_VERSION]
        return f"pillow-{PIL.__version__}-{hashlib.sha256(repr(versions).encode()).hexdigest()[:8]}"

    def measure(self, source: BinaryIO) -> Facts:
        file = opened(source, self.limits)
        return read_all(file, self.limits)

    def check(self, spec: TransformSpec) -> None:
        for index, step in enumerate(spec.steps):
            if isinstance(step, Watermark) and step.text is not None:
                with told_of_step(index):
                    must_be_drawable(step.text, step.font)

    def render(
        self,
        source: BinaryIO,
        spec: TransformSpec,
        overlays: Overlays = NO_OVERLAYS,
        *,
        deadline: timedelta | None = None,
        digest: str | None = None,
    ) -> Rendered:
        file = opened(source, self.limits)
        shown = opened_overlays(spec, overlays, self.limits)
        planned = plan(spec, file.facts, self.limits, {image: one.facts for image, one in shown.items()})
        self.check(spec)
        with _explained():
            work = _Work(spec, planned, file, shown, carried(file, planned.output))
            numbers = frame_numbers(file, planned.frames)
            frames = Frames(self._frames(work, numbers), len(numbers), kept=is_searched(planned.output))
            carry = fit_for(frames.first, work.carry)
            content = fitted(
                lambda output: labelled(self._encoded(frames, output, carry), planned.format, carry),
                planned.output,
                len(file.content),
            )
        return Rendered(content, _rendition(content, planned.format, size_of(frames.first)))

    def _frames(self, work: _Work, numbers: range) -> Iterator[Frame]:
        for number in numbers:
            go_to(work.file, number)
            picture = self._worked(work)
            yield Frame(in_colors_of(work.carry.icc, picture), delay_of(work.file))

    def _worked(self, work: _Work) -> Picture:
        """The frame that the file is at, after all steps; what the pixels of the first decide holds for all."""
        steps = work.spec.steps
        reach = Reach.of(steps, work.planned.sizes[0])
        picture = self._decoded(work.file, reach, upright=work.spec.auto_orients)
        if reach.resize is not None:
            picture = laid_out(picture, reach.layout, reach.resize.background)
        for index, step in enumerate(reach.rest, len(steps) - len(reach.rest)):
            with told_of_step(index):
                decision = work.decisions.get(index) or decided(step, sight_of(picture), work.overlays)
                if work.planned.frames > 1:  # else stamps would stay in memory for nobody
                    work.decisions[index] = decision
                picture = self._applied(decision, picture)
            if isinstance(step, Trim):
                self._check_again(steps[index + 1 :], size_of(picture), work.planned, index + 1)
        return picture

    def _check_again(self, steps: Sequence[Operation], size: Size, planned: Plan, first: int) -> None:
        """Once a trim has told the size that the rest starts from.

        Raises OutputTooLarge, CropOutOfBounds, TooMuchMemory.
        """
        result = sizes_through(steps, size, self.limits, first)[-1]
        self.limits.check_output(result, planned.frames)
        if not any(isinstance(step, Trim) for step in steps):
            self.limits.check_memory(least_to_encode(planned.format, planned.output, result, planned.frames))

    # What the other engine has ways of its own for.

    def _decoded(self, file: Opened, reach: Reach, *, upright: bool) -> Picture:
        return decode(file, reach, upright=upright)

    def _applied(self, operation: Decided, picture: Picture) -> Picture:
        return apply(operation, picture)

    def _encoded(self, frames: Frames, output: Output, carry: Carried) -> bytes:
        return encoded(frames, output, carry)


def _rendition(content: bytes, format: Format, size: Size) -> Rendition:
    return Rendition(
        media_type=format.media_type,
        width=size.width,
        height=size.height,
        byte_count=len(content),
        frames=frames_in(content, format),
    )


@contextmanager
def _explained() -> Iterator[None]:
    """What nobody foresaw becomes RenderingFailed, without the library's words."""
    try:
        yield
    except ImgsvcError:
        raise
    except Exception as error:
        raise RenderingFailed("the picture could not be rendered") from error
