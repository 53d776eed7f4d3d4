"""What cameras and programs write about a picture, and readers of it that are not ours."""

import struct
from io import BytesIO

import exifread
from PIL import ExifTags, Image, TiffTags
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from tests.pictures import encoded, quadrants, with_png_chunk

ARTIST, RIGHTS, MODEL, SERIAL, OWNER = "Ada Lovelace", "(c) Ada Lovelace", "Difference 1", "SN-4711", "A. Owner"
NOTE = "a maker's secret note"
_TIFF_XMP = 700
_GIF_XMP = b"!\xff\x0bXMP DataXMP"
WITH_METADATA = ("jpeg", "png", "webp", "tiff", "avif")

XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"'
    ' xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    f' aux:SerialNumber="{SERIAL}" exif:GPSLatitude="48,12.5N" tiff:Orientation="6">'
    f'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{RIGHTS}</rdf:li></rdf:Alt></dc:rights>'
    f"<dc:creator><rdf:Seq><rdf:li>{ARTIST}</rdf:li><rdf:li>Charles &amp; Co</rdf:li></rdf:Seq></dc:creator>"
    '<dc:title><rdf:Alt><rdf:li xml:lang="en">An engine</rdf:li></rdf:Alt></dc:title>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def telling_exif(orientation: int = 1) -> Image.Exif:
    """All that one might want to keep, and all that one might not."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = ARTIST
    exif[ExifTags.Base.Copyright] = RIGHTS
    exif[ExifTags.Base.Model] = MODEL
    exif[ExifTags.Base.Orientation] = orientation
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.ISOSpeedRatings] = 400
    details[ExifTags.Base.BodySerialNumber] = SERIAL
    details[ExifTags.Base.LensSerialNumber] = SERIAL
    details[ExifTags.Base.CameraOwnerName] = OWNER
    details[ExifTags.Base.MakerNote] = NOTE.encode()
    details[ExifTags.Base.ExifImageWidth] = 4711
    places = exif.get_ifd(ExifTags.IFD.GPSInfo)
    places[ExifTags.GPS.GPSLatitudeRef] = "N"
    places[ExifTags.GPS.GPSLatitude] = (IFDRational(48), IFDRational(12), IFDRational(30))
    return exif


def telling(format: str, picture: Image.Image | None = None, orientation: int = 1) -> bytes:
    """A picture whose file says a lot about it."""
    picture = picture or quadrants()
    exif = telling_exif(orientation)
    match format:
        case "png":
            return with_png_chunk(encoded(picture, format, exif=exif), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
        case "tiff":
            return encoded(picture, format, tiffinfo=_directory(exif))
        case _:
            return encoded(picture, format, exif=exif, xmp=XMP)


def _directory(exif: Image.Exif) -> ImageFileDirectory_v2:
    directory = ImageFileDirectory_v2()
    directory.update(exif)
    directory[_TIFF_XMP] = XMP
    for pointer in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        directory.tagtype[pointer] = TiffTags.LONG
        directory[pointer] = dict(exif.get_ifd(pointer))
    return directory


def with_iptc(content: bytes, **fields: str) -> bytes:
    """A JPEG with fields of IPTC: ``by_line`` and ``notice``."""
    numbers = {"by_line": 80, "notice": 116}
    iptc = b"".join(
        struct.pack(">BBBH", 0x1C, 2, numbers[name], len(value.encode())) + value.encode()
        for name, value in fields.items()
    )
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    return content[:2] + b"\xff\xed" + struct.pack(">H", 2 + len(body)) + body + content[2:]


def tags_in(content: bytes) -> dict[str, str]:
    """The EXIF of any file in the words of another library: `Image Artist`, `GPS GPSLatitude`."""
    if content[:4] == b"RIFF" or content[4:8] == b"ftyp":  # of which that library misses some
        with Image.open(BytesIO(content)) as picture:
            content = picture.info.get("exif", b"").removeprefix(b"Exif\0\0")
    found = exifread.process_file(BytesIO(content), details=True) if content else {}
    return {name: str(value) for name, value in found.items() if name not in _OF_TIFF}


def xmp_in(content: bytes) -> bytes:
    with Image.open(BytesIO(content)) as picture:
        found = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
        is_gif = picture.format == "GIF"
    if is_gif and _GIF_XMP in content:  # the library skips it, which shows that it ends where it should
        start = content.index(_GIF_XMP) + len(_GIF_XMP)
        return content[start : content.index(b"\x01\xff\xfe", start)]
    return found if isinstance(found, bytes) else found.encode()


_OF_TIFF = {
    f"Image {name}"
    for name in (
        *("ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation", "StripOffsets"),
        *("SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration", "Predictor", "ExifOffset"),
        *("GPSInfo", "ApplicationNotes", "SampleFormat", "InterColorProfile"),
    )
}
