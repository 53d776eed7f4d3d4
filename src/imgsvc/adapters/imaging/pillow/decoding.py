"""Files as pictures: the header first, then no more pixels than the first steps need."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from attrs import frozen
from PIL import ExifTags, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from imgsvc.adapters.imaging.animation import with_alpha_flagged
from imgsvc.adapters.imaging.opening import HEIC, sniff
from imgsvc.adapters.imaging.pillow.geometry import cropped, resampled
from imgsvc.adapters.imaging.pillow.heic import heic_reader
from imgsvc.adapters.imaging.pillow.picture import Picture, size_of
from imgsvc.adapters.imaging.pillow.profiles import in_plain_mode, in_srgb, inverted
from imgsvc.adapters.imaging.structure import outlined
from imgsvc.domain.errors import CorruptImage, ImageTooLarge, ImgsvcError, UnsupportedFormat
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.reach import UPRIGHT, Placement, Reach, jpeg_scale, shrunk

# Each is opened by its own class. Image.open would warn, and take a JPEG that holds a depth map for an animation.
_READERS: dict[str, type[ImageFile]] = {
    "image/jpeg": JpegImageFile,
    "image/png": PngImageFile,
    "image/webp": WebPImageFile,
    "image/gif": GifImageFile,
    "image/bmp": BmpImageFile,
    "image/tiff": TiffImageFile,
    "image/avif": AvifImageFile,
}
_HEIC_READER = heic_reader()

_AVIF_EXIF = re.compile(rb"(infe\x02\0\0[\0\x01].{4})Exif", re.DOTALL)  # an item's entry, up to its type

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED_BACK = {6: 8, 8: 6}  # the other turns undo themselves

_QUIET = r"PIL\."  # modules


@frozen
class Opened:
    """A file whose header was read; its pixels can be had once, by ``validation.read_all``, or ``decode`` by frames."""

    image: ImageFile
    content: bytes
    facts: Facts


def opened(source: BinaryIO, limits: Limits) -> Opened:
    """Raises UnsupportedFormat, ImageTooLarge, TooManyFrames, CorruptImage; decodes no pixel."""
    source.seek(0)
    content = source.read()
    media_type = sniff(content)
    outline = outlined(media_type, content, limits.max_frames)
    if outline.size is not None:
        limits.check_source(outline.size)
    reader = _reader(media_type)
    with blaming_the_file():
        image = reader(BytesIO(_fit_to_be_read(content, media_type)))
        return Opened(image, content, _facts(media_type, image, outline.frames, limits))


def _fit_to_be_read(content: bytes, media_type: str) -> bytes:
    match media_type:
        case "image/avif":
            # Its reader fails on broken EXIF, and takes nothing from it: a box of its own tells the orientation.
            return _AVIF_EXIF.sub(rb"\1free", content)
        case "image/webp":
            return with_alpha_flagged(content)
        case _:
            return content


def _reader(media_type: str) -> type[ImageFile]:
    if media_type != HEIC:
        return _READERS[media_type]
    if _HEIC_READER is None:
        raise UnsupportedFormat("the picture is HEIC, and HEIC support is not installed here")
    return _HEIC_READER


def _facts(media_type: str, image: ImageFile, frames: int | None, limits: Limits) -> Facts:
    frames = frames or int(getattr(image, "n_frames", 1))
    limits.check_source(size_of(image), frames)
    orientation = _orientation(image)
    # Pillow tells the upright size of a TIFF.
    is_turned = isinstance(image, TiffImageFile) and orientation >= 5
    stored = size_of(image).turned() if is_turned else size_of(image)
    return Facts(
        media_type=media_type,
        stored_width=stored.width,
        stored_height=stored.height,
        orientation=orientation,
        frames=frames,
        has_alpha=image.has_transparency_data,
    )


def _orientation(image: ImageFile) -> int:
    """The EXIF orientation; 1 where there is none, or none that makes sense."""
    # Pillow would take it from XMP as well, which other programs do not.
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)
    try:
        # Not the PNG reader's own method, which would decode all pixels to look behind them.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
    except Exception:
        # Broken metadata, which costs nobody the picture; the exceptions are of a dozen kinds.
        return UPRIGHT
    return next((known for known in _TURNS if known == value), UPRIGHT)


def frame_numbers(file: Opened, count: int) -> range:
    """The frames to show of an animation where at most so many are wanted; for one, the picture that all can show."""
    # What an animated PNG shows where animations are unknown may be none of its frames.
    first = int(count > 1 and getattr(file.image, "default_image", False))
    return range(first, min(first + count, file.facts.frames))


def go_to(file: Opened, frame: int) -> None:
    """Have ``decode`` decode that frame; frames come in their order. Raises CorruptImage."""
    if frame:
        with blaming_the_file():
            file.image.seek(frame)


def decode(file: Opened, reach: Reach, *, upright: bool) -> Picture:
    """What ``reach`` keeps of the frame that the file is at, resampled but not yet on its canvas.

    Raises CorruptImage.
    """
    placement = placed(file, reach, upright=upright)
    kept = placement.kept
    with blaming_the_file():
        scale = begin(file, placement)
        image = loaded(file.image)
        profile = file.image.info.get("icc_profile")
        picture = cropped(image, shrunk(kept, scale))
        if placement.enlarges:
            picture, profile = in_srgb(picture, profile), None
        exactly = kept.width / scale, kept.height / scale
        picture = resampled(picture, placement.scaled, placement.window, placement.kernel, exactly)
        picture = turned(in_srgb(picture, profile), placement.turn)
    if picture is file.image:
        picture = picture.copy()  # the file goes on to its next frame
    # What the file says about itself would otherwise be written into the next one.
    picture.info = {}
    return picture


def placed(file: Opened, reach: Reach, *, upright: bool) -> Placement:
    """Where the reach lies in the pixels that the file's reader gives."""
    whole = file.facts.size if upright else file.facts.stored_size
    return Placement.of(reach, whole, pending_turn(file, upright))


def pending_turn(file: Opened, upright: bool) -> int:
    """The orientation that is still to be undone once the pixels are read."""
    orientation = file.facts.orientation
    if isinstance(file.image, TiffImageFile):
        # Pillow brings these upright itself.
        return UPRIGHT if upright else _TURNED_BACK.get(orientation, orientation)
    return orientation if upright else UPRIGHT


def begin(file: Opened, placement: Placement) -> int:
    """Have a JPEG decoded at the smallest scale that does, by 1 over the number returned."""
    if not isinstance(file.image, JpegImageFile):
        return 1
    scale = jpeg_scale(file.facts.stored_size, placement)
    if scale > 1:
        file.image.draft(None, _reduced(file.facts.stored_size, scale))
    return scale


def _reduced(size: Size, scale: int) -> tuple[int, int]:
    return max(1, size.width // scale), max(1, size.height // scale)


def loaded(image: ImageFile) -> Picture:
    """All of its pixels, in a working mode or CMYK."""
    image.load()
    if image.mode == "CMYK" and isinstance(image, JpegImageFile) and "adobe" not in image.info:
        # Pillow takes the ink for inverted, as Adobe writes it.
        return inverted(image)
    return in_plain_mode(image)


def turned(picture: Picture, orientation: int) -> Picture:
    """Upright, from how it is stored."""
    return picture if orientation == UPRIGHT else picture.transpose(_TURNS[orientation])


@contextmanager
def blaming_the_file() -> Iterator[None]:
    """Whatever a decoder trips over becomes CorruptImage, or ImageTooLarge where it refuses to try."""
    _keep_quiet()
    try:
        yield
    except ImgsvcError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge("the picture has too many pixels") from error
    except Exception as error:
        # On hostile bytes decoders raise nearly anything: OSError, SyntaxError, struct.error, IndexError, MemoryError.
        raise CorruptImage("the picture is damaged, or stored in a way that we cannot read") from error


def _keep_quiet() -> None:
    """Pillow warns of broken metadata, which we ignore; where warnings are errors, that would cost the picture."""
    # Looked after at every use: filters that were set later, such as a test's, go before.
    ours = warnings.filters and getattr(warnings.filters[0][3], "pattern", None) == _QUIET
    if not ours:
        warnings.filterwarnings("ignore", category=UserWarning, module=_QUIET)
