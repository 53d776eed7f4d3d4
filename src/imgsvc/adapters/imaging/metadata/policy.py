"""What a result keeps of what its source says about itself."""

from collections.abc import Collection

from attrs import evolve, frozen

from imgsvc.adapters.imaging.metadata import xmp
from imgsvc.adapters.imaging.metadata.reading import MOST, Embedded
from imgsvc.adapters.imaging.metadata.tiff import (
    EXIF,
    GPS,
    INTEROPERABILITY,
    Block,
    Directory,
    Field,
    parsed,
    text_of,
    written,
)
from imgsvc.domain.output import Metadata

_ARTIST, _COPYRIGHT = 0x013B, 0x8298
_BY_LINE, _NOTICE = 80, 116  # of IPTC's second record
_MAKER_NOTE = 0x927C

# What is no longer so once the pixels are written anew, or tells how a TIFF stores its own: measures, turn, strips,
# tiles, tables, further directories, profiles, and the metadata that has a place of its own. Thumbnails have a
# directory of their own, which is never read: they show what a crop or a blur took away.
_OF_PIXELS = {
    *(0x00FE, 0x00FF, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0107, 0x0108, 0x0109, 0x010A, 0x0111, 0x0112, 0x0115),
    *(0x0116, 0x0117, 0x0118, 0x0119, 0x011C, 0x0120, 0x0121, 0x0122, 0x0123, 0x0124, 0x0125, 0x0129, 0x012D, 0x013D),
    *(0x0140, 0x0141, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x014C, 0x014D, 0x014E, 0x0150, 0x0151, 0x0152, 0x0153),
    *(0x0154, 0x0155, 0x0156, 0x015B, 0x0200, 0x0201, 0x0202, 0x0203, 0x0205, 0x0206, 0x0207, 0x0208, 0x0209, 0x0211),
    *(0x0212, 0x0213, 0x0214, 0x02BC, 0x8649, 0x83BB, 0x8773, 0x935C, 0xA002, 0xA003, 0x1001, 0x1002),
}
# What is known to be harmless: standard tags on the picture and how it was taken. Nothing else is, known or not; so
# there are no places, serial and unit numbers, names of computers and notes in formats of makers.
_SAFE_MAIN = {
    *(0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, _ARTIST, 0x013E, 0x013F, 0x4746, 0x4749),
    *(_COPYRIGHT, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
}
_SAFE_EXIF = {
    *(0x829A, 0x829D, 0x8822, 0x8824, 0x8827, 0x8830, 0x8831, 0x8832, 0x8833, 0x8834, 0x8835, 0x9000, 0x9003, 0x9004),
    *(0x9010, 0x9011, 0x9012, 0x9101, 0x9102, 0x9201, 0x9202, 0x9203, 0x9204, 0x9205, 0x9206, 0x9207, 0x9208, 0x9209),
    *(
        0x920A,
        0x9214,
        0x9286,
        0x9290,
        0x9291,
        0x9292,
        0xA000,
        0xA001,
        0xA20B,
        0xA20E,
        0xA20F,
        0xA210,
        0xA214,
        0xA215,
        0xA217,
    ),
    *(0xA300, 0xA301, 0xA302, 0xA401, 0xA402, 0xA403, 0xA404, 0xA405, 0xA406, 0xA407, 0xA408, 0xA409, 0xA40A, 0xA40C),
    *(0xA432, 0xA433, 0xA434, 0xA436, 0xA437, 0xA438, 0xA460, 0xA461, 0xA462, 0xA500),
}


@frozen
class Kept:
    """EXIF as a TIFF block and XMP as a packet; None for what has nothing to say."""

    exif: bytes | None = None
    xmp: bytes | None = None


def kept(embedded: Embedded, policy: Metadata) -> Kept:
    """No more of either than any format holds."""
    if policy is Metadata.NONE:
        return Kept()
    block = embedded.exif or Block("<", {})
    match policy:
        case Metadata.COPYRIGHT:
            root = _only(block.root, {_ARTIST, _COPYRIGHT})
            packet = _reduced(embedded.xmp, xmp.OF_RIGHTS)
        case Metadata.SAFE:
            root = _safe(block.root)
            packet = _reduced(embedded.xmp, xmp.DESCRIPTIVE)
        case Metadata.ALL:
            root = _lasting(block.root)
            packet = _short(xmp.upright(embedded.xmp)) if embedded.xmp else None
    return Kept(_fitting(evolve(block, root=root | _rights(embedded.iptc, root))), packet)


def without_exif(says: Kept) -> Kept:
    """For a format that has no place for EXIF: its artist and copyright stand in the XMP then, unless others do."""
    block = parsed(says.exif, MOST, MOST) if says.exif else None
    root = block.root if block is not None else {}
    values = {xmp.CREATOR: _words(text_of(root, _ARTIST)), xmp.RIGHTS: _words(text_of(root, _COPYRIGHT))}
    return Kept(None, _short(xmp.completed(says.xmp, values)))


def _words(text: bytes) -> str:
    """As EXIF has it: in ASCII, says its specification, in UTF-8 or Latin 1, say its files. XML takes no controls."""
    try:
        words = text.decode()
    except UnicodeDecodeError:
        words = text.decode("latin-1")
    return "".join(one for one in words if one.isprintable()).strip()


def _reduced(packet: bytes | None, names: tuple[str, ...]) -> bytes | None:
    return _short(xmp.reduced(packet, names)) if packet else None


def _short(packet: bytes | None) -> bytes | None:
    return packet if packet is not None and len(packet) <= MOST else None


def _only(directory: Directory, tags: set[int]) -> Directory:
    return {tag: field for tag, field in directory.items() if tag in tags and isinstance(field, Field)}


def _safe(root: Directory) -> Directory:
    details = root.get(EXIF)
    inner = _only(details, _SAFE_EXIF) if isinstance(details, dict) else {}
    return {**_only(root, _SAFE_MAIN), **({EXIF: inner} if inner else {})}


def _lasting(directory: Directory) -> Directory:
    """All but what is about the old pixels, or the old file."""
    lasting = {tag: _lasting(field) if isinstance(field, dict) else field for tag, field in directory.items()}
    return {tag: field for tag, field in lasting.items() if tag not in _OF_PIXELS and field}


def _rights(iptc: bytes | None, root: Directory) -> Directory:
    """What IPTC says of artist and copyright, where EXIF says nothing."""
    told = dict(reversed(_iptc_fields(iptc or b"")))
    pairs = ((_ARTIST, told.get(_BY_LINE)), (_COPYRIGHT, told.get(_NOTICE)))
    return {tag: Field.text(value) for tag, value in pairs if value and not text_of(root, tag)}


def _iptc_fields(iptc: bytes) -> list[tuple[int, bytes]]:
    """Number and text of the fields of the second record."""
    found, position = [], 0
    while iptc[position : position + 1] == b"\x1c" and position + 5 <= len(iptc):
        record, number = iptc[position + 1], iptc[position + 2]
        length = int.from_bytes(iptc[position + 3 : position + 5], "big")
        if record == 2:
            found.append((number, iptc[position + 5 : position + 5 + length].split(b"\0")[0].strip()))
        position += 5 + length
    return found


def _fitting(block: Block) -> bytes | None:
    """Without its largest parts where it is more than any format holds; None where nothing is left."""
    for left_out in ((), (_MAKER_NOTE,), (_MAKER_NOTE, EXIF, GPS, INTEROPERABILITY)):
        root = _without(block.root, left_out)
        content = written(evolve(block, root=root))
        if root and len(content) <= MOST:
            return content
    root = _only(block.root, {_ARTIST, _COPYRIGHT})
    content = written(evolve(block, root=root))
    return content if root and len(content) <= MOST else None


def _without(directory: Directory, tags: Collection[int]) -> Directory:
    inner = {tag: _without(field, tags) if isinstance(field, dict) else field for tag, field in directory.items()}
    return {tag: field for tag, field in inner.items() if tag not in tags and field}
