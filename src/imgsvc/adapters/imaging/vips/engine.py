"""VipsEngine: the image engine on libvips, and on libjpeg-turbo."""

import hashlib
import platform
from functools import cached_property
from importlib.metadata import version

from attrs import field, frozen

from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.kept import KeptPictures
from imgsvc.adapters.imaging.pillow.decisions import Decided
from imgsvc.adapters.imaging.pillow.decoding import Opened
from imgsvc.adapters.imaging.pillow.engine import PillowEngine
from imgsvc.adapters.imaging.pillow.frames import Frames
from imgsvc.adapters.imaging.pillow.picture import Picture
from imgsvc.adapters.imaging.vips import geometry  # noqa: F401  # a family of steps, which registers itself
from imgsvc.adapters.imaging.vips.decoding import decode
from imgsvc.adapters.imaging.vips.encoding import encoded
from imgsvc.adapters.imaging.vips.library import VERSION
from imgsvc.adapters.imaging.vips.steps import apply
from imgsvc.domain.output import Output
from imgsvc.domain.reach import Reach

REVISION = 5  # raised whenever the same source and spec come to give other bytes


@frozen
class VipsEngine(PillowEngine):
    """The other engine with its slowest parts replaced: it measures alike, and what it cannot do that one does.

    An engine that keeps pictures is for one thread.
    """

    kept: KeptPictures = field(factory=KeptPictures, eq=False, repr=False, kw_only=True)

    @cached_property
    def fingerprint(self) -> str:
        versions = [REVISION, platform.machine(), version("simplejpeg"), PillowEngine(self.limits).fingerprint]
        return f"vips-{VERSION}-{hashlib.sha256(repr(versions).encode()).hexdigest()[:8]}"

    def _decoded(self, file: Opened, reach: Reach, *, upright: bool) -> Picture:
        return decode(file, reach, self.kept, upright=upright)

    def _applied(self, operation: Decided, picture: Picture) -> Picture:
        return apply(operation, picture)

    def _encoded(self, frames: Frames, output: Output, carry: Carried) -> bytes:
        return encoded(frames, output, carry)
