"""XMP: the few properties of Dublin Core that matter here, out of a packet and into a new one."""

from collections.abc import Collection, Mapping
from xml.etree import ElementTree

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_META = "adobe:ns:meta/"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# The properties of Dublin Core that are read, and what holds the values of each: one for each language, the values
# in their order, or in none.
_CONTAINERS = {"creator": "Seq", "description": "Alt", "rights": "Alt", "subject": "Bag", "title": "Alt"}
CREATOR, RIGHTS = "creator", "rights"
OF_RIGHTS = (CREATOR, RIGHTS)
DESCRIPTIVE = tuple(_CONTAINERS)

_MAX_VALUES = 100  # of a property
_TIFF, _EXIF, _XMP = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/xap/1.0/"
_TURN = f"{{{_TIFF}}}Orientation"
# What is no longer so once the pixels are others; thumbnails show what a crop or a blur took away.
_OF_PIXELS = {
    *(f"{{{_TIFF}}}{name}" for name in ("ImageWidth", "ImageLength")),
    *(f"{{{_EXIF}}}{name}" for name in ("PixelXDimension", "PixelYDimension")),
    f"{{{_XMP}}}Thumbnails",
}
# The usual prefixes, which readers that look for text rather than names rely on.
_PREFIXES = {
    "x": _META,
    "rdf": _RDF,
    "dc": _DC,
    "tiff": _TIFF,
    "exif": _EXIF,
    "xmp": _XMP,
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
}
for _prefix, _name in _PREFIXES.items():
    ElementTree.register_namespace(_prefix, _name)


def reduced(packet: bytes, names: Collection[str]) -> bytes | None:
    """A new packet of nothing but these properties; None where the old has none, or is broken."""
    root = _root(packet)
    if root is None:
        return None
    values = {name: _values(root, name) for name in sorted(names)}
    return _packet(_with_properties(_empty(), values)) if any(values.values()) else None


def upright(packet: bytes) -> bytes | None:
    """All that the packet says but what is no longer so: orientation, measures, thumbnails. None for a broken one."""
    root = _root(packet)
    if root is None:
        return None
    for element in list(root.iter()):
        for name in _OF_PIXELS & set(element.keys()):
            del element.attrib[name]
        if element.get(_TURN):
            element.set(_TURN, "1")
        if element.tag == _TURN:
            element.text = "1"
        for child in [child for child in element if child.tag in _OF_PIXELS]:
            element.remove(child)
    return _packet(root)


def completed(packet: bytes | None, values: Mapping[str, str]) -> bytes | None:
    """The packet, or a new one, that has a value for each of these properties where it had none."""
    root = (_root(packet) if packet else None) or _empty()
    missing: dict[str, list[tuple[str | None, str]]] = {
        name: [(None, text)] for name, text in values.items() if text and not _values(root, name)
    }
    return _packet(_with_properties(root, missing)) if missing else packet


def _empty() -> ElementTree.Element:
    root = ElementTree.Element(f"{{{_META}}}xmpmeta")
    ElementTree.SubElement(root, f"{{{_RDF}}}RDF")
    return root


def _with_properties(
    root: ElementTree.Element, values: Mapping[str, list[tuple[str | None, str]]]
) -> ElementTree.Element:
    """With a description of their own, in the first RDF that there is."""
    holder = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f".//{{{_RDF}}}RDF")
    if holder is None:
        holder = ElementTree.SubElement(root, f"{{{_RDF}}}RDF")
    description = ElementTree.SubElement(holder, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    for name, told in values.items():
        if told:
            kind = _CONTAINERS[name]
            container = ElementTree.SubElement(
                ElementTree.SubElement(description, f"{{{_DC}}}{name}"), f"{{{_RDF}}}{kind}"
            )
            for language, text in told:
                attributes = {_LANGUAGE: language or "x-default"} if kind == "Alt" else {}
                ElementTree.SubElement(container, f"{{{_RDF}}}li", attributes).text = text
    return root


def _packet(root: ElementTree.Element) -> bytes | None:
    try:
        text = ElementTree.tostring(root, "unicode")
    except RecursionError:  # nothing honest is as deep
        return None
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{text}<?xpacket end="w"?>'.encode()


def _root(packet: bytes) -> ElementTree.Element | None:
    # Entities multiply, and XMP has none.
    if b"<!DOCTYPE" in packet:
        return None
    try:
        # Whatever it says of itself, XMP is written in UTF-8, in which the check above can be relied on.
        # What is parsed is as long as metadata may be, and has no entities.
        parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314  # see above
        return ElementTree.fromstring(packet.strip(b"\0 \r\n\t"), parser)  # noqa: S314  # see above
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
