from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.color import Color
from imgsvc.domain.errors import InvalidParameter
from tests.domain.specs import colors, modestly


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("f80", Color(255, 136, 0)),
        ("#f80", Color(255, 136, 0)),
        ("F80C", Color(255, 136, 0, 204)),
        ("ff8800", Color(255, 136, 0)),
        ("#FF880080", Color(255, 136, 0, 128)),
        ("rebeccapurple", Color(102, 51, 153)),
        ("Tomato", Color(255, 99, 71)),
        ("transparent", Color(0, 0, 0, 0)),
    ],
)
def test_a_color_is_read_from_digits_or_a_name(text, color):
    assert Color.parse(text) == color


@pytest.mark.parametrize(
    "text",
    ["", "#", "red;", "#ggg", "ff", "fffff", "fffffff", "##fff", "rgb(300,0,0)", " red", "red\n", "٣٣٣", "x" * 10**6],
)
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidParameter, match="a colour must be 3, 4, 6 or 8 hexadecimal digits") as caught:
        Color.parse(text)

    assert caught.value.allowed == "3, 4, 6 or 8 hexadecimal digits, or a CSS colour name"
    assert caught.value.has_value


@pytest.mark.parametrize(
    ("color", "text"),
    [(Color(255, 136, 0), "ff8800"), (Color(0, 0, 0, 0), "00000000"), (Color(1, 2, 3, 4), "01020304")],
)
def test_an_opaque_color_is_written_with_six_digits(color, text):
    assert str(color) == text


@modestly
@given(colors)
def test_a_color_is_read_as_it_was_written(color):
    assert Color.parse(str(color)) == color


@modestly
@given(st.text(st.characters(codec=None)))
def test_no_text_raises_anything_else(text):
    with suppress(InvalidParameter):
        assert Color.parse(text)
