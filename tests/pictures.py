"""Small pictures, drawn on the spot; no two corners alike, so that every turn and flip shows."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any
from uuid import uuid4

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
CLEAR = (0, 0, 0, 0)
QUADRANTS = (RED, GREEN, BLUE, WHITE)  # top left, top right, bottom left, bottom right

FORMATS = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif")
ORIENTATION = 0x0112  # the EXIF tag

_STORED_AS = {  # how an upright picture is stored for each EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
# Red, green and blue as CIE XYZ beside white of D50.
_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
_LOSSLESS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 95, "subsampling": 0},
    "webp": {"lossless": True, "exact": True},
    "avif": {"quality": 100, "subsampling": "4:4:4"},
}


def quadrants(width: int = 40, height: int = 20, mode: str = "RGB") -> Image.Image:
    """Red, green, blue and white, a quarter each."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture.convert(mode)


def solid(color: tuple[int, ...], width: int = 40, height: int = 20) -> Image.Image:
    return Image.new("RGBA" if len(color) == 4 else "RGB", (width, height), color)


def half_clear(width: int = 40, height: int = 20) -> Image.Image:
    """The left half is opaque red, the right half transparent, with a green that nobody should see."""
    picture = Image.new("RGBA", (width, height), (*GREEN, 0))
    picture.paste((*RED, 255), (0, 0, width // 2, height))
    return picture


def textured(width: int, height: int) -> Image.Image:
    """Soft shapes of many colours, as photos have them."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    middle = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, middle))


def unlike_any(content: bytes) -> bytes:
    """The same picture in a file of its own, which no process has kept since another test."""
    return content + uuid4().bytes


def encoded(picture: Image.Image, format: str = "png", **options: Any) -> bytes:
    """As near to lossless as the format can."""
    stream = BytesIO()
    picture.save(stream, format, **{**_LOSSLESS.get(format, {}), **options})
    return stream.getvalue()


def decoded(content: bytes) -> Image.Image:
    """Without applying an orientation."""
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def with_orientation(upright: Image.Image, orientation: int, format: str = "jpeg") -> bytes:
    """The picture stored turned, with the EXIF orientation that brings it upright again."""
    turn = _STORED_AS.get(orientation)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(upright if turn is None else upright.transpose(turn), format, exif=exif)


def with_exif(content: bytes, exif: bytes) -> bytes:
    """A JPEG with any bytes where its EXIF belongs."""
    segment = b"Exif\0\0" + exif
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[2:]


def animated(format: str, frames: int = 3) -> bytes:
    shades = [Image.new("RGB", (16, 8), (60 * index % 256, index % 256, 200)) for index in range(frames)]
    return encoded(shades[0], format, save_all=True, append_images=shades[1:])


@cache
def srgb_profile() -> bytes:
    """The same each time: a profile tells the second in which it was made."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB with red and green changed for each other: what it calls red looks green."""
    profile = srgb_profile()
    return profile.replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")


def display_p3_profile() -> bytes:
    """sRGB with the primaries of wide-gamut displays (SMPTE EG 432-1), which take the same values further out."""
    profile = bytearray(srgb_profile())
    for name, primary in ((b"rXYZ", _P3[0]), (b"gXYZ", _P3[1]), (b"bXYZ", _P3[2])):
        entry = profile.index(name)
        at = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
        profile[at : at + 12] = struct.pack(">3i", *(round(value * 65536) for value in primary))
    return bytes(profile)


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_png_chunk(content: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk right after its header."""
    return content[:33] + png_chunk(name, body) + content[33:]


def png_of_wide_samples(width: int, height: int, *pixels: tuple[int, ...], transparent: tuple[int, ...]) -> bytes:
    """A PNG of 16-bit samples, grey or RGB, whose rows are all alike; one colour of them is transparent."""
    depth = len(transparent)
    header = struct.pack(">IIBBBBB", width, height, 16, 0 if depth == 1 else 2, 0, 0, 0)
    row = b"\0" + b"".join(struct.pack(f">{depth}H", *pixel) for pixel in pixels)
    chunks = (
        (b"IHDR", header),
        (b"tRNS", struct.pack(f">{depth}H", *transparent)),
        (b"IDAT", zlib.compress(row * height)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG header with next to nothing behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0")[:8])


def gif_claiming(width: int, height: int, frame: tuple[int, int, int, int] | None = None, disposal: int = 0) -> bytes:
    """A GIF whose screen, and first frame (x, y, width, height), are as large as one says."""
    control = b"!\xf9\x04" + bytes([disposal << 2, 0, 0, 0, 0])
    descriptor = b"," + struct.pack("<HHHH", *(frame or (0, 0, width, height))) + b"\0"
    screen = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return screen + control + descriptor + b"\x02\x02\x44\x01\0;"


def webp_claiming(width: int, height: int) -> bytes:
    """A WebP whose canvas is as large as one says; its frame is a real one of another size."""
    frame = encoded(quadrants(), "webp")[12:]
    canvas = (
        b"VP8X" + struct.pack("<II", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", 4 + len(canvas) + len(frame)) + b"WEBP" + canvas + frame
