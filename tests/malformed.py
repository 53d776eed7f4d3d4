"""Files that are wrong on purpose: small pictures after accidents that are the same at every run."""

import struct
from collections.abc import Iterator
from random import Random
from typing import Any

from PIL import Image

from tests.pictures import encoded, half_clear, textured


def seeds(format: str) -> list[bytes]:
    """Small pictures of one format, stored in different ways."""
    plain, clear = textured(24, 16), half_clear(24, 16)
    frames = {"save_all": True, "append_images": [plain.transpose(Image.Transpose.ROTATE_180), plain]}
    stored: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "jpeg": [(plain, {}), (plain, {"progressive": True}), (plain.convert("CMYK"), {}), (plain, {"comment": b"a"})],
        "png": [(plain, {}), (clear.quantize(), {}), (Image.new("I;16", (24, 16), 40000), {}), (plain, frames)],
        "gif": [(plain, {}), (plain, frames)],
        "webp": [(plain, {"lossless": False, "quality": 50}), (clear, {}), (plain, frames)],
        "bmp": [(plain, {}), (plain.quantize(), {}), (clear, {})],
        "avif": [(plain, {}), (clear, {}), (plain, frames)],
        "tiff": [
            *((plain, {"compression": kind}) for kind in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg")),
            (plain.convert("1"), {"compression": "group4"}),
            (plain, frames),
        ],
    }
    return [encoded(picture, format, **options) for picture, options in stored[format]]


def mutations(content: bytes, seed: int) -> Iterator[bytes]:
    """The same for the same seed."""
    random = Random(seed)
    yield from (content[:end] for end in range(0, len(content), max(1, len(content) // 20)))
    for _ in range(100):
        yield _changed(content, random)


def _changed(content: bytes, random: Random) -> bytes:
    """One to four accidents, most of them near the beginning, where the headers are."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        reach = random.choice((64, 256, len(changed)))
        at = random.randrange(max(1, min(reach, len(changed))))
        random.choice(_ACCIDENTS)(changed, at, random)
    return bytes(changed)


def _flip(changed: bytearray, at: int, random: Random) -> None:
    if changed:
        changed[at] ^= 1 << random.randrange(8)


def _set(changed: bytearray, at: int, random: Random) -> None:
    value = random.choice((b"\0", b"\xff", b"\xff\xff", b"\0\1", b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"))
    changed[at : at + len(value)] = value


def _remove(changed: bytearray, at: int, random: Random) -> None:
    del changed[at : at + random.choice((1, 2, 4, 12, 64))]


def _repeat(changed: bytearray, at: int, random: Random) -> None:
    changed[at:at] = changed[at : at + random.choice((1, 4, 12, 64, 256))]


def _swap(changed: bytearray, at: int, random: Random) -> None:
    size, other = random.choice((4, 12, 32)), random.randrange(max(1, len(changed)))
    one, two = changed[at : at + size], changed[other : other + size]
    changed[at : at + size], changed[other : other + size] = two, one


def _noise(changed: bytearray, at: int, random: Random) -> None:
    changed[at:at] = random.randbytes(random.choice((1, 7, 100)))


_ACCIDENTS = (_flip, _flip, _flip, _set, _set, _remove, _repeat, _swap, _noise)


def rearranged(content: bytes) -> Iterator[bytes]:
    """A PNG without one of its chunks, with one twice, and with two in each other's place."""
    chunks = list(_png_chunks(content))
    for index in range(len(chunks)):
        yield _png([*chunks[:index], *chunks[index + 1 :]])
        yield _png([*chunks[: index + 1], *chunks[index:]])
        for other in range(index):
            order = list(chunks)
            order[index], order[other] = order[other], order[index]
            yield _png(order)


def _png_chunks(content: bytes) -> Iterator[bytes]:
    position = 8
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        yield content[position : position + 12 + length]
        position += 12 + length


def _png(chunks: list[bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
