"""What reads and changes pictures."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import BinaryIO, Protocol, TypeAlias
from uuid import UUID

from attrs import frozen

from imgsvc.domain.image import Facts
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import Rendition


@frozen
class Rendered:
    """A rendering: its bytes and what they are."""

    content: bytes
    rendition: Rendition


# The pictures that watermarks name, by the images' ids.
Overlays: TypeAlias = Mapping[UUID, BinaryIO]
NO_OVERLAYS: Overlays = MappingProxyType({})


class HeaderReader(Protocol):
    """Reads what files say of their pictures before the pixels, and looks at no pixel. Safe from any thread."""

    def media_type(self, head: bytes) -> str:
        """By the first bytes of a file, 4096 or all of them; raises UnsupportedFormat."""

    def facts(self, source: BinaryIO) -> Facts:
        """Also of a picture that is over the limits, or whose pixels cannot be read.

        Raises UnsupportedFormat and CorruptImage. Of a picture that could not be opened without much memory only size
        and frames are told.
        """


class ImageEngine(Protocol):
    """Decodes, transforms and encodes pictures, within the limits it was made with.

    Reads JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF, and HEIC where support for it is installed; by content and never
    by name. Calls are safe from any thread. Streams can seek, are read from their start and stay open.
    """

    @property
    def fingerprint(self) -> str:
        """Names the engine and whatever else determines its bytes; letters, digits and ``.-_``.

        Equal fingerprints make equal bytes of equal sources and specs.
        """

    def measure(self, source: BinaryIO) -> Facts:
        """The facts of a picture whose every pixel can be read.

        Raises UnsupportedFormat; ImageTooLarge and TooManyFrames from the header alone; CorruptImage; Busy where too
        much waits already; RenderingFailed, RenderingTimedOut, RenderingOutOfMemory or RenderingCrashed where reading
        it costs too much. A crash is the picture's only where it has ended two processes: one alone may have been
        killed by somebody.
        """

    def check(self, spec: TransformSpec) -> None:
        """Raises InvalidInput for what this engine cannot do, such as text that its fonts cannot write."""

    def render(
        self,
        source: BinaryIO,
        spec: TransformSpec,
        overlays: Overlays = NO_OVERLAYS,
        *,
        deadline: timedelta | None = None,
        digest: str | None = None,
    ) -> Rendered:
        """Apply the spec, to each frame where the output has several.

        ``digest`` is the SHA-256 of the source, where the caller knows it: an engine that still has the picture may
        render it without reading the source. Or it reads the file whose ``fileno`` the source has, and goes by the
        source where other bytes are in it.

        A process that has done nothing else takes no less memory for it than its plan's ``least_memory_bytes``, by
        which plans refuse; and of pictures of 8 bits a channel no more than ``memory_bytes`` and the source's own.

        Where the engine can be stopped it is after ``deadline``, or its own. Raises what ``measure``, ``check`` and
        ``plan`` raise, those of an overlay under its step; TooManyBytes; Busy where too much waits already;
        RenderingFailed, RenderingTimedOut, RenderingOutOfMemory, RenderingCrashed as ``measure`` does.
        """
