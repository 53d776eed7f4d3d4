"""What of a file besides its pixels goes into the result."""

import math

from attrs import evolve

from imgsvc.adapters.imaging.animation import FOREVER, ONCE
from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.metadata.policy import Kept, kept, without_exif
from imgsvc.adapters.imaging.metadata.reading import embedded_in
from imgsvc.adapters.imaging.pillow.decoding import Opened
from imgsvc.adapters.imaging.pillow.picture import Picture
from imgsvc.adapters.imaging.pillow.profiles import is_grey, taken_profile
from imgsvc.domain.output import Format, Metadata, Output, Profile


def carried(file: Opened, output: Output) -> Carried:
    """For a file whose pixels are still to be decoded: a profile that is kept is no longer with them.

    GIF has a place for neither EXIF nor profile.
    """
    says = Kept()
    if output.metadata is not Metadata.NONE:
        says = kept(embedded_in(file.content, file.facts.media_type), output.metadata)
    if output.format is Format.GIF:
        says = without_exif(says)
    keeps_colors = output.icc is Profile.KEEP and output.format is not Format.GIF
    return Carried(says.exif, says.xmp, taken_profile(file.image) if keeps_colors else None, _plays(file))


def fit_for(picture: Picture, carried: Carried) -> Carried:
    """Without a profile of greys where steps have brought in colours."""
    is_unfit = carried.icc is not None and is_grey(carried.icc) and not picture.mode.startswith("L")
    return evolve(carried, icc=None) if is_unfit else carried


def _plays(file: Opened) -> int:
    """How often the animation is played in all."""
    told = file.image.info.get("loop")
    match file.facts.media_type:
        case "image/gif":
            # Told is how often it is repeated, where it is.
            return ONCE if told is None else told + 1 if told else FOREVER
        case "image/webp" | "image/png" if isinstance(told, int):
            return told
        case _:
            return FOREVER


def delay_of(file: Opened) -> int:
    """How long the frame that was decoded last is shown, in ms."""
    delay = file.image.info.get("duration", 0)
    return round(delay) if isinstance(delay, int | float) and math.isfinite(delay) else 0
