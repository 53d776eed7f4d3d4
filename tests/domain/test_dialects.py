import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.dialects import FLAT_ORDER, QUERY_KEYS, read_query, read_spec
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    TooManyOperations,
    UnknownOperation,
    UnknownParameter,
    UnsupportedOutput,
)
from imgsvc.domain.notation import compact
from imgsvc.domain.operations import OPERATIONS
from tests.domain.specs import json_values, modestly, words


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ({}, ""),
        ([], ""),
        ({"steps": []}, ""),
        ({"output": {"format": "webp"}}, "f:webp"),
        (
            {
                "steps": [
                    {"op": "crop", "x": 10, "y": 20, "width": 400, "height": 300},
                    {"op": "resize", "width": 300, "fit": "cover"},
                ],
                "output": {"format": "webp", "quality": 80},
            },
            "crop:10:20:400:300,rs:cover:300,f:webp,q:80",
        ),
    ],
)
def test_the_canonical_form_is_read_as_it_is(plain, text):
    assert compact(read_spec(plain)) == text


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        (
            {
                "transformations": {
                    "resize": {"width": 400, "height": 300},
                    "crop": {"x": 10, "y": 20, "width": 200, "height": 100},
                    "rotate": 90,
                    "format": "webp",
                    "filters": {"grayscale": True, "sepia": True},
                }
            },
            "crop:10:20:200:100,rs:cover:400:300,el:1,rot:90,gray,sepia,f:webp",
        ),
        (
            {"resize": {"width": 400}, "grayscale": True, "blur": 3, "watermark": {"text": "hello"}},
            "rs:inside:400,gray,blur:3,wm:t.aGVsbG8",
        ),
        (
            [
                {"operation": "crop", "params": {"x": 10, "y": 20, "width": 200, "height": 100}},
                {"operation": "rotate", "params": {"degrees": 90}},
                {"operation": "apply_filter", "params": {"grayscale": True}},
            ],
            "crop:10:20:200:100,rot:90,gray",
        ),
        (
            [
                {"operation": "apply_filter", "params": {"sepia": True, "grayscale": True, "contrast": 5}},
                {"operation": "flip"},
                {"operation": "resize", "params": {"width": 40, "height": 30}},
                {"operation": "format", "params": {"format": "jpeg", "compress": 60}},
            ],
            "con:5,gray,sepia,flip,rs:cover:40:30,el:1,f:jpeg,q:60",
        ),
        ([{"operation": "format", "params": {"format": "png"}}, {"operation": "flip"}], "flip,f:png"),
        ([{"operation": "flip", "params": None}, {"operation": "output", "params": {"quality": 5}}], "flip,q:5"),
        ({"transformations": {}}, ""),
        ({"blur": True}, "blur"),
        ({"blur": {"sigma": 3.0}}, "blur:3"),
        ({"watermark": "hello"}, "wm:t.aGVsbG8"),
        ({"background": "red"}, "bg:ff0000"),
        ({"sharpen": {"amount": 50}}, "sharp::50"),
        ({"pad": 10}, "pad:10"),
        ({"pad": {"top": 1, "right": 2, "background": "red"}}, "pad:1:2:::ff0000"),
        ({"invert": True, "pixelate": True, "round": "max"}, "neg,px,round:max"),
        ({"tint": "red", "pixelate": 5, "round": 8}, "tint:ff0000,px:5,round:8"),
        ({"filters": {"invert": True, "hue": 90, "tint": {"color": "red", "amount": 50}}}, "hue:90,neg,tint:ff0000:50"),
        ({"gamma": 2, "adjust": {"hue": 90}, "brightness": 1}, "br:1,hue:90,gam:2"),
        ([{"operation": "round", "params": {"radius": 5}}, {"operation": "invert"}], "round:5,neg"),
        ({"orient": False, "greyscale": True}, "ao:0,gray"),
        ({"auto_orient": False}, "ao:0"),
        ({"auto_orient": True}, ""),
        ({"saturation": 1, "brightness": 2}, "br:2,sat:1"),
        ({"saturation": 1, "filters": {"contrast": 3}, "adjust": {"brightness": 2}}, "br:2,con:3,sat:1"),
        ({"flip": True, "output": {"format": "png"}}, "flip,f:png"),
        ({"compress": 60, "output": {"format": "jpeg"}}, "f:jpeg,q:60"),
    ],
)
def test_a_foreign_shape_is_read_as_a_spec(plain, text):
    assert compact(read_spec(plain)) == text


@pytest.mark.parametrize(
    ("resize", "text"),
    [
        ({"width": 400, "height": 300}, "rs:cover:400:300,el:1"),
        ({"width": 400, "height": 300, "fit": "contain"}, "rs:contain:400:300,el:1"),
        ({"width": 400, "height": 300, "enlarge": False}, "rs:cover:400:300"),
        ({"width": 400}, "rs:inside:400"),
        ({"width": 400, "height": None}, "rs:inside:400"),
        ({"height": 300, "enlarge": True}, "rs:inside::300,el:1"),
    ],
)
def test_who_names_both_sides_expects_that_size(resize, text):
    assert compact(read_spec({"resize": resize})) == text
    assert compact(read_spec([{"operation": "resize", "params": resize}])) == text


def test_the_canonical_form_does_not_enlarge_by_itself():
    spec = read_spec({"steps": [{"op": "resize", "width": 400, "height": 300}]})

    assert compact(spec) == "rs:cover:400:300"


@pytest.mark.parametrize("absent", [False, None])
@pytest.mark.parametrize(
    "key", ["crop", "resize", "rotate", "flip", "background", "brightness", "blur", "filters", "format", "output"]
)
def test_false_and_null_mean_absent(key, absent):
    assert compact(read_spec({"mirror": True, key: absent})) == "mirror"


def test_a_flat_shape_has_one_fixed_order():
    everything = {
        "watermark": "x",
        "round": "max",
        "pixelate": True,
        "sharpen": True,
        "blur": True,
        "tint": "red",
        "invert": True,
        "sepia": True,
        "grayscale": True,
        "brightness": 1,
        "background": "fff",
        "pad": 5,
        "mirror": True,
        "flip": True,
        "rotate": 90,
        "resize": {"width": 5},
        "trim": True,
        "crop": {"width": 5, "height": 5},
        "auto_orient": False,
    }

    spec = read_spec(everything)

    assert tuple(step.op for step in spec.steps) == FLAT_ORDER
    assert spec == read_spec(dict(reversed(everything.items())))


def test_every_operation_has_its_place_in_the_fixed_order():
    assert set(FLAT_ORDER) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("plain", "kind", "detail", "pointer"),
    [
        ({"blurr": 3}, UnknownOperation, "unknown operation 'blurr'; did you mean 'blur'?", "/blurr"),
        ({"stpes": []}, UnknownOperation, "unknown operation 'stpes'; did you mean 'steps'?", "/stpes"),
        ({"blurr": None}, UnknownOperation, "unknown operation 'blurr'", "/blurr"),
        ({"steps": [], "blur": 3}, UnknownParameter, "unknown field 'blur'", "/blur"),
        ({"transformations": {}, "blur": 3}, UnknownParameter, "'blur' cannot stand beside transformations", "/blur"),
        ({"transformations": []}, InvalidParameter, "transformations must be an object", "/transformations"),
        ({"transformations": {"blur": 0}}, InvalidParameter, "sigma must be 0.3 to 250", "/transformations/blur"),
        ({"blur": {"sigma": 0}}, InvalidParameter, "sigma must be 0.3 to 250", "/blur/sigma"),
        ({"blur": {"simga": 3}}, UnknownParameter, "unknown field 'simga'; did you mean 'sigma'?", "/blur/simga"),
        ({"resize": 400}, InvalidParameter, "resize must be an object of parameters", "/resize"),
        ({"resize": True}, InvalidParameter, "resize needs a width or a height", "/resize"),
        ({"crop": True}, InvalidParameter, "width is missing", "/crop"),
        ({"flip": "yes"}, InvalidParameter, "flip must be true", "/flip"),
        ({"grayscale": 1}, InvalidParameter, "grayscale must be true", "/grayscale"),
        ({"brightness": "5"}, InvalidParameter, "brightness must be a number", "/brightness"),
        ({"adjust": {"contrast": 101}}, InvalidParameter, "contrast must be -100 to 100", "/adjust/contrast"),
        ({"adjust": {"format": "png"}}, UnknownOperation, "unknown operation 'format'", "/adjust/format"),
        ({"hue": 360}, InvalidParameter, "hue must be 0 to 359", "/hue"),
        ({"gamma": 0}, InvalidParameter, "gamma must be 0.3 to 3", "/gamma"),
        ({"pad": True}, InvalidParameter, "top is missing", "/pad"),
        ({"pad": {"left": 5}}, InvalidParameter, "top is missing", "/pad/top"),
        ({"pad": "5%"}, InvalidParameter, "top must be a whole number", "/pad"),
        ({"invert": 1}, InvalidParameter, "invert must be true", "/invert"),
        ({"pixelate": 201}, InvalidParameter, "size must be 2 to 200", "/pixelate"),
        ({"round": "min"}, InvalidParameter, "radius must be a whole number, or max", "/round"),
        ({"round": {"radius": True}}, InvalidParameter, "radius must be a whole number, or max", "/round/radius"),
        ({"filters": {"sepia": 101}}, InvalidParameter, "amount must be 0 to 100", "/filters/sepia"),
        ({"filters": []}, InvalidParameter, "filters must be an object", "/filters"),
        ({"filters": {"filters": {}}}, UnknownOperation, "unknown operation 'filters'", "/filters/filters"),
        ({"filters": {"format": "png"}}, UnknownOperation, "unknown operation 'format'", "/filters/format"),
        ({"format": "bmp"}, UnsupportedOutput, "unknown output format 'bmp'", "/format"),
        ({"compress": 101}, InvalidParameter, "quality must be 1 to 100", "/compress"),
        ({"output": "png", "flip": True}, InvalidParameter, "output must be an object", "/output"),
        ({"grayscale": True, "greyscale": True}, DuplicateParameter, "grayscale is given twice", "/greyscale"),
        ({"blur": 1, "filters": {"blur": 2}}, DuplicateParameter, "blur is given twice", "/filters/blur"),
        ({"quality": 1, "compress": 2}, DuplicateParameter, "quality is given twice", "/compress"),
        ({"format": "png", "output": {"format": "gif"}}, DuplicateParameter, "format is given twice", "/output/format"),
        (["flip"], InvalidParameter, "an item of the list names no operation", "/0"),
        ([{"op": "flip"}], InvalidParameter, "an item of the list names no operation", "/0"),
        ([{"operation": "flipp"}], UnknownOperation, "unknown operation 'flipp'; did you mean 'flip'?", "/0/operation"),
        ([{"operation": "flip", "parms": {}}], UnknownParameter, "unknown key 'parms'; did you mean", "/0/parms"),
        ([{"operation": "flip", "params": []}], InvalidParameter, "params must be an object", "/0/params"),
        ([{"operation": "flip", "params": {"x": 1}}], UnknownParameter, "unknown field 'x'", "/0/params/x"),
        ([{"operation": "rotate", "params": {}}], InvalidParameter, "degrees is missing", "/0/params/degrees"),
        ([{"operation": "apply_filter", "params": {"blr": 1}}], UnknownOperation, "unknown operation", "/0/params/blr"),
        ([{"operation": "format", "params": {"blur": 1}}], UnknownOperation, "unknown operation", "/0/params/blur"),
        ([{"operation": "quality", "params": {"quality": 1}}] * 2, DuplicateParameter, "quality is given", "/1/params"),
        ([{"operation": "flip"}] * 21, TooManyOperations, "21 steps are too many", ""),
        ("flip", InvalidParameter, "the input must be an object", ""),
        (None, InvalidParameter, "the input must be an object", ""),
    ],
)  # fmt: skip
def test_a_failure_says_what_is_wrong_and_where_in_that_shape(plain, kind, detail, pointer):
    with pytest.raises(kind) as caught:
        read_spec(plain)

    assert caught.value.detail.startswith(detail)
    assert (type(caught.value), caught.value.pointer) == (kind, pointer)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "width=400&height=300&rotate=90&format=webp&compress=60&grayscale=1&flip=1&mirror=1&blur=2"
            "&watermarkText=hello",
            "rs:cover:400:300,el:1,rot:90,flip,mirror,gray,blur,wm:t.aGVsbG8,f:webp,q:60",
        ),
        ("", ""),
        ("t=crop:400:300,gray", "crop:400:300,gray"),
        ("t=", ""),
        ("width=50%", "rs:inside:50p"),
        ("width=4&height=3&fit=contain&gravity=north&enlarge=0", "rs:contain:4:3:north"),
        ("crop=10,20,30,40", "crop:10:20:30:40"),
        ("crop=10%,20%,30.5%,40%", "crop:10p:20p:30.5p:40p"),
        ("autoOrient=0", "ao:0"),
        ("autoOrient=true", ""),
        ("flip=0&mirror=false&blur=false", ""),
        ("flip=TRUE", "flip"),
        ("rotate=-90&background=fff", "rot:270,bg:ffffff"),
        ("saturation=3&contrast=2&brightness=1", "br:1,con:2,sat:3"),
        ("pad=5", "pad:5"),
        ("pad=1,2,3,4&background=fff", "pad:1:2:3:4,bg:ffffff"),
        ("gamma=2.2&hue=90", "hue:90,gam:2.2"),
        ("invert=1&tint=red&pixelate=true", "neg,tint:ff0000,px"),
        ("pixelate=5&round=max", "px:5,round:max"),
        ("round=12", "round:12"),
        ("sepia=1", "sepia"),
        ("sepia=0", ""),
        ("sepia=50", "sepia:50"),
        ("blur=1", "blur:1"),
        ("blur=true&sharpen=true", "blur,sharp"),
        ("watermarkText=1", "wm:t.MQ"),
        ("format=jpg&quality=50", "f:jpeg,q:50"),
    ],
)
def test_a_query_is_read_as_a_spec(query, text):
    assert compact(read_query(_pairs(query))) == text


@pytest.mark.parametrize(
    ("query", "kind", "detail", "parameter"),
    [
        ("widht=1", UnknownParameter, "unknown parameter 'widht'; did you mean 'width'?", "widht"),
        ("=1", UnknownParameter, "unknown parameter ''", ""),
        ("width=1&width=1", DuplicateParameter, "'width' is given twice", "width"),
        ("t=flip&width=1", ConflictingParameters, "'width' cannot stand beside t", "width"),
        ("t=flip&nonsense=1", UnknownParameter, "'nonsense' cannot stand beside t", "nonsense"),
        ("t=flipp", UnknownOperation, "unknown operation 'flipp'", "t"),
        ("t=w:0", InvalidParameter, "width must be 1 to 8192 pixels", "t"),
        ("width=", InvalidParameter, "'' is not a number", "width"),
        ("width=٣", InvalidParameter, "'٣' is not a number", "width"),
        ("width=0", InvalidParameter, "width must be 1 to 8192 pixels", "width"),
        ("height=1.5", InvalidParameter, "height must be a whole number of pixels, or a percentage", "height"),
        ("width=4&height=1001%", InvalidParameter, "a percentage must be 0% to 1000%", "height"),
        ("gravity=north", InvalidParameter, "resize needs a width or a height", "gravity"),
        ("width=5&gravity=nroth", InvalidParameter, "unknown gravity 'nroth'; did you mean 'north'?", "gravity"),
        ("crop=1,2,3", InvalidParameter, "crop must be four lengths with commas between them", "crop"),
        ("crop=1,2,0,4", InvalidParameter, "width must be 1 to 65535 pixels", "crop"),
        ("pad=1,2,3,4,5", InvalidParameter, "pad must be one to four numbers with commas between them", "pad"),
        ("pad=1,", InvalidParameter, "'' is not a number", "pad"),
        ("pad=1,4001", InvalidParameter, "right must be 0 to 4000", "pad"),
        ("hue=-1", InvalidParameter, "hue must be 0 to 359", "hue"),
        ("tint=redd", InvalidParameter, "a colour must be", "tint"),
        ("pixelate=1", InvalidParameter, "size must be 2 to 200", "pixelate"),
        ("round=min", InvalidParameter, "radius must be a whole number, or max", "round"),
        ("round=4097", InvalidParameter, "radius must be 1 to 4096, or max", "round"),
        ("flip=yes", InvalidParameter, "a switch must be 1, 0, true or false", "flip"),
        ("brightness=101", InvalidParameter, "brightness must be -100 to 100", "brightness"),
        ("blur=yes", InvalidParameter, "'yes' is not a number", "blur"),
        ("blur=251", InvalidParameter, "sigma must be 0.3 to 250", "blur"),
        ("watermarkText=", InvalidParameter, "text must be text of 1 to 256 characters", "watermarkText"),
        ("background=red;", InvalidParameter, "a colour must be", "background"),
        ("format=WEBP", UnsupportedOutput, "unknown output format 'WEBP'; did you mean 'webp'?", "format"),
        ("compress=101", InvalidParameter, "quality must be 1 to 100", "compress"),
        ("quality=1&compress=2", DuplicateParameter, "quality is given twice", "compress"),
    ],
)
def test_a_failure_names_its_query_parameter(query, kind, detail, parameter):
    with pytest.raises(kind) as caught:
        read_query(_pairs(query))

    assert caught.value.detail.startswith(detail)
    assert (type(caught.value), caught.value.parameter) == (kind, parameter)
    assert caught.value.path == () or parameter == "t"
    assert caught.value.has_value or detail.startswith("resize needs")


def test_the_position_in_the_compact_form_is_kept_in_a_query():
    with pytest.raises(InvalidInput) as caught:
        read_query([("t", "gray,w:0")])

    assert (caught.value.parameter, caught.value.position) == ("t", 5)


def _pairs(query):
    return [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]


# Hostile input


def test_deep_nesting_is_an_explained_failure():
    filters, steps = {}, []
    for _ in range(50_000):
        filters, steps = {"filters": filters}, [steps]

    for plain in (filters, {"transformations": filters}, steps, {"steps": steps}, {"blur": steps}, {"output": steps}):
        with pytest.raises(InvalidInput) as caught:
            read_spec(plain)
        _check(caught.value)


def test_a_huge_name_is_refused_at_once():
    for plain in (
        {"z" * 10**6: 1},
        {"steps": [{"op": "z" * 10**6}]},
        [{"operation": "z" * 10**6}],
        {"blur": "z" * 10**6},
    ):
        with pytest.raises(InvalidInput) as caught:
            read_spec(plain)
        _check(caught.value)


def test_a_number_that_python_would_not_print_is_an_explained_failure():
    huge = 10**5000

    for plain in ({"blur": huge}, {"steps": [{"op": huge}]}, {"steps": [{"op": "resize", "width": huge}]}, [huge]):
        with pytest.raises(InvalidInput) as caught:
            read_spec(plain)
        _check(caught.value)


anything = json_values
steps = st.fixed_dictionaries({"op": st.sampled_from([*OPERATIONS])}, optional={"width": anything, "sigma": anything})
flat_shapes = st.dictionaries(st.sampled_from([*FLAT_ORDER, "filters", "format", "brightness"]), anything, max_size=4)
listed = st.fixed_dictionaries({"operation": words}, optional={"params": flat_shapes | anything})


@modestly
@given(
    st.one_of(
        anything,
        st.fixed_dictionaries({"steps": st.lists(steps, max_size=4)}, optional={"output": anything}),
        flat_shapes,
        st.fixed_dictionaries({"transformations": flat_shapes}),
        st.lists(listed, max_size=4),
    )
)
def test_any_json_is_a_spec_or_an_explained_failure(plain):
    try:
        spec = read_spec(plain)
    except InvalidInput as error:
        _check(error)
    else:
        assert read_spec(json.loads(spec.canonical_json)) == spec


@modestly
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*QUERY_KEYS, "t"]) | st.text(st.characters(codec=None), max_size=4),
            st.sampled_from(["1", "0", "300", "50%", "1,2,3,4", "cover", "red", "webp", "gray"]) | words
            | st.text(st.characters(codec=None), max_size=6),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_any_query_is_a_spec_or_an_explained_failure(pairs):
    try:
        assert read_query(pairs).id
    except InvalidInput as error:
        _check(error)
        _check_parameter(error)


def _check(error):
    """Whether a problem document can be made of the failure."""
    shown = [error.detail, error.value if error.has_value else None, error.pointer, error.parameter, error.allowed]
    assert len(json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()) < 5000


def _check_parameter(error):
    assert error.parameter is not None
