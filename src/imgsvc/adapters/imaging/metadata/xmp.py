"""XMP: the few properties of Dublin Core that matter here, out of a packet and into a new one."""

import re
from collections.abc import Collection
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# The properties of Dublin Core that are read, and what holds the values of each: one for each language, the values
# in their order, or in none.
_CONTAINERS = {"creator": "Seq", "description": "Alt", "rights": "Alt", "subject": "Bag", "title": "Alt"}
RIGHTS = ("creator", "rights")
DESCRIPTIVE = tuple(_CONTAINERS)

_MAX_VALUES = 100  # of a property
_TURN = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|\s*>\s*))[0-9]+")
_MEASURES = re.compile(
    rb"\s(?:tiff:Image(?:Width|Length)|exif:Pixel[XY]Dimension)\s*=\s*(?:\"[0-9]*\"|'[0-9]*')"
    rb"|<(tiff:Image(?:Width|Length)|exif:Pixel[XY]Dimension)>[0-9]*</\1>"
)
_THUMBNAILS = ((b"<xmp:Thumbnails", b"</xmp:Thumbnails>"), (b"<xap:Thumbnails", b"</xap:Thumbnails>"))


def reduced(packet: bytes, names: Collection[str]) -> bytes | None:
    """A new packet of nothing but these properties; None where the old has none, or is broken."""
    root = _root(packet)
    if root is None:
        return None
    found = [_property(name, _values(root, name)) for name in sorted(names)]
    inner = "".join(found)
    if not inner:
        return None
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about="" xmlns:dc="{_DC}">{inner}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def upright(packet: bytes) -> bytes | None:
    """The packet as it is, but for what is no longer so: orientation, measures, thumbnails. None for a broken one."""
    if _root(packet) is None:
        return None
    packet = _MEASURES.sub(b"", _TURN.sub(rb"\g<1>1", packet))
    for opening, closing in _THUMBNAILS:
        packet = _without(packet, opening, closing)
    return packet


def _without(content: bytes, opening: bytes, closing: bytes) -> bytes:
    while (start := content.find(opening)) >= 0 and (end := content.find(closing, start)) >= 0:
        content = content[:start] + content[end + len(closing) :]
    return content


def _root(packet: bytes) -> ElementTree.Element | None:
    # Entities multiply, and XMP has none.
    if b"<!DOCTYPE" in packet:
        return None
    try:
        # Whatever it says of itself, XMP is written in UTF-8, in which the check above can be relied on.
        return ElementTree.fromstring(packet.strip(b"\0 \r\n\t"), ElementTree.XMLParser(encoding="utf-8"))  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        return None


def _values(root: ElementTree.Element, name: str) -> list[tuple[str | None, str]]:
    """Language and text of each value, in order."""
    found: list[tuple[str | None, str]] = []
    for description in root.iter(f"{{{_RDF}}}Description"):
        found += [(None, value) for value in [description.get(f"{{{_DC}}}{name}")] if value]
        for holder in description.findall(f"{{{_DC}}}{name}"):
            items = holder.findall(f"*/{{{_RDF}}}li") or [holder]
            found += [(item.get(_LANGUAGE), item.text.strip()) for item in items if item.text and item.text.strip()]
    return found[:_MAX_VALUES]


def _property(name: str, values: list[tuple[str | None, str]]) -> str:
    if not values:
        return ""
    container = _CONTAINERS[name]
    items = "".join(f"<rdf:li{_language(container, told)}>{escape(text)}</rdf:li>" for told, text in values)
    return f"<dc:{name}><rdf:{container}>{items}</rdf:{container}></dc:{name}>"


def _language(container: str, told: str | None) -> str:
    return f" xml:lang={quoteattr(told or 'x-default')}" if container == "Alt" else ""
