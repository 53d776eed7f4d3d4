"""Text as a picture, in the fonts that come with the service."""

import pytest
from PIL import ImageChops

from imgsvc.adapters.imaging.text import Lettering, drawn, must_be_drawable
from imgsvc.domain.errors import InvalidParameter
from imgsvc.domain.geometry import Size
from imgsvc.domain.operations import Font, Rotate

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
    mask = drawn("jfÅ", Lettering(40), ROOM).letters

    assert mask.mode == "L"
    assert mask.getbbox() == (0, 0, *mask.size)
    assert mask.getextrema()[1] == 255


def test_ink_grows_with_the_size():
    small, large = (drawn("imgsvc", Lettering(size), ROOM).letters for size in (20, 40))

    assert abs(large.width - 2 * small.width) <= 3
    assert abs(large.height - 2 * small.height) <= 3


def test_no_ink_is_cut_off():
    alone = drawn("Åj", Lettering(200), ROOM).letters

    assert alone.getchannel(0).crop((0, 0, alone.width, 1)).getbbox() is not None
    assert alone.height > 200 * 0.9


@pytest.mark.parametrize("room", [Size(300, 500), Size(2000, 30), Size(40, 20)])
@pytest.mark.parametrize("text", ["imgsvc", "iiiiiiiiiiiiiiiiii", "W"])
def test_large_text_is_drawn_to_fill_its_room(text, room):
    mask = drawn(text, Lettering(1000), room).letters

    assert mask.width <= room.width
    assert mask.height <= room.height
    assert mask.width > 0.6 * room.width or mask.height > 0.6 * room.height


def test_the_longest_text_in_the_largest_size_is_never_drawn_in_full():
    assert drawn("W" * 256, Lettering(1000), Size(300, 300)).letters.width <= 300


def test_blanks_have_no_ink():
    assert drawn(" \u00a0 ", Lettering(20), ROOM) is None


def test_the_same_text_is_the_same_picture():
    one, other = (drawn("AVATAR", Lettering(37.5), ROOM).letters for _ in range(2))

    assert ImageChops.difference(one, other).getbbox() is None


def test_what_one_font_lacks_another_may_have():
    must_be_drawable("\u2603", Font.SANS)

    with pytest.raises(InvalidParameter, match="SNOWMAN") as caught:
        must_be_drawable("a\u2603", Font.SERIF)
    assert "DejaVu Serif" in caught.value.allowed


@pytest.mark.parametrize("font", Font)
def test_each_font_has_latin_greek_and_cyrillic_letters(font):
    must_be_drawable("© Grüße Ærø Привет Καλημέρα €", font)


def test_every_font_draws_in_its_own_way():
    drawings = {drawn("imgsvc", Lettering(40, font), ROOM).letters.tobytes() for font in Font}

    assert len(drawings) == len(Font)


@pytest.mark.parametrize("stroke", [1, 4, 20])
def test_a_stroke_surrounds_the_letters_on_every_side(stroke):
    plain, stroked = drawn("imgsvc", Lettering(40), ROOM), drawn("imgsvc", Lettering(40, stroke=stroke), ROOM)

    assert stroked.letters.size == stroked.outlined.size
    assert abs(stroked.outlined.width - plain.letters.width - 2 * stroke) <= 2
    assert abs(stroked.outlined.height - plain.letters.height - 2 * stroke) <= 2
    left, top, right, bottom = stroked.letters.getbbox()
    margins = (left, top, stroked.letters.width - right, stroked.letters.height - bottom)
    assert all(abs(margin - stroke) <= 1 for margin in margins)


def test_a_stroke_shrinks_with_its_text():
    narrow = drawn("imgsvc", Lettering(400, stroke=20), Size(100, 500))

    assert 95 <= narrow.outlined.width <= 100
    assert narrow.letters.getbbox()[0] <= 3


@pytest.mark.parametrize("degrees", [30, 90, 200])
def test_turned_text_fits_its_room(degrees):
    letters = drawn("imgsvc", Lettering(1000, stroke=5), Size(300, 200), degrees).letters

    turned = Rotate(degrees).size_after(Size(*letters.size))
    assert turned.width <= 300
    assert turned.height <= 200
    assert turned.width > 260 or turned.height > 170
