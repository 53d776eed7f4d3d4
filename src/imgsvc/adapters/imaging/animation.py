"""Animations in files, whichever library reads and writes them: how long, how often, how many frames."""

import struct
from collections.abc import Iterator

from imgsvc.adapters.imaging.structure import outlined
from imgsvc.domain.output import Format

FOREVER, ONCE = 0, 1  # times that an animation is played

_LONGEST_DELAY = 65535  # centiseconds
_MOST_FRAMES = 2**20
_ALPHA = 0x10  # a flag of WebP's extended header
_CLEARED = 0x01  # a flag of a frame: to the background, once it was shown


def centiseconds(delay: int) -> int:
    """What GIF tells delays in: the nearest, halves up; what is shorter than one stays one, since 0 means no delay."""
    return min((delay + 5) // 10 or (delay > 0), _LONGEST_DELAY)


def frames_in(content: bytes, format: Format) -> int:
    """How many frames a file of ours has; encoders make one of neighbours that are alike."""
    match format:
        case Format.GIF:
            return outlined(format.media_type, content, _MOST_FRAMES).frames or 1
        case Format.WEBP:
            return sum(1 for _ in _webp_frames(content)) or 1
        case _:
            return 1


def with_alpha_flagged(content: bytes) -> bytes:
    """A WebP whose header says that it is transparent, where it is an animation that leaves some of its canvas bare.

    Encoders cut away what is transparent, and then say that nothing is; decoders believe them and show black.
    """
    canvas = content[24:30]
    for index, frame in enumerate(_webp_frames(content)):
        is_whole = frame[:12] == bytes(6) + canvas
        if (index == 0 and not is_whole) or (frame[15:16] and frame[15] & _CLEARED):
            return content[:20] + bytes((content[20] | _ALPHA,)) + content[21:]
    return content


def _webp_frames(content: bytes) -> Iterator[bytes]:
    """What stands at the head of each: its place, its size, how long it is shown, and flags."""
    position = 12
    while content[12:16] == b"VP8X" and position + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, position)
        if name == b"ANMF":
            yield content[position + 8 : position + 24]
        position += 8 + length + length % 2
