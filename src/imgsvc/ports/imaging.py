"""What reads and changes pictures."""

from typing import BinaryIO, Protocol

from attrs import frozen

from imgsvc.domain.image import Facts
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.variant import Rendition


@frozen
class Rendered:
    """A rendering: its bytes and what they are."""

    content: bytes
    rendition: Rendition


class ImageEngine(Protocol):
    """Decodes, transforms and encodes pictures, within the limits it was made with.

    Reads JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF, by content and never by name. Calls are safe from any thread.
    Streams can seek, are read from their start and stay open.
    """

    @property
    def fingerprint(self) -> str:
        """Names the engine and whatever else determines its bytes; letters, digits and ``.-_``.

        Equal fingerprints make equal bytes of equal sources and specs.
        """

    def measure(self, source: BinaryIO) -> Facts:
        """The facts of a picture whose every pixel can be read.

        Raises UnsupportedFormat; ImageTooLarge and TooManyFrames from the header alone; CorruptImage; Busy where too
        much waits already; RenderingFailed, or RenderingTimedOut, where reading it takes more than it may.
        """

    def check(self, spec: TransformSpec) -> None:
        """Raises InvalidInput for what this engine cannot do, such as text that its fonts cannot write."""

    def render(self, source: BinaryIO, spec: TransformSpec) -> Rendered:
        """Apply the spec; the first frame where there are several.

        Raises what ``measure``, ``check`` and ``plan`` raise, Busy where too much waits already, RenderingFailed and
        RenderingTimedOut.
        """
