"""PillowEngine: the image engine on Pillow."""

import hashlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import BinaryIO
from uuid import UUID

import PIL
from attrs import frozen
from PIL import Image, features

# The families of steps register themselves when they are imported.
from imgsvc.adapters.imaging.pillow import color, effects, geometry, overlay  # noqa: F401
from imgsvc.adapters.imaging.pillow.decisions import Decided, decided
from imgsvc.adapters.imaging.pillow.decoding import Opened, decode, opened
from imgsvc.adapters.imaging.pillow.encoding import encoded
from imgsvc.adapters.imaging.pillow.geometry import laid_out
from imgsvc.adapters.imaging.pillow.overlays import FileOverlay, opened_overlays, told_of_step
from imgsvc.adapters.imaging.pillow.picture import Picture, apply, size_of
from imgsvc.adapters.imaging.pillow.sight import sight_of
from imgsvc.adapters.imaging.pillow.validation import read_all
from imgsvc.adapters.imaging.reach import Reach
from imgsvc.adapters.imaging.text import must_be_drawable
from imgsvc.domain.errors import ImgsvcError, RenderingFailed
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.operations import Operation, Trim, Watermark
from imgsvc.domain.plan import Limits, Plan, plan, sizes_through
from imgsvc.domain.transform import Format, TransformSpec
from imgsvc.domain.variant import Rendition
from imgsvc.ports.imaging import NO_OVERLAYS, Overlays, Rendered

REVISION = 1  # raised whenever the same source and spec come to give other bytes

_LIBRARIES = ("jpg", "libjpeg_turbo", "zlib", "zlib_ng", "libtiff", "webp", "avif", "littlecms2", "freetype2")


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
        return f"pillow-{PIL.__version__}-{hashlib.sha256(repr(versions).encode()).hexdigest()[:8]}"

    def measure(self, source: BinaryIO) -> Facts:
        file = opened(source, self.limits)
        read_all(file, self.limits)
        return file.facts

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
    ) -> Rendered:
        file = opened(source, self.limits)
        shown = opened_overlays(spec, overlays, self.limits)
        planned = plan(spec, file.facts, self.limits, {image: one.facts for image, one in shown.items()})
        self.check(spec)
        with _explained():
            picture = self._worked(spec, planned, file, shown)
            content = self._encoded(picture, planned.format, planned.output.quality)
        size = size_of(picture)
        return Rendered(
            content,
            Rendition(
                media_type=planned.format.media_type, width=size.width, height=size.height, byte_count=len(content)
            ),
        )

    def _worked(
        self, spec: TransformSpec, planned: Plan, file: Opened, overlays: Mapping[UUID, FileOverlay]
    ) -> Picture:
        reach = Reach.of(spec.steps, planned.sizes[0])
        picture = self._decoded(file, reach, upright=spec.auto_orients)
        if reach.resize is not None:
            picture = laid_out(picture, reach.layout, reach.resize.background)
        for index, step in enumerate(reach.rest, len(spec.steps) - len(reach.rest)):
            with told_of_step(index):
                picture = self._applied(decided(step, sight_of(picture), overlays), picture)
            if isinstance(step, Trim):
                self._check_again(spec.steps[index + 1 :], size_of(picture), planned.frames, index + 1)
        return picture

    def _check_again(self, steps: Sequence[Operation], size: Size, frames: int, first: int) -> None:
        """Once a trim has told the size that the rest starts from. Raises OutputTooLarge and CropOutOfBounds."""
        sizes = sizes_through(steps, size, self.limits, first)
        self.limits.check_output(sizes[-1], frames)

    # What the other engine has ways of its own for.

    def _decoded(self, file: Opened, reach: Reach, *, upright: bool) -> Picture:
        return decode(file, reach, upright=upright)

    def _applied(self, operation: Decided, picture: Picture) -> Picture:
        return apply(operation, picture)

    def _encoded(self, picture: Picture, format: Format, quality: int | None) -> bytes:
        return encoded(picture, format, quality)


@contextmanager
def _explained() -> Iterator[None]:
    """What nobody foresaw becomes RenderingFailed, without the library's words."""
    try:
        yield
    except ImgsvcError:
        raise
    except Exception as error:
        raise RenderingFailed("the picture could not be rendered") from error
