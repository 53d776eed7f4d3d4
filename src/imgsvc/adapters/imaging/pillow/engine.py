"""PillowEngine: the image engine on Pillow."""

import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import BinaryIO

import PIL
from attrs import frozen
from PIL import Image, features

# The families of steps register themselves when they are imported.
from imgsvc.adapters.imaging.pillow import color, effects, geometry, overlay  # noqa: F401
from imgsvc.adapters.imaging.pillow.decoding import Opened, decode, opened
from imgsvc.adapters.imaging.pillow.encoding import encoded
from imgsvc.adapters.imaging.pillow.geometry import laid_out
from imgsvc.adapters.imaging.pillow.picture import Picture, apply, size_of
from imgsvc.adapters.imaging.pillow.validation import read_all
from imgsvc.adapters.imaging.reach import Reach
from imgsvc.adapters.imaging.text import must_be_drawable
from imgsvc.domain.errors import ImgsvcError, InvalidInput, RenderingFailed
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.operations import Operation, Watermark
from imgsvc.domain.plan import Limits, plan
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
                try:
                    must_be_drawable(step.text)
                except InvalidInput as error:
                    raise error.under("steps", index) from None

    def render(
        self,
        source: BinaryIO,
        spec: TransformSpec,
        overlays: Overlays = NO_OVERLAYS,
        *,
        deadline: timedelta | None = None,
    ) -> Rendered:
        file = opened(source, self.limits)
        planned = plan(spec, file.facts, self.limits)
        self.check(spec)
        with _explained():
            picture = self._worked(spec, planned.sizes[0], file)
            content = self._encoded(picture, planned.format, planned.output.quality)
        size = size_of(picture)
        return Rendered(
            content,
            Rendition(
                media_type=planned.format.media_type, width=size.width, height=size.height, byte_count=len(content)
            ),
        )

    def _worked(self, spec: TransformSpec, size: Size, file: Opened) -> Picture:
        reach = Reach.of(spec.steps, size)
        picture = self._decoded(file, reach, upright=spec.auto_orients)
        if reach.resize is not None:
            picture = laid_out(picture, reach.layout, reach.resize.background)
        for step in reach.rest:
            picture = self._applied(step, picture)
        return picture

    # What the other engine has ways of its own for.

    def _decoded(self, file: Opened, reach: Reach, *, upright: bool) -> Picture:
        return decode(file, reach, upright=upright)

    def _applied(self, operation: Operation, picture: Picture) -> Picture:
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
