"""The images that watermarks show, as files until it is known how large they are wanted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO
from uuid import UUID

from attrs import frozen
from PIL import Image

from imgsvc.adapters.imaging.pillow.decoding import Opened, decode, opened
from imgsvc.adapters.imaging.pillow.geometry import resampled
from imgsvc.domain.errors import InvalidInput, InvalidParameter
from imgsvc.domain.geometry import Box, Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.operations import MAX_SIDE, Fit, Resize
from imgsvc.domain.reach import Reach
from imgsvc.domain.transform import TransformSpec


@frozen
class FileOverlay:
    """An image whose header was read; its first frame, upright, is decoded no larger than it is wanted."""

    content: bytes
    limits: Limits
    facts: Facts

    @classmethod
    def of(cls, source: BinaryIO, limits: Limits) -> "FileOverlay":
        """Raises what ``opened`` raises."""
        file = opened(source, limits)
        source.seek(0)
        return cls(source.read(), limits, file.facts)

    @property
    def size(self) -> Size:
        return self.facts.size

    def scaled(self, size: Size) -> Image.Image:
        picture = decode(self._file(), self._reach(size), upright=True)
        return resampled(picture, size, Box(0, 0, size.width, size.height))

    def _file(self) -> Opened:
        # Anew, since the pixels of a file can be had once.
        return opened(BytesIO(self.content), self.limits)

    def _reach(self, size: Size) -> Reach:
        """A resize that a JPEG's reader can profit from; none where that would be longer than a resize may."""
        whole = Box(0, 0, self.size.width, self.size.height)
        resize = Resize(size.width, size.height, Fit.STRETCH, enlarge=True) if size.longer_side <= MAX_SIDE else None
        return Reach(whole, resize, ())


def opened_overlays(spec: TransformSpec, sources: Mapping[UUID, BinaryIO], limits: Limits) -> dict[UUID, FileOverlay]:
    """Those that the spec names. Raises InvalidInput, whose path names the step, as ``opened`` does."""
    found = {}
    for image, index in spec.overlays.items():
        with told_of_step(index, "image"):
            if image not in sources:
                raise InvalidParameter(f"the watermark's image {image} was not given", value=str(image))
            found[image] = FileOverlay.of(sources[image], limits)
    return found


@contextmanager
def told_of_step(index: int, *below: str) -> Iterator[None]:
    """What the input is blamed for is told with the step's place in the spec."""
    try:
        yield
    except InvalidInput as error:
        raise error.under("steps", index, *below) from error.__cause__
