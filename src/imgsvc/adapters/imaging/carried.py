"""What goes into a file besides its pixels, whichever library encodes them."""

import struct

from attrs import frozen

from imgsvc.adapters.imaging.structure import outlined
from imgsvc.domain.output import Format

FOREVER, ONCE = 0, 1  # times that an animation is played

_LONGEST_DELAY = 65535  # centiseconds
_MOST_FRAMES = 2**20


@frozen
class Carried:
    """EXIF as a TIFF block, an XMP packet, an ICC profile; and how often an animation is played in all, 0 for ever."""

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    plays: int = ONCE


def centiseconds(delay: int) -> int:
    """What GIF tells delays in: the nearest, halves up; what is shorter than one stays one, since 0 means no delay."""
    return min((delay + 5) // 10 or (delay > 0), _LONGEST_DELAY)


def frames_in(content: bytes, format: Format) -> int:
    """How many frames a file of ours has; encoders make one of neighbours that are alike."""
    match format:
        case Format.GIF:
            return _frames_of_gif(content)
        case Format.WEBP:
            return _frames_of_webp(content)
        case _:
            return 1


def _frames_of_gif(content: bytes) -> int:
    return outlined("image/gif", content, _MOST_FRAMES).frames or 1


def _frames_of_webp(content: bytes) -> int:
    frames, position = 0, 12
    while position + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, position)
        frames += name == b"ANMF"
        position += 8 + length + length % 2
    return frames or 1
