"""What goes into a file besides its pixels, whichever library encodes them."""

from attrs import frozen

FOREVER, ONCE = 0, 1  # times that an animation is played

_LONGEST_DELAY = 65535  # centiseconds


@frozen
class Carried:
    """EXIF as a TIFF block, an XMP packet, an ICC profile; and of an animation each frame's ``delays`` in ms.

    ``plays`` is how often it is played in all; 0 is for ever.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    delays: tuple[int, ...] = ()
    plays: int = ONCE


def centiseconds(delay: int) -> int:
    """What GIF tells delays in: the nearest, halves up; what is shorter than one stays one, since 0 means no delay."""
    return min((delay + 5) // 10 or (delay > 0), _LONGEST_DELAY)
