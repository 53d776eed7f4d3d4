import math

import pytest
from attrs import field, frozen

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import characters, legible, matches, tidy_number, within


@frozen
class Sample:
    number: float = field(default=1, validator=within(0.5, 10))
    text: str = field(default="ab", validator=characters(2, 4))
    line: str = field(default="", validator=legible(0, 5))
    lines: str = field(default="", validator=legible(0, 5, has_lines=True))
    word: str = field(default="x", validator=matches("[a-z]+", "small letters"))
    either: float | str = field(default=1, validator=within(1, 5, or_word="all"))


@pytest.mark.parametrize("number", [0.5, 1, 9.99, 10])
def test_a_number_within_is_taken(number):
    assert Sample(number=number).number == number


@pytest.mark.parametrize("number", [0, 0.49, 10.01, -1, 10**400, math.inf, -math.inf, math.nan, True, "1", None])
def test_a_number_outside_and_what_is_no_number_is_refused(number):
    with pytest.raises(InvalidInput, match=r"number must be 0\.5 to 10") as caught:
        Sample(number=number)

    assert caught.value.path == ("number",)
    assert caught.value.allowed == "0.5 to 10"


@pytest.mark.parametrize("value", [1, 5, "all"])
def test_a_word_may_stand_for_a_number(value):
    assert Sample(either=value).either == value


@pytest.mark.parametrize("value", [0, 6, "al", "ALL", "", None])
def test_another_word_than_that_is_refused(value):
    with pytest.raises(InvalidInput, match="either must be 1 to 5, or all"):
        Sample(either=value)


@pytest.mark.parametrize("text", ["ab", "abcd", "ÄÖ"])
def test_text_of_the_right_length_is_taken(text):
    assert Sample(text=text).text == text


@pytest.mark.parametrize("text", ["", "a", "abcde", 12, None])
def test_text_of_another_length_is_refused(text):
    with pytest.raises(InvalidInput, match="text must be text of 2 to 4 characters"):
        Sample(text=text)


@pytest.mark.parametrize("text", ["", "a b", " é ", "👩\u200d👧", "\u202ea", "a\\b"])
def test_text_that_can_be_read_is_taken(text):
    assert (Sample(line=text).line, Sample(lines=text).lines) == (text, text)


@pytest.mark.parametrize(
    "text",
    ["a\0", "\x1b[0m", "\x7f", "\x85", "\x9f", "\u2028", "\u2029", " ", "\xa0\u3000", "\ud800", "123456", 1, None],
)
def test_text_that_cannot_be_read_is_refused(text):
    for name in ("line", "lines"):
        with pytest.raises(InvalidInput, match=f"{name} must be text of 0 to 5 characters, not blank") as caught:
            Sample(**{name: text})
        assert caught.value.path == (name,)


def test_only_where_there_may_be_lines_there_are_any():
    assert Sample(lines="a\r\n\tb").lines == "a\r\n\tb"
    for text in ("a\nb", "a\tb", "a\r"):
        with pytest.raises(InvalidInput, match="line must be text"):
            Sample(line=text)
    with pytest.raises(InvalidInput, match="lines must be text"):
        Sample(lines="\n")


@pytest.mark.parametrize("word", ["", "A", "a b", "a\n", 1])
def test_text_that_does_not_match_as_a_whole_is_refused(word):
    with pytest.raises(InvalidInput, match="word must be small letters"):
        Sample(word=word)


def test_a_large_limit_is_written_in_full():
    assert within(1, 2**40).allowed == "1 to 1099511627776"


@pytest.mark.parametrize(
    ("number", "tidy"),
    [(2.0, 2), (-0.0, 0), (1e-9, 0), (0.1 + 0.2, 0.3), (1.23456789, 1.234568), (7, 7), (99.9999999, 100)],
)
def test_a_tidy_number_has_no_more_than_six_decimals(number, tidy):
    result = tidy_number(number)

    assert (result, type(result)) == (tidy, type(tidy))


@pytest.mark.parametrize("value", [True, "2.0", None, math.inf, 1e300])
def test_what_a_rule_will_refuse_is_left_as_it_is(value):
    assert tidy_number(value) is value
