"""How large pictures may be, and what memory a rendering may take."""

from math import sqrt

from attrs import field, frozen
from attrs.validators import optional

from imgsvc.domain.errors import ImageTooLarge, OutputTooLarge, TooManyFrames, TooMuchMemory
from imgsvc.domain.field_rules import within
from imgsvc.domain.geometry import Size

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
