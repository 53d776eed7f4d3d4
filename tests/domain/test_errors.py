import json
import math
from uuid import UUID

import pytest

from imgsvc.domain.errors import (
    InvalidInput,
    InvalidParameter,
    UnknownOperation,
    UnknownParameter,
    unknown,
)
from imgsvc.domain.wording import nearest, shortened


def test_a_pointer_escapes_what_json_pointers_reserve():
    error = InvalidInput("no", path=("steps", 0, "a/b~c"))

    assert error.pointer == "/steps/0/a~1b~0c"


def test_the_pointer_of_the_whole_input_is_empty():
    assert InvalidInput("no").pointer == ""


def test_a_failure_seen_from_further_up_has_a_longer_path():
    error = InvalidInput("no", path=("width",)).under("steps", 3)

    assert error.path == ("steps", 3, "width")


def test_the_first_position_stays():
    error = InvalidInput("no").at(7).at(0)

    assert error.position == 7


def test_a_failure_under_another_code_keeps_everything_else():
    error = InvalidInput("no width", path=("width",), value=0, allowed="1 to 9", nearest="w", position=3, parameter="t")

    other = error.as_kind(InvalidParameter)

    assert type(other) is InvalidParameter
    assert other.code == "invalid_parameter"
    assert str(other) == "no width"
    assert vars(other) == vars(error)


def test_a_value_that_is_null_is_not_an_absent_one():
    assert InvalidInput("no", value=None).has_value
    assert not InvalidInput("no").has_value


@pytest.mark.parametrize("value", [None, True, 0, -(2**62), 1.5, "text", "ünï"])
def test_a_small_plain_value_is_echoed_as_it_is(value):
    assert InvalidInput("no", value=value).value == value


@pytest.mark.parametrize(
    ("value", "echoed"),
    [
        (math.inf, "inf"),
        (math.nan, "nan"),
        ({"a": 1}, "an object"),
        ([1, 2], "a list"),
        ("\ud800", "\\ud800"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_a_value_that_json_cannot_hold_is_echoed_as_text(value, echoed):
    assert InvalidInput("no", value=value).value == echoed


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_python_would_not_print_is_described(sign):
    assert InvalidInput("no", value=sign * 10**5000).value == "a number of more than 18 digits"


def test_what_is_echoed_is_short():
    long = "x" * 100_000

    error = InvalidInput("no", path=(long,), value=long, parameter=long).under(long).of(long)

    assert len(str(error.value)) == 200
    assert len(error.parameter or "") == 200
    assert len(error.pointer) == 402


def test_what_is_echoed_can_be_sent():
    error = unknown(UnknownParameter, "parameter", "\ud800" * 1000, ["width"]).under("\udfff").of("\ud800")

    text = json.dumps([error.detail, error.value, error.pointer, error.parameter], ensure_ascii=False, allow_nan=False)

    assert len(text.encode()) < 3000


def test_a_deeply_nested_value_is_echoed_without_going_down():
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    assert InvalidInput("no", value=value).value == "a list"


@pytest.mark.parametrize(
    ("name", "meant"), [("widht", "width"), ("HEIGHT", "height"), ("hieght", "height"), ("banana", None), ("", None)]
)
def test_the_nearest_name_is_the_one_that_was_probably_meant(name, meant):
    assert nearest(name, ["width", "height", "fit"]) == meant


def test_an_unknown_name_is_explained():
    error = unknown(UnknownOperation, "operation", "blurr", ["crop", "blur"])

    assert error.detail == "unknown operation 'blurr'; did you mean 'blur'?"
    assert (error.value, error.allowed, error.nearest) == ("blurr", "blur, crop", "blur")


def test_a_long_name_is_shortened_in_the_sentence():
    error = unknown(UnknownOperation, "operation", "z" * 1_000_000, ["crop"])

    assert len(error.detail) < 100


def test_a_name_where_none_is_known_is_explained():
    assert unknown(UnknownParameter, "field", "x", []).allowed == "none"


def test_shortened_text_stands_in_quotes():
    assert shortened("abc") == "'abc'"
    assert shortened("a" * 100) == repr("a" * 59 + "…")
