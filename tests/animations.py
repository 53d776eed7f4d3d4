"""Animated files, drawn on the spot, and what others show of them."""

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pyvips
from attrs import field, frozen
from PIL import GifImagePlugin, Image

from tests.pictures import encoded, textured

MOVING = ("gif", "webp", "png", "avif")  # formats that hold animations we read
DELAYS = (100, 40, 250, 1000)  # milliseconds

_KEPT_EXACTLY: dict[str, dict[str, Any]] = {
    "webp": {"lossless": True, "exact": True},
    "png": {"blend": 0},
    "avif": {"quality": 100, "subsampling": "4:4:4"},
}


def scenes(count: int = 4, mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> list[Image.Image]:
    """A square that moves to the right over one colour; in "RGBA" over nothing."""
    pictures = []
    for index in range(count):
        picture = Image.new(mode, size, (10, 60, 200) if mode == "RGB" else (0, 0, 0, 0))
        picture.paste((250, 20 * index, 30), (8 * index, 10, 8 * index + 12, 30))
        pictures.append(picture)
    return pictures


def busy_scenes(count: int = 4) -> list[Image.Image]:
    """The same over more colours than a palette holds."""
    pictures = []
    for index in range(count):
        picture = textured(120, 80)
        picture.paste((255, 0, 0), (10 * index, 10, 10 * index + 12, 30))
        pictures.append(picture)
    return pictures


def moving(format: str, pictures: Sequence[Image.Image], delays: Sequence[int] = DELAYS, **options: Any) -> bytes:
    """An animated file; ``loop`` is as the format tells it."""
    options = {"loop": 0, "duration": list(delays)[: len(pictures)], **_KEPT_EXACTLY.get(format, {}), **options}
    if format == "gif" and pictures[0].mode == "RGBA":
        options["disposal"] = 2
    if format == "avif":
        options.pop("loop")
    if options.get("loop") is None:
        options.pop("loop", None)
    return encoded(pictures[0], format, save_all=True, append_images=pictures[1:], **options)


@frozen
class Patch:
    """A frame of a GIF as it is stored: ``disposal`` says what becomes of it (1 stays, 2 cleared, 3 taken back)."""

    picture: Image.Image
    place: tuple[int, int]
    disposal: int = 1
    transparency: int | None = None
    delay: int = field(default=100)


def gif_of(size: tuple[int, int], *patches: Patch) -> bytes:
    frames = b""
    for patch in patches:
        control = {} if patch.transparency is None else {"transparency": patch.transparency}
        frames += b"".join(
            GifImagePlugin.getdata(
                patch.picture.quantize(16),
                patch.place,
                duration=patch.delay,
                disposal=patch.disposal,
                include_color_table=True,
                **control,
            )
        )
    return b"GIF89a" + struct.pack("<HHBBB", *size, 0, 0, 0) + frames + b";"


def frames_of(content: bytes) -> list[Image.Image]:
    """Each as it is shown, in RGBA."""
    with Image.open(BytesIO(content)) as picture:
        shown = []
        for index in range(picture.n_frames):
            picture.seek(index)
            shown.append(picture.convert("RGBA"))
        return shown


def delays_of(content: bytes) -> list[int]:
    with Image.open(BytesIO(content)) as picture:
        delays = []
        for index in range(picture.n_frames):
            picture.seek(index)
            picture.load()
            delays.append(int(picture.info.get("duration", 0)))
        return delays


def shown_elsewhere(content: bytes) -> list[Image.Image]:
    """The frames as another library shows them, in RGBA."""
    strip = pyvips.Image.new_from_buffer(content, "", n=-1)
    count = strip.get("n-pages") if strip.get_typeof("n-pages") else 1
    strip = strip if strip.hasalpha() else strip.bandjoin(255)
    height = strip.height // count
    pixels = bytes(strip.write_to_memory())
    row = strip.width * height * 4
    return [
        Image.frombytes("RGBA", (strip.width, height), pixels[index * row : (index + 1) * row])
        for index in range(count)
    ]
