"""What goes into a file besides its pixels, whichever library encodes them."""

from attrs import frozen

from imgsvc.adapters.imaging.animation import ONCE


@frozen
class Carried:
    """EXIF as a TIFF block, an XMP packet, an ICC profile; and how often an animation is played in all, 0 for ever."""

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    plays: int = ONCE
