"""Text as a picture, in the font that comes with the service."""

import pytest
from PIL import ImageChops

from imgsvc.adapters.imaging.text import drawn, must_be_drawable
from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.geometry import Size

ROOM = Size(2000, 500)


@pytest.mark.parametrize("text", ["© 2026 imgsvc", "Grüße, Ærøskøbing", "Привет", "Καλημέρα", "→ ½ € ∑", "   "])
def test_what_the_font_has_can_be_drawn(text):
    must_be_drawable(text)


@pytest.mark.parametrize(
    ("text", "named", "problem"),
    [
        ("a漢", "U+6F22 (CJK UNIFIED IDEOGRAPH-6F22)", "the font cannot draw"),
        ("שלום", "U+05E9 (HEBREW LETTER SHIN)", "right to left"),
        ("سلام", "U+0633 (ARABIC LETTER SEEN)", "right to left"),
        ("१٣", "U+0967 (DEVANAGARI DIGIT ONE)", "the font cannot draw"),
        ("q\u0308", "U+0308 (COMBINING DIAERESIS)", "combines"),
        ("a\u2028b", "U+2028 (LINE SEPARATOR)", "ends the line"),
        ("\U000e0100", "U+E0100 (VARIATION SELECTOR-17)", "combines"),
    ],
)
def test_what_cannot_be_drawn_is_named(text, named, problem):
    with pytest.raises(InvalidParameter, match=problem) as caught:
        must_be_drawable(text)

    assert named in caught.value.detail
    assert caught.value.path == ("text",)
    assert caught.value.value == named.split()[0]


def test_ink_reaches_every_edge_of_the_mask():
    mask = drawn("jfÅ", 40, ROOM)

    assert mask.mode == "L"
    assert mask.getbbox() == (0, 0, *mask.size)
    assert mask.getextrema()[1] == 255


def test_ink_grows_with_the_size():
    small, large = drawn("imgsvc", 20, ROOM), drawn("imgsvc", 40, ROOM)

    assert abs(large.width - 2 * small.width) <= 3
    assert abs(large.height - 2 * small.height) <= 3


def test_no_ink_is_cut_off():
    alone = drawn("Åj", 200, ROOM)

    assert alone.getchannel(0).crop((0, 0, alone.width, 1)).getbbox() is not None
    assert alone.height > 200 * 0.9


@pytest.mark.parametrize("room", [Size(300, 500), Size(2000, 30), Size(40, 20)])
@pytest.mark.parametrize("text", ["imgsvc", "iiiiiiiiiiiiiiiiii", "W"])
def test_large_text_is_drawn_to_fill_its_room(text, room):
    mask = drawn(text, 1000, room)

    assert mask.width <= room.width
    assert mask.height <= room.height
    assert mask.width > 0.6 * room.width or mask.height > 0.6 * room.height


def test_the_longest_text_in_the_largest_size_is_never_drawn_in_full():
    assert drawn("W" * 256, 1000, Size(300, 300)).width <= 300


def test_blanks_have_no_ink():
    assert drawn(" \u00a0 ", 20, ROOM) is None


def test_the_same_text_is_the_same_picture():
    assert ImageChops.difference(drawn("AVATAR", 37.5, ROOM), drawn("AVATAR", 37.5, ROOM)).getbbox() is None
