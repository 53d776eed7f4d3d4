"""Whether every pixel of a file can be read: what may be stored is decided by this, once, at upload."""

from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from imgsvc.adapters.imaging.completeness import check_png, is_whole_jpeg
from imgsvc.adapters.imaging.pillow.decoding import Opened, blaming_the_file
from imgsvc.adapters.imaging.pillow.picture import size_of
from imgsvc.domain.errors import ImageTooLarge
from imgsvc.domain.plan import Limits


def read_all(file: Opened, limits: Limits) -> None:
    """Decode all frames for nothing but their errors. Raises CorruptImage; ImageTooLarge for a page of a TIFF."""
    with blaming_the_file():
        _read_first(file)
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


def _read_first(file: Opened) -> None:
    if isinstance(file.image, JpegImageFile):
        if not is_whole_jpeg(file.content):
            # All bytes are read at any scale; few pixels are faster.
            file.image.draft(None, (1, 1))
            file.image.load()
        return
    file.image.load()
    # Rows that never came are black, which those of an interlaced picture may be in between.
    if isinstance(file.image, PngImageFile) and (
        file.facts.frames > 1 or file.image.info.get("interlace") or _ends_in_nothing(file.image)
    ):
        check_png(file.content)


def _ends_in_nothing(image: PngImageFile) -> bool:
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    return not any(last_row.tobytes())
