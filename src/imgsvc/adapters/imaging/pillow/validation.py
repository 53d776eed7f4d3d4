"""Whether every pixel of a file can be read: what may be stored is decided by this, once, at upload."""

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from imgsvc.adapters.imaging.completeness import check_png, is_whole_jpeg
from imgsvc.adapters.imaging.pillow.decoding import Opened, blaming_the_file
from imgsvc.adapters.imaging.pillow.look import DRAFT, with_look
from imgsvc.adapters.imaging.pillow.picture import size_of
from imgsvc.domain.errors import ImageTooLarge
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits

# Pixels that no row is made of, as a rule: counting all that a file holds takes as long as decoding it.
_UNLIKELY = {"L": (97,), "P": (97,), "LA": (97, 0), "RGB": (97, 98, 99), "RGBA": (97, 98, 99, 0)}


def read_all(file: Opened, limits: Limits) -> Facts:
    """Decode all frames for their errors, and the first one for its look.

    Raises CorruptImage; ImageTooLarge for a page of a TIFF.
    """
    with blaming_the_file():
        _read_first(file)
        facts = with_look(file.facts, file)
        pixels = size_of(file.image).pixels
        for number in range(1, file.facts.frames):
            file.image.seek(number)
            # Each page of a TIFF has a size of its own, which nobody has looked at yet.
            size = size_of(file.image)
            limits.check_source(size)
            pixels += size.pixels
            if pixels > limits.max_pixels:
                raise ImageTooLarge("the picture has too many pixels", allowed=f"at most {limits.max_pixels} pixels")
            file.image.load()
    return facts


def _read_first(file: Opened) -> None:
    match file.image:
        case JpegImageFile():
            if not is_whole_jpeg(file.content):
                # All bytes are read at any scale; few pixels are faster.
                file.image.draft(None, DRAFT)
                file.image.load()
        case PngImageFile():
            _read_png(file, file.image)
        case _:
            file.image.load()


def _read_png(file: Opened, image: PngImageFile) -> None:
    unlikely = _UNLIKELY.get(image.mode)
    if unlikely is not None:
        image.im = Image.new(image.mode, image.size, unlikely).im
    image.load()
    # Rows that never came are as they were before. Those of an interlaced picture may be missing in between.
    last_row = image.crop((0, image.height - 1, image.width, image.height)).tobytes()
    untouched = bytes(len(last_row)) if unlikely is None else bytes(unlikely) * image.width
    if file.facts.frames > 1 or image.info.get("interlace") or last_row == untouched:
        check_png(file.content)
