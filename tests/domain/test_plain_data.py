import math
from datetime import UTC, datetime
from uuid import UUID

import pytest
from attrs import frozen
from hypothesis import given

from imgsvc.domain.color import Color
from imgsvc.domain.errors import (
    InvalidInput,
    InvalidParameter,
    TooManyOperations,
    UnknownField,
    UnknownOperation,
    UnknownParameter,
    UnsupportedOutput,
)
from imgsvc.domain.geometry import Percent
from imgsvc.domain.operations import Blur, Crop, Operation, Resize, Watermark
from imgsvc.domain.plain_data import canonical, is_tagged_union, plain, read, read_parameters
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.domain.wanted_specs import AnySpec
from tests.domain.specs import json_values, modestly, specs


@frozen
class Sample:
    name: str
    count: int = 1
    ratio: float = 1
    is_big: bool = False
    note: str | None = None


@frozen
class Dated:
    id: UUID
    at: datetime


def test_an_object_is_read_by_its_fields():
    assert read(Sample, {"name": "x", "count": 2.0, "ratio": 3, "note": None}) == Sample("x", 2, 3)


@pytest.mark.parametrize(
    ("given", "detail", "path"),
    [
        ({"name": 5}, "name must be text", ("name",)),
        ({"name": "\ud800"}, "name must be Unicode text, without half of a surrogate pair", ("name",)),
        ({"name": "x", "count": "1"}, "count must be a whole number", ("count",)),
        ({"name": "x", "count": 1.5}, "count must be a whole number", ("count",)),
        ({"name": "x", "count": True}, "count must be a whole number", ("count",)),
        ({"name": "x", "count": math.nan}, "count must be a whole number", ("count",)),
        ({"name": "x", "count": math.inf}, "count must be a whole number", ("count",)),
        ({"name": "x", "ratio": "1"}, "ratio must be a number", ("ratio",)),
        ({"name": "x", "ratio": False}, "ratio must be a number", ("ratio",)),
        ({"name": "x", "is_big": 1}, "is_big must be true or false", ("is_big",)),
        ({"name": "x", "note": []}, "note must be text", ("note",)),
        ({}, "name is missing", ("name",)),
        ([], "the input must be an object", ()),
        ("", "the input must be an object", ()),
        ("name", "the input must be an object", ()),
        (None, "the input must be an object", ()),
        (7, "the input must be an object", ()),
    ],
)
def test_nothing_is_guessed(given, detail, path):
    with pytest.raises(InvalidInput) as caught:
        read(Sample, given)

    assert type(caught.value) is InvalidInput
    assert (caught.value.detail, caught.value.path) == (detail, path)


@pytest.mark.parametrize("given", ["w:5", {"nobody": ["knows"]}, [1, None], 2.0])
def test_what_is_read_later_is_taken_as_it_is(given):
    @frozen
    class Wanted:
        spec: AnySpec

    assert read(Wanted, {"spec": given}).spec is given


def test_an_unknown_key_names_the_nearest_one():
    with pytest.raises(UnknownField, match=r"unknown field 'nmae'; did you mean 'name'\?") as caught:
        read(Sample, {"nmae": "x"})

    assert (caught.value.path, caught.value.value, caught.value.nearest) == (("nmae",), "nmae", "name")


def test_a_refused_value_is_echoed():
    with pytest.raises(InvalidInput) as caught:
        read(Sample, {"name": {"a": "b"}})

    assert (caught.value.value, caught.value.allowed) == ("an object", "text")


def test_a_rule_that_raises_a_plain_value_error_is_explained_too():
    @frozen
    class Even:
        number: int

        def __attrs_post_init__(self) -> None:
            if self.number % 2:
                raise ValueError

    with pytest.raises(InvalidInput, match="the input is not what it should be"):
        read(Even, {"number": 1})


def test_our_own_mistakes_are_not_blamed_on_the_caller():
    @frozen
    class Broken:
        number: int

        def __attrs_post_init__(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read(Broken, {"number": 1})


@pytest.mark.parametrize(
    ("given", "kind", "detail", "pointer"),
    [
        ({"steps": {}}, InvalidParameter, "steps must be a list", "/steps"),
        ({"steps": [[]]}, InvalidParameter, 'item 1 of the list must be an object with an "op"', "/steps/0"),
        ({"steps": [{}]}, InvalidParameter, "op is missing: which operation is it?", "/steps/0/op"),
        ({"steps": [{"op": ["flip"]}]}, InvalidParameter, "op is not text: which operation is it?", "/steps/0/op"),
        ({"steps": [{"op": "blr"}]}, UnknownOperation, "unknown operation 'blr'; did you mean 'blur'?", "/steps/0/op"),
        ({"steps": [{"op": "flip", "x": 1}]}, UnknownParameter, "unknown field 'x'", "/steps/0/x"),
        (
            {"steps": [{"op": "flip"}, {"op": "resize", "widht": 1}]},
            UnknownParameter,
            "unknown field 'widht'; did you mean 'width'?",
            "/steps/1/widht",
        ),
        ({"steps": [{"op": "resize", "width": 0}]}, InvalidParameter, "width must be 1 to 8192", "/steps/0/width"),
        ({"steps": [{"op": "resize"}]}, InvalidParameter, "resize needs a width or a height", "/steps/0/width"),
        ({"steps": [{"op": "crop", "width": 1}]}, InvalidParameter, "height is missing", "/steps/0/height"),
        ({"steps": [{"op": "blur", "sigma": 1e6}]}, InvalidParameter, "sigma must be 0.3 to 250", "/steps/0/sigma"),
        ({"steps": [{"op": "sepia", "amount": math.nan}]}, InvalidParameter, "amount must be 0", "/steps/0/amount"),
        ({"steps": [{"op": "background", "color": "red;"}]}, InvalidParameter, "a colour must be", "/steps/0/color"),
        (
            {"steps": [{"op": "resize", "width": 1, "fit": "covr"}]},
            InvalidParameter,
            "unknown fit 'covr'; did you mean 'cover'?",
            "/steps/0/fit",
        ),
        ({"output": []}, InvalidParameter, "output must be an object", "/output"),
        ({"output": ""}, InvalidParameter, "output must be an object", "/output"),
        ({"output": {"format": "bmp"}}, UnsupportedOutput, "unknown output format 'bmp'", "/output/format"),
        ({"output": {"quality": 101}}, InvalidParameter, "quality must be 1 to 100", "/output/quality"),
        ({"outptu": {}}, UnknownParameter, "unknown field 'outptu'; did you mean 'output'?", "/outptu"),
        ({"steps": [{"op": "flip"}] * 21}, TooManyOperations, "21 steps are too many", "/steps"),
    ],
)  # fmt: skip
def test_a_failure_says_what_is_wrong_and_where(given, kind, detail, pointer):
    with pytest.raises(kind) as caught:
        read_parameters(TransformSpec, given)

    assert caught.value.detail.startswith(detail)
    assert (type(caught.value), caught.value.pointer) == (kind, pointer)


@pytest.mark.parametrize(
    "width",
    [0, -1, 1.5, "abc", 1e9, math.nan, "٣", "+5", "0x10", "", "007", "1" * 21, 10**400, "300", True, [], "007%",
     "-5%", "%", "1e1%", "1001%", "0%", "50.1234567%", " 5%", "٣%"],
)  # fmt: skip
def test_a_width_is_a_plain_number_or_a_percentage(width):
    with pytest.raises(InvalidParameter) as caught:
        read_parameters(TransformSpec, {"steps": [{"op": "resize", "width": width}]})

    assert caught.value.path == ("steps", 0, "width")
    assert caught.value.has_value
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("width", "length"),
    [(300, 300), (300.0, 300), ("50%", Percent(50)), ("0.5%", Percent(0.5)), ("50.0%", Percent(50))],
)
def test_a_length_is_read_from_pixels_or_percent(width, length):
    assert read(Resize, {"width": width}) == Resize(width=length)


def test_plain_data_shows_every_field():
    assert plain(TransformSpec([Watermark("x", color=Color(1, 2, 3))])) == {
        "steps": [
            {
                "op": "watermark",
                "text": "x",
                "gravity": "southeast",
                "opacity": 0.5,
                "size": "5%",
                "x": 10,
                "y": 10,
                "color": "010203",
                "font": "sans",
                "stroke": 0,
                "stroke_color": "000000",
                "image": None,
                "scale": 0.25,
                "tile": False,
                "rotate": 0,
            }
        ],
        "output": {
            "format": None,
            "quality": None,
            "lossless": False,
            "progressive": False,
            "png_level": None,
            "max_bytes": None,
            "never_larger": False,
            "metadata": "copyright",
            "icc": "srgb",
            "frames": "all",
        },
    }


def test_canonical_data_leaves_defaults_out():
    spec = TransformSpec([Blur(), Crop(x=0, width=5, height=6)], Output(Format.PNG))

    assert canonical(spec) == {
        "steps": [{"op": "blur"}, {"op": "crop", "x": 0, "y": 0, "width": 5, "height": 6}],
        "output": {"format": "png"},
    }


def test_moments_and_ids_are_text():
    at = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)

    assert plain(Dated(UUID(int=1), at)) == {"id": "00000000-0000-0000-0000-000000000001", "at": "2025-01-02T03:04:05Z"}


@modestly
@given(specs())
def test_a_spec_is_read_as_it_was_shown(spec):
    assert read(TransformSpec, plain(spec)) == spec
    assert read(TransformSpec, canonical(spec)) == spec


@modestly
@given(json_values)
def test_no_json_raises_anything_else(value):
    try:
        assert read(Output | None, value) or value in (None, {})
    except InvalidInput as error:
        failed = error
        assert failed.detail


def test_a_union_of_operations_is_told_apart_by_op():
    assert is_tagged_union(Operation)
    assert not is_tagged_union(int | Percent)
    assert not is_tagged_union(Blur)
