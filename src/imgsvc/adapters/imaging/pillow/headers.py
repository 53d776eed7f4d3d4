"""PillowHeaders: what files say of their pictures, and no pixel."""

from typing import BinaryIO

from attrs import frozen

from imgsvc.adapters.imaging.opening import sniff
from imgsvc.adapters.imaging.pillow.decoding import opened
from imgsvc.adapters.imaging.structure import outlined
from imgsvc.domain.errors import ImageTooLarge
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits

_BOUNDLESS = Limits(max_side=65535, max_pixels=2**40, max_frames=2**20)


@frozen
class PillowHeaders:
    limits: Limits

    def media_type(self, head: bytes) -> str:
        return sniff(head)

    def facts(self, source: BinaryIO) -> Facts:
        source.seek(0)
        content = source.read()
        media_type = sniff(content)
        outline = outlined(media_type, content, _BOUNDLESS.max_frames)
        if outline.size is not None:
            try:
                self.limits.check_source(outline.size)
            except ImageTooLarge:
                # To open it would take memory for every pixel.
                return Facts(
                    media_type=media_type,
                    stored_width=outline.size.width,
                    stored_height=outline.size.height,
                    frames=outline.frames or 1,
                )
        return opened(source, _BOUNDLESS).facts
