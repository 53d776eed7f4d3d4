"""What a picture looks like from afar: what pages show until it has come."""

from base64 import b64encode

from attrs import evolve
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from imgsvc.adapters.imaging.pillow.decoding import Opened, loaded, pending_turn, turned
from imgsvc.adapters.imaging.pillow.picture import Picture
from imgsvc.adapters.imaging.pillow.profiles import in_plain_mode, in_srgb
from imgsvc.adapters.imaging.thumbhash import thumbhash
from imgsvc.domain.image import Facts

DRAFT = (64, 64)  # pixels that a JPEG is decoded to at the least
_PICKED = 256  # pixels a side, of a picture that is decoded in full
_SIDE = 32  # pixels of the longer side that are looked at
_COLORS = 6  # that the dominant one is chosen from
_SEEN_FROM = 128  # of alpha


def with_look(facts: Facts, file: Opened) -> Facts:
    """The facts with the look of the first frame, which the file is at; nobody loses a picture because of its look."""
    try:
        small = _small(file)
    except Exception:
        # As broken as a profile may be, and as many exceptions as there are decoders.
        return facts
    placeholder = b64encode(thumbhash(*small.size, small.tobytes())).decode()
    return evolve(facts, placeholder=placeholder, dominant_color=_dominant(small))


def _small(file: Opened) -> Picture:
    """RGBA, upright."""
    image: Image.Image = file.image
    profile = image.info.get("icc_profile")
    if isinstance(image, JpegImageFile):
        image.draft(None, DRAFT)
        picture = loaded(image)
    else:
        picture = _picked(file)
    upright = turned(in_srgb(picture, profile), pending_turn(file, upright=True)).convert("RGBa")
    scale = min(1, _SIDE / max(upright.size))
    size = max(1, round(upright.width * scale)), max(1, round(upright.height * scale))
    return upright.resize(size, Image.Resampling.BOX).convert("RGBA")


def _picked(file: Opened) -> Picture:
    """Some of the pixels, before any is converted: a copy of all would be as large as the picture."""
    file.image.load()
    step = max(1, max(file.image.size) // _PICKED)
    width, height = (max(1, side // step) for side in file.image.size)
    few = file.image.resize((width, height), Image.Resampling.NEAREST)
    few.info = dict(file.image.info)
    return in_plain_mode(few)


def _dominant(small: Picture) -> str | None:
    """The commonest of a few colours, as ``#rrggbb``; None where nothing can be seen."""
    data = small.tobytes()
    seen = b"".join(data[at : at + 3] for at in range(0, len(data), 4) if data[at + 3] >= _SEEN_FROM)
    if not seen:
        return None
    row = Image.frombytes("RGB", (len(seen) // 3, 1), seen)
    counted = row.quantize(_COLORS, dither=Image.Dither.NONE)
    palette = counted.getpalette() or []
    _, commonest = max(counted.getcolors() or [(0, 0)])
    assert isinstance(commonest, int)
    return "#" + bytes(palette[3 * commonest : 3 * commonest + 3]).hex()
