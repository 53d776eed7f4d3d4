"""Which format a file is of, by its first bytes and never by its name."""

from imgsvc.domain.errors import UnsupportedFormat

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff", "image/avif")

SNIFFED = 256  # bytes, which are enough to tell

HEIC = "image/heic"  # read only where support for it is installed

_MAGIC = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0": "image/tiff",  # BigTIFF
    b"MM\0+": "image/tiff",
}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}


def sniff(content: bytes) -> str:
    """The media type, one of MEDIA_TYPES or HEIC; raises UnsupportedFormat."""
    for magic, media_type in _MAGIC.items():
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    brands = _brands(content)
    if brands & _AVIF_BRANDS:
        return "image/avif"
    if brands & _HEIC_BRANDS:
        return HEIC
    known = ", ".join(one.removeprefix("image/").upper() for one in MEDIA_TYPES)
    raise UnsupportedFormat("this is not a picture of a format that we read", allowed=known)


def _brands(content: bytes) -> set[bytes]:
    """What an ISO base media file says it is."""
    if content[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(content[:4], "big"), SNIFFED)
    return {content[8:12]} | {content[at : at + 4] for at in range(16, end, 4)}
