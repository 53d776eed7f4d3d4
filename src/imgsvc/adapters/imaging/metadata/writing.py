"""EXIF, XMP and ICC profiles into files that an encoder made without them."""

import struct
import zlib
from collections.abc import Callable

from attrs import evolve

from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.metadata import tiff
from imgsvc.adapters.imaging.metadata.tiff import Block, Field
from imgsvc.domain.output import Format

_JPEG_EXIF, _JPEG_XMP, _JPEG_ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
_JPEG_PART = 65519  # bytes of a profile in one segment
_JPEG_PARTS = 255
_PNG_HEADER = 33  # bytes: the signature and the first chunk
_WEBP_ICC, _WEBP_ALPHA, _WEBP_EXIF, _WEBP_XMP = 0x20, 0x10, 0x08, 0x04  # flags of the extended header
_GIF_HEADER = 13  # bytes: the signature, and the screen's description
_GIF_XMP = b"!\xff\x0bXMP DataXMP"
# Whoever takes the packet for blocks, each of which begins with its length, lands here and on its last byte.
_GIF_LANDING = b"\x01" + bytes(range(0xFF, -1, -1)) + b"\0"
_UNDEFINED, _BYTES = 7, 1  # kinds of fields
_TIFF_XMP, _TIFF_ICC = 700, 34675


def labelled(content: bytes, format: Format, carried: Carried) -> bytes:
    """The file with what it is to carry; an AVIF gets that from its encoder."""
    write = _WRITERS.get(format)
    if write is None or not (carried.exif or carried.xmp or carried.icc):
        return content
    return write(content, carried)


def _jpeg(content: bytes, carried: Carried) -> bytes:
    segments = []
    if carried.exif:
        segments.append((0xE1, _JPEG_EXIF + carried.exif))
    if carried.xmp:
        segments.append((0xE1, _JPEG_XMP + carried.xmp))
    if carried.icc:
        parts = [carried.icc[at : at + _JPEG_PART] for at in range(0, len(carried.icc), _JPEG_PART)]
        if len(parts) <= _JPEG_PARTS:
            segments += [
                (0xE2, _JPEG_ICC + bytes((number, len(parts))) + part) for number, part in enumerate(parts, start=1)
            ]
    at = 2
    if content[2:4] == b"\xff\xe0":  # JFIF's own comes first
        at += 2 + int.from_bytes(content[4:6], "big")
    written = b"".join(struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body for marker, body in segments)
    return content[:at] + written + content[at:]


def _png(content: bytes, carried: Carried) -> bytes:
    """All before the palette and the pixels, where each of them may be."""
    chunks = b""
    if carried.icc:
        chunks += _png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(carried.icc, 9))
    if carried.exif:
        chunks += _png_chunk(b"eXIf", carried.exif)
    if carried.xmp:
        chunks += _png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + carried.xmp)
    return content[:_PNG_HEADER] + chunks + content[_PNG_HEADER:]


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _webp(content: bytes, carried: Carried) -> bytes:
    header, body = _extended(content)
    flags = header[0]
    if carried.icc:
        flags |= _WEBP_ICC
        body = _webp_chunk(b"ICCP", carried.icc) + body
    if carried.exif:
        flags |= _WEBP_EXIF
        body += _webp_chunk(b"EXIF", carried.exif)
    if carried.xmp:
        flags |= _WEBP_XMP
        body += _webp_chunk(b"XMP ", carried.xmp)
    chunks = _webp_chunk(b"VP8X", bytes((flags,)) + header[1:]) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _extended(content: bytes) -> tuple[bytes, bytes]:
    """The extended header's ten bytes, and the chunks behind it."""
    name, start = content[12:16], content[20:30]
    if name == b"VP8X":
        return start, content[30:]
    if name == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        width, height, has_alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    else:
        width, height = (side - 1 & 0x3FFF for side in struct.unpack_from("<HH", start, 6))
        has_alpha = 0
    flags = _WEBP_ALPHA * has_alpha
    return bytes((flags, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little"), content[12:]


def _webp_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _tiff(content: bytes, carried: Carried) -> bytes:
    """With a new first directory at the end of the file; what the old one points to stays where it is."""
    block = tiff.parsed(content, len(content), len(content))
    if block is None or content[2:4] not in (b"*\0", b"\0*"):
        return content
    told = tiff.parsed(carried.exif, len(carried.exif), len(carried.exif)) if carried.exif else None
    root = dict((told or Block("<", {})).in_order(block.order).root)
    if carried.xmp:
        root[_TIFF_XMP] = Field(_BYTES, carried.xmp)
    if carried.icc:
        root[_TIFF_ICC] = Field(_UNDEFINED, carried.icc)
    content += b"\0" * (len(content) % 2)
    directory = tiff.written(evolve(block, root=root | block.root), at=len(content))
    return content[:4] + struct.pack(block.order + "I", len(content)) + content[8:] + directory


def _gif(content: bytes, carried: Carried) -> bytes:
    """Before all frames; nothing but XMP has a place, and its bytes stand there as they are, not in blocks."""
    if not carried.xmp:
        return content
    flags = content[10]
    at = _GIF_HEADER + (3 << (flags & 7) + 1 if flags & 0x80 else 0)  # behind the palette that all frames share
    return b"GIF89a" + content[6:at] + _GIF_XMP + carried.xmp + _GIF_LANDING + content[at:]


_WRITERS: dict[Format, Callable[[bytes, Carried], bytes]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.TIFF: _tiff,
    Format.GIF: _gif,
}
