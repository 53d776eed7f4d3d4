"""What files say about their pictures: found, reduced by a policy, and written into other files."""

import struct
import time
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from imgsvc.adapters.imaging.carried import Carried
from imgsvc.adapters.imaging.metadata import tiff, xmp
from imgsvc.adapters.imaging.metadata.policy import Kept, kept, without_exif
from imgsvc.adapters.imaging.metadata.reading import MOST, Embedded, embedded_in
from imgsvc.adapters.imaging.metadata.writing import labelled
from imgsvc.domain.output import Format, Metadata
from tests.metadata import (
    ARTIST,
    MODEL,
    RIGHTS,
    SERIAL,
    WITH_METADATA,
    XMP,
    tags_in,
    telling,
    telling_exif,
    with_iptc,
    xmp_in,
)
from tests.pictures import decoded, encoded, half_clear, png_chunk, quadrants, srgb_profile, with_exif

LABELLED = [Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF]
ARTIST_TAG, EXIF_TAG, USER_COMMENT = 0x013B, 0x8769, 0x9286


def block(*entries: tuple[int, int, int, bytes], order: str = "<", rest: bytes = b"") -> bytes:
    """A TIFF block of one directory: tag, kind, count and the four bytes of value or offset."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    table = b"".join(struct.pack(order + "HHI4s", *entry) for entry in entries)
    return mark + struct.pack(order + "IH", 8, len(entries)) + table + bytes(4) + rest


def of_jpeg(exif: bytes) -> Embedded:
    return embedded_in(with_exif(encoded(quadrants(), "jpeg"), exif), "image/jpeg")


@pytest.mark.parametrize("format", WITH_METADATA)
def test_exif_and_xmp_are_found_in_every_format(format):
    found = embedded_in(telling(format), f"image/{format}")

    assert found.exif is not None
    assert tiff.text_of(found.exif.root, ARTIST_TAG) == ARTIST.encode()
    assert found.xmp == XMP


def test_compressed_xmp_of_a_png_is_found():
    from zlib import compress

    chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + compress(XMP))
    content = encoded(quadrants())

    assert embedded_in(content[:33] + chunk + content[33:], "image/png").xmp == XMP


def test_xmp_of_a_gif_is_found():
    content = encoded(quadrants(), "gif")
    trailer = bytes([1, *range(255, -1, -1), 0])
    with_xmp = content[:-1] + b"!\xff\x0bXMP DataXMP" + XMP + trailer + content[-1:]

    assert embedded_in(with_xmp, "image/gif").xmp == XMP


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_both_orders_of_bytes(order):
    text = b"somebody\0"
    content = block((ARTIST_TAG, 2, len(text), struct.pack(order + "I", 26)), order=order, rest=text)

    found = of_jpeg(content).exif

    assert found is not None
    assert tiff.text_of(found.root, ARTIST_TAG) == b"somebody"


def test_a_big_tiff_tells_its_artist():
    text = b"somebody with a long name\0"
    header = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16)
    entry = struct.pack("<HHQQ", ARTIST_TAG, 2, len(text), 16 + 8 + 20 + 8)
    found = embedded_in(header + struct.pack("<Q", 1) + entry + bytes(8) + text, "image/tiff")

    assert found.exif is not None
    assert tiff.text_of(found.exif.root, ARTIST_TAG) == text[:-1]


@pytest.mark.parametrize("target", LABELLED)
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_keep_their_value_in_any_file(target, order):
    inner = struct.pack(order + "HHHIHHI", 1, 0x8827, 3, 1, 400, 0, 0)
    content = block((EXIF_TAG, 4, 1, struct.pack(order + "I", 26)), order=order, rest=inner)
    safe = kept(of_jpeg(content), Metadata.SAFE)

    written = labelled(encoded(quadrants(), target.value), target, Carried(exif=safe.exif))

    assert tags_in(written)["EXIF ISOSpeedRatings"] == "400"


@pytest.mark.parametrize("target", LABELLED)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_labels_change_no_pixel(target, mode):
    picture = half_clear().convert(mode)
    options = {"lossless": True} if target is Format.WEBP else {}
    plain = encoded(picture.convert("RGB") if target is Format.JPEG else picture, target.value, **options)

    written = labelled(plain, target, Carried(telling_exif().tobytes()[6:], XMP, srgb_profile()))

    assert decoded(written).tobytes() == decoded(plain).tobytes()
    assert decoded(written).mode == decoded(plain).mode
    assert xmp_in(written) == XMP
    assert decoded(written).info["icc_profile"] == srgb_profile()
    assert tags_in(written)["Image Artist"] == ARTIST


def test_a_lossy_webp_is_labelled():
    plain = encoded(quadrants(), "webp", lossless=False)
    assert plain[12:16] == b"VP8 "

    written = labelled(plain, Format.WEBP, Carried(telling_exif().tobytes()[6:]))

    assert decoded(written).tobytes() == decoded(plain).tobytes()
    assert tags_in(written)["Image Artist"] == ARTIST


def test_an_animated_webp_is_labelled():
    plain = encoded(quadrants(), "webp", save_all=True, append_images=[quadrants().rotate(180)])

    written = labelled(plain, Format.WEBP, Carried(telling_exif().tobytes()[6:], icc=srgb_profile()))

    with Image.open(BytesIO(written)) as picture:
        assert picture.n_frames == 2
        assert picture.info["icc_profile"] == srgb_profile()
    assert tags_in(written)["Image Artist"] == ARTIST


def test_a_profile_of_many_segments_is_whole():
    profile = srgb_profile() + bytes(200_000)

    written = labelled(encoded(quadrants(), "jpeg"), Format.JPEG, Carried(icc=profile))

    assert decoded(written).info["icc_profile"] == profile


def test_nothing_to_carry_changes_nothing():
    content = encoded(quadrants(), "webp")

    assert labelled(content, Format.WEBP, Carried()) is content


def test_without_metadata_nothing_is_kept():
    assert kept(embedded_in(telling("jpeg"), "image/jpeg"), Metadata.NONE) == Kept()


def test_iptc_tells_what_exif_does_not():
    content = with_iptc(encoded(quadrants(), "jpeg"), by_line=ARTIST, notice=RIGHTS)

    found = kept(embedded_in(content, "image/jpeg"), Metadata.COPYRIGHT)

    assert tags_in(found.exif) == {"Image Artist": ARTIST, "Image Copyright": RIGHTS}


def test_iptc_does_not_contradict_exif():
    content = with_iptc(telling("jpeg"), by_line="somebody else", notice="somebody else's")

    found = kept(embedded_in(content, "image/jpeg"), Metadata.COPYRIGHT)

    assert tags_in(found.exif) == {"Image Artist": ARTIST, "Image Copyright": RIGHTS}


def test_tags_that_nobody_knows_are_not_safe():
    content = block((0xFDE9, 2, 4, b"SN1\0"), (0x0110, 2, 3, b"One\0"))

    assert tags_in(kept(of_jpeg(content), Metadata.SAFE).exif) == {"Image Model": "One"}
    assert len(tags_in(kept(of_jpeg(content), Metadata.ALL).exif)) == 2


def test_thumbnails_are_kept_by_no_policy():
    thumbnail = encoded(quadrants(), "jpeg")
    main = block((0x0110, 2, 3, b"One\0"))
    second = struct.pack("<HHHIIHHII", 2, 0x201, 4, 1, 56, 0x202, 4, 1, len(thumbnail)) + bytes(4)
    content = main[:-4] + struct.pack("<I", len(main)) + second + thumbnail

    exif = kept(of_jpeg(content), Metadata.ALL).exif

    assert tags_in(exif) == {"Image Model": "One"}
    assert thumbnail not in exif


def test_what_is_too_long_for_any_format_leaves_the_rest():
    exif = telling_exif()
    exif.get_ifd(EXIF_TAG)[0x927C] = bytes(60_000)
    exif.get_ifd(EXIF_TAG)[USER_COMMENT] = bytes(6_000)
    content = encoded(quadrants(), "webp", exif=exif)

    found = kept(embedded_in(content, "image/webp"), Metadata.ALL)

    assert len(found.exif) <= MOST
    assert tags_in(found.exif)["Image Model"] == MODEL
    assert "EXIF MakerNote" not in tags_in(found.exif)


def test_xmp_is_told_upright_whatever_is_kept():
    packet = kept(Embedded(xmp=XMP), Metadata.ALL).xmp

    assert b'tiff:Orientation="1"' in packet
    assert SERIAL.encode() in packet


@pytest.mark.parametrize("prefix", ["xmp", "xap", "any"])
def test_no_thumbnail_stays_in_xmp_by_whatever_prefix(prefix):
    thumbnails = f"<{prefix}:Thumbnails><rdf:Alt><rdf:li>SECRET</rdf:li></rdf:Alt></{prefix}:Thumbnails>"
    beside = f"<{prefix}:CreatorTool>A tool</{prefix}:CreatorTool>"
    telling = XMP.replace(b"<dc:rights>", f"{thumbnails}{beside}{thumbnails}<dc:rights>".encode()).replace(
        b"<rdf:Description", f'<rdf:Description xmlns:{prefix}="http://ns.adobe.com/xap/1.0/"'.encode()
    )

    packet = kept(Embedded(xmp=telling), Metadata.ALL).xmp

    assert b"SECRET" not in packet
    assert b"A tool" in packet


def test_measures_and_turn_written_as_elements_are_corrected_too():
    elements = "<t:Orientation>6</t:Orientation><t:ImageWidth>4711</t:ImageWidth><t:Make>Babbage</t:Make>"
    telling = XMP.replace(b"<dc:rights>", f"{elements}<dc:rights>".encode()).replace(
        b"<rdf:Description", b'<rdf:Description xmlns:t="http://ns.adobe.com/tiff/1.0/"'
    )

    packet = kept(Embedded(xmp=telling), Metadata.ALL).xmp

    assert b"<tiff:Orientation>1</tiff:Orientation>" in packet
    assert b"4711" not in packet.replace(SERIAL.encode(), b"")
    assert b"Babbage" in packet


@pytest.mark.parametrize("text", [b"Ada \xe9", "Ada é".encode(), b"Ada\x07 \xe9", "Ada é\ufffe".encode()])
def test_copyright_that_only_exif_has_becomes_words_of_xmp(text):
    told = without_exif(Kept(exif=tiff.written(tiff.Block("<", {0x8298: tiff.Field.text(text)}))))

    assert told.exif is None
    assert "Ada é".encode() in xmp.reduced(told.xmp, ["rights"])


def test_copyright_of_xmp_is_not_replaced_by_that_of_exif():
    somebody = tiff.Field.text(b"Somebody")
    exif = tiff.written(tiff.Block("<", {0x8298: somebody, 0x013B: somebody}))
    told = without_exif(Kept(exif, XMP))

    assert b"Somebody" not in told.xmp


def test_texts_of_xmp_cannot_add_properties():
    evil = XMP.replace(RIGHTS.encode(), b"&lt;/rdf:li&gt;&lt;exif:GPS&gt;")

    packet = kept(Embedded(xmp=evil), Metadata.COPYRIGHT).xmp

    assert b"&lt;exif:GPS&gt;" in packet


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"SECRET",
        b"<a/>",
        b"<" * 60_000,
        XMP[:-100],
        b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]>" + XMP.replace(b"Ada", b"&c;"),
        XMP.decode().encode("utf-16"),
        b"<a>" * 20_000 + b"</a>" * 20_000,
        b"<a>" + b"<!--<xmp:Thumbnails-->" * 2900 + b"</a>",
        XMP + bytes(MOST),
    ],
)
def test_hostile_xmp_costs_metadata_and_no_time(packet):
    content = encoded(quadrants(), "webp", xmp=packet)
    started = time.process_time()

    for policy in (Metadata.COPYRIGHT, Metadata.SAFE):
        assert kept(embedded_in(content, "image/webp"), policy).xmp is None
    kept(embedded_in(content, "image/webp"), Metadata.ALL)

    assert time.process_time() - started < 1


def test_a_loop_of_directories_ends():
    content = block((EXIF_TAG, 4, 1, struct.pack("<I", 8)), (0x8825, 4, 1, struct.pack("<I", 8)))

    assert kept(of_jpeg(content), Metadata.ALL) == Kept()


def test_values_that_share_their_bytes_do_not_multiply():
    many = [(0x9999 + number, 7, 50_000, struct.pack("<I", 100)) for number in range(900)]
    content = block(*many, rest=bytes(50_000))

    exif = of_jpeg(content).exif

    assert exif is not None
    assert sum(len(field.value) for field in exif.root.values()) <= 2**20


def test_items_of_an_avif_that_are_all_over_the_file_take_no_time():
    entry = struct.pack(">I4sB3xHH4s", 21, b"infe", 2, 1, 0, b"Exif") + b"\0"
    names = struct.pack(">I4sIH", 14 + 1000 * len(entry), b"iinf", 0, 1000) + entry * 1000
    # Numbers of no size: as many pieces as one likes in no bytes at all.
    places = struct.pack(">I4sB3xHH", 16 + 6 * 1000, b"iloc", 0, 0, 1000) + struct.pack(">HHH", 1, 0, 65535) * 1000
    whole = struct.pack(">I4sB3xHH", 16 + 14 * 1000, b"iloc", 0, 0x4400, 1000)
    whole += struct.pack(">HHHII", 1, 0, 1, 0, 2**25) * 1000
    started = time.process_time()

    for place in (places, whole):
        meta = struct.pack(">I4sI", 12 + len(names) + len(place), b"meta", 0) + names + place
        assert embedded_in(b"\0\0\0\x10ftypavifavif" + meta + bytes(2**25), "image/avif") == Embedded()

    assert time.process_time() - started < 1


@pytest.mark.parametrize("media_type", [f"image/{format}" for format in (*WITH_METADATA, "gif", "bmp")])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_without_a_failure(media_type, content):
    kept(embedded_in(content, media_type), Metadata.ALL)


@given(st.data())
@example(None)
def test_damaged_metadata_is_read_and_written_without_a_failure(data):
    for format in WITH_METADATA:
        content = bytearray(_TELLING[format])
        if data is not None:
            start = data.draw(st.integers(0, len(content) - 1))
            content[start : start + 8] = data.draw(st.binary(min_size=1, max_size=8))
        found = kept(embedded_in(bytes(content), f"image/{format}"), Metadata.ALL)
        for target in LABELLED:
            labelled(_PLAIN[target], target, Carried(found.exif, found.xmp))


@given(st.binary(max_size=400))
def test_any_exif_leaves_a_picture_that_can_be_read(exif):
    found = kept(of_jpeg(b"II*\0\x08\0\0\0" + exif), Metadata.ALL)
    for target in LABELLED:
        written = labelled(_PLAIN[target], target, Carried(found.exif))

        assert decoded(written).size == (40, 20)


_TELLING = {format: telling(format) for format in WITH_METADATA}
_PLAIN = {target: encoded(quadrants(), target.value) for target in LABELLED}
