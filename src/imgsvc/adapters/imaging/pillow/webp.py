"""WebP: pictures, and animations frame by frame."""

from io import BytesIO
from typing import Any

from PIL import Image

from imgsvc.adapters.imaging.animation import with_alpha_flagged
from imgsvc.adapters.imaging.pillow.frames import Frames
from imgsvc.adapters.imaging.pillow.picture import Picture, has_alpha, in_mode
from imgsvc.domain.output import Output

_METHOD = 4
_EFFORT = 75  # what quality means to the lossless encoder


def webp(frames: Frames, output: Output, quality: int, plays: int) -> bytes:
    """Neighbours that are equal, or that the quality makes so, become one frame."""
    stream = BytesIO()
    options: dict[str, Any] = {"quality": quality, "method": _METHOD}
    if output.lossless:
        options |= {"lossless": True, "quality": _EFFORT}
    if frames.count == 1:
        _prepared(frames.first).save(stream, "WEBP", **options)
    else:
        reel = _Reel(frames)
        reel.save(stream, "WEBP", save_all=True, duration=reel.delays, loop=plays, **options)
    return with_alpha_flagged(stream.getvalue())


def _prepared(picture: Picture) -> Picture:
    return in_mode(picture, "RGBA" if has_alpha(picture) else "RGB")


class _Reel(Image.Image):
    """What the library takes for the picture of an animated file, which it asks for one frame after the other.

    A list of frames it would want as a whole. ``delays`` has those of the frames that were asked for.
    """

    def __init__(self, frames: Frames) -> None:
        super().__init__()
        self.n_frames = frames.count
        self.delays: list[int] = []
        self._rest = iter(frames)
        self._show(_prepared(frames.first))

    def seek(self, frame: int) -> None:
        if frame < len(self.delays):
            return  # to where it was before, once all is done
        following = next(self._rest)
        self.delays.append(following.delay)
        self._show(_prepared(following.picture))

    def _show(self, picture: Picture) -> None:
        self._mode, self._size, self.im = picture.mode, picture.size, picture.im
