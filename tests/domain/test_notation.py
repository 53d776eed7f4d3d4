import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.domain.color import WHITE, Color
from imgsvc.domain.dialects import read_spec
from imgsvc.domain.errors import (
    ConflictingParameters,
    DuplicateParameter,
    InvalidInput,
    InvalidParameter,
    TooManyOperations,
    UnknownOperation,
    UnsupportedOutput,
)
from imgsvc.domain.geometry import Gravity, Percent
from imgsvc.domain.notation import MAX_LENGTH, compact, number, parse
from imgsvc.domain.notation.names import NAMES
from imgsvc.domain.operations import (
    Adjust,
    AutoOrient,
    Background,
    Blur,
    Crop,
    Fit,
    Flip,
    Grayscale,
    Invert,
    Mirror,
    Pad,
    Pixelate,
    Resize,
    Rotate,
    Round,
    Sepia,
    Sharpen,
    Tint,
    Watermark,
)
from imgsvc.domain.transform import Format, Output, TransformSpec
from tests.domain.specs import modestly, specs

# Each operation as it is printed; the same text parses to it.
PRINTED = [
    ("", TransformSpec()),
    ("ao:0", TransformSpec([AutoOrient(enabled=False)])),
    ("crop:10:20:400:300", TransformSpec([Crop(x=10, y=20, width=400, height=300)])),
    ("crop:0:0:50p:12.5p", TransformSpec([Crop(x=0, width=Percent(50), height=Percent(12.5))])),
    ("crop:400:300", TransformSpec([Crop(width=400, height=300)])),
    ("crop:400:50p@north", TransformSpec([Crop(width=400, height=Percent(50), gravity=Gravity.NORTH)])),
    ("rs:cover:300:200", TransformSpec([Resize(width=300, height=200)])),
    ("rs:inside:300", TransformSpec([Resize(width=300)])),
    ("rs:inside::200", TransformSpec([Resize(height=200)])),
    ("rs:cover:300:200:north", TransformSpec([Resize(width=300, height=200, gravity=Gravity.NORTH)])),
    ("rs:contain:9:9::ffffff", TransformSpec([Resize(width=9, height=9, fit=Fit.CONTAIN, background=WHITE)])),
    ("rs:stretch:200p:50p,el:1", TransformSpec([Resize(Percent(200), Percent(50), fit=Fit.STRETCH, enlarge=True)])),
    ("rs:inside:9,rs:inside:8", TransformSpec([Resize(width=9), Resize(width=8)])),
    ("rot:90", TransformSpec([Rotate(90)])),
    ("rot:359.5:ff000080", TransformSpec([Rotate(-0.5, Color(255, 0, 0, 128))])),
    ("flip,mirror", TransformSpec([Flip(), Mirror()])),
    ("pad:10", TransformSpec([Pad(10)])),
    ("pad:10:20", TransformSpec([Pad(10, 20)])),
    ("pad:1:2:3", TransformSpec([Pad(1, 2, 3, 2)])),
    ("pad:1:2:3:4", TransformSpec([Pad(1, 2, 3, 4)])),
    ("pad:1:2::4:ff0000", TransformSpec([Pad(1, 2, 1, 4, Color(255, 0, 0))])),
    ("pad:0:::4000", TransformSpec([Pad(0, left=4000)])),
    ("bg:ffffff", TransformSpec([Background(WHITE)])),
    ("br:20,con:-10,sat:15.5", TransformSpec([Adjust(20, -10, 15.5)])),
    ("br:20,con:-10,sat:15,hue:90,gam:2.2", TransformSpec([Adjust(20, -10, 15, 90, 2.2)])),
    ("hue:359,gam:0.3", TransformSpec([Adjust(hue=359, gamma=0.3)])),
    ("gam:2,hue:90", TransformSpec([Adjust(gamma=2), Adjust(hue=90)])),
    ("con:5,br:5", TransformSpec([Adjust(contrast=5), Adjust(brightness=5)])),
    ("br:5,br:5", TransformSpec([Adjust(5), Adjust(5)])),
    ("gray", TransformSpec([Grayscale()])),
    ("sepia", TransformSpec([Sepia()])),
    ("sepia:0.5", TransformSpec([Sepia(0.5)])),
    ("neg", TransformSpec([Invert()])),
    ("tint:ff8800", TransformSpec([Tint(Color(255, 136, 0))])),
    ("tint:ff880080:12.5", TransformSpec([Tint(Color(255, 136, 0, 128), 12.5)])),
    ("blur", TransformSpec([Blur()])),
    ("blur:0.3", TransformSpec([Blur(0.3)])),
    ("sharp", TransformSpec([Sharpen()])),
    ("sharp::50", TransformSpec([Sharpen(amount=50)])),
    ("px", TransformSpec([Pixelate()])),
    ("px:200", TransformSpec([Pixelate(200)])),
    ("round:4096", TransformSpec([Round(4096)])),
    ("round:max", TransformSpec([Round("max")])),
    ("wm:t.aGVsbG8", TransformSpec([Watermark("hello")])),
    (
        "wm:t.w7w:north:1:10p:0:0:000000",
        TransformSpec([Watermark("ü", Gravity.NORTH, 1, Percent(10), 0, 0, Color(0, 0, 0))]),
    ),
    ("wm:t.eA::0.000001::::", TransformSpec([Watermark("x", opacity=0.000001)])),
    ("f:webp,q:80", TransformSpec((), Output(Format.WEBP, 80))),
    ("q:1", TransformSpec((), Output(None, 1))),
    (
        "crop:10:20:400:300,rs:cover:300:200,gray,f:webp,q:80",
        TransformSpec(
            [Crop(x=10, y=20, width=400, height=300), Resize(width=300, height=200), Grayscale()],
            Output(Format.WEBP, 80),
        ),
    ),
]


@pytest.mark.parametrize(("text", "spec"), PRINTED)
def test_a_spec_is_printed_and_parsed(text, spec):
    assert parse(text) == spec
    assert compact(spec) == text.rstrip(":")


# Other ways to write the same.
SHORTER = [
    ("ao", ""),
    ("ao:1,flip", "flip"),
    ("w:300,h:200", "rs:cover:300:200"),
    ("h:200,w:300", "rs:cover:300:200"),
    ("w:300", "rs:inside:300"),
    ("h:50p", "rs:inside::50p"),
    ("w:300,h:200,fit:contain,g:east,el:1", "rs:contain:300:200:east,el:1"),
    ("rs::300:200", "rs:cover:300:200"),
    ("rs:cover:300,h:200", "rs:cover:300:200"),
    ("rs:inside:300:::", "rs:inside:300"),
    ("rs:inside:300,el:0", "rs:inside:300"),
    ("crop:400:300@center", "crop:400:300"),
    ("crop::20:400:300", "crop:0:20:400:300"),
    ("rot:-90", "rot:270"),
    ("rot:360", ""),
    ("rot:90.0", "rot:90"),
    ("pad:10:10:10:10", "pad:10"),
    ("pad:1:2:1:2", "pad:1:2"),
    ("pad:1::1:2", "pad:1:::2"),
    ("pad:0:0", ""),
    ("pad:0:0:0:0:red", ""),
    ("bg:red", "bg:ff0000"),
    ("bg:F00", "bg:ff0000"),
    ("sepia:100", "sepia"),
    ("sepia:", "sepia"),
    ("blur:2.0", "blur"),
    ("br:20,br:0", "br:20"),
    ("br:1,rot:0,con:2", "br:1,con:2"),
    ("br:1,hue:0,gam:1", "br:1"),
    ("gam:2.0,hue:0", "gam:2"),
    ("tint:red:0,px:10.0", "px"),
    ("tint:red:100", "tint:ff0000"),
    ("gray,ao:0", "ao:0,gray"),
    ("f:jpg", "f:jpeg"),
    ("q:80,f:webp,gray", "gray,f:webp,q:80"),
    ("f:png,q:80", "f:png"),
    ("wm:t.aGVsbG8=", "wm:t.aGVsbG8"),
    ("wm:t.ZcyB", "wm:t.w6k"),
]


@pytest.mark.parametrize(("text", "shortest"), SHORTER)
def test_what_means_the_same_is_printed_the_same(text, shortest):
    assert compact(parse(text)) == shortest


@pytest.mark.parametrize(
    ("text", "kind", "detail", "position"),
    [
        ("gray,blurr:2", UnknownOperation, "unknown operation 'blurr'; did you mean 'blur'?", 5),
        ("gray,,neg", UnknownOperation, "unknown operation ''", 5),
        ("gray,", UnknownOperation, "unknown operation ''", 5),
        ("GRAY", UnknownOperation, "unknown operation 'GRAY'; did you mean 'gray'?", 0),
        ("flip,w:0", InvalidParameter, "width must be 1 to 8192 pixels", 5),
        ("w:300,h:0", InvalidParameter, "height must be 1 to 8192 pixels", 6),
        ("br:5,con:500", InvalidParameter, "contrast must be -100 to 100", 5),
        ("gray,rs:covr:1:1", InvalidParameter, "unknown fit 'covr'; did you mean 'cover'?", 5),
        ("rs:cover", InvalidParameter, "resize needs a width or a height", 0),
        ("rs:cover:1:1:north:red:1", InvalidParameter, "rs has too many arguments", 0),
        ("w:1:2", InvalidParameter, "w takes one value", 0),
        ("w", InvalidParameter, "w takes one value", 0),
        ("w:1,w:2", DuplicateParameter, "w is given twice", 4),
        ("rs:cover:1:1,h:2", DuplicateParameter, "h is given twice", 13),
        ("w:1,gray,h:1", ConflictingParameters, "h stands apart from the other keys of its resize", 9),
        ("crop:1:2:3", InvalidParameter, "crop takes a box of four numbers or two", 0),
        ("crop", InvalidParameter, "crop takes a box of four numbers or two", 0),
        ("crop:1:2:3:4:north", InvalidParameter, "crop has too many arguments", 0),
        ("crop:1:2:3:4@north", InvalidParameter, "crop takes a box of four numbers or two", 0),
        ("crop:1:2@", InvalidParameter, "unknown gravity ''", 0),
        ("crop:1:2@north@south", InvalidParameter, "unknown gravity 'north@south'", 0),
        ("crop:0:0:0:1", InvalidParameter, "width must be 1 to 65535 pixels", 0),
        ("crop:101p:0:1:1", InvalidParameter, "x must be 0 to 65535 pixels, or up to 100%", 0),
        ("ao:2", InvalidParameter, "a switch must be 0 or 1", 0),
        ("rot", InvalidParameter, "degrees is missing", 0),
        ("rot:361", InvalidParameter, "degrees must be -360 to 360", 0),
        ("flip:1", InvalidParameter, "flip has too many arguments", 0),
        ("gray,pad", InvalidParameter, "top is missing", 5),
        ("pad:-1", InvalidParameter, "top must be 0 to 4000", 0),
        ("pad:1:2:3:4001", InvalidParameter, "left must be 0 to 4000", 0),
        ("pad:1.5", InvalidParameter, "top must be a whole number", 0),
        ("pad:10p", InvalidParameter, "'10p' is not a number", 0),
        ("pad:1:2:3:4:red:5", InvalidParameter, "pad has too many arguments", 0),
        ("gray,hue:360", InvalidParameter, "hue must be 0 to 359", 5),
        ("hue:0.5", InvalidParameter, "hue must be a whole number", 0),
        ("gam:0.2", InvalidParameter, "gamma must be 0.3 to 3", 0),
        ("neg:1", InvalidParameter, "neg has too many arguments", 0),
        ("tint", InvalidParameter, "color is missing", 0),
        ("tint:red:101", InvalidParameter, "amount must be 0 to 100", 0),
        ("px:1", InvalidParameter, "size must be 2 to 200", 0),
        ("round", InvalidParameter, "radius is missing", 0),
        ("round:0", InvalidParameter, "radius must be 1 to 4096, or max", 0),
        ("round:maximum", InvalidParameter, "radius must be a whole number, or max", 0),
        ("bg:red;", InvalidParameter, "a colour must be", 0),
        ("wm:hello", InvalidParameter, "'hello' is not text in base64url", 0),
        ("wm:t.", InvalidParameter, "text must be text of 1 to 256 characters", 0),
        ("wm:t.a", InvalidParameter, "'t.a' is not text in base64url", 0),
        ("wm:t.gICA", InvalidParameter, "'t.gICA' is not text in base64url", 0),
        ("wm:t.ü", InvalidParameter, "'t.ü' is not text in base64url", 0),
        ("gray,f:bmp", UnsupportedOutput, "unknown output format 'bmp'", 5),
        ("gray,f:JPEG", UnsupportedOutput, "unknown output format 'JPEG'; did you mean 'jpeg'?", 5),
        ("f:png,f:png", DuplicateParameter, "f is given twice", 6),
        ("q:0", InvalidParameter, "quality must be 1 to 100", 0),
        ("q:80.5", InvalidParameter, "quality must be a whole number", 0),
        ("gray," * 500, InvalidParameter, "the compact form has 2500 characters", MAX_LENGTH),
        ("flip" + ",flip" * 20, TooManyOperations, "21 steps are too many", None),
    ],
)
def test_a_failure_says_what_is_wrong_and_at_which_character(text, kind, detail, position):
    with pytest.raises(kind) as caught:
        parse(text)

    assert type(caught.value) is kind
    assert caught.value.detail.startswith(detail)
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    ["", "-", "+5", "0x10", "1e9", "1_000", "007", "-01", "1.", ".5", "1.1234567", "1" * 10, "٣", " 1", "1\n", "NaN",
     "inf", "Infinity", "1,5", "--1", "½"],
)  # fmt: skip
def test_a_number_is_written_plainly(text):
    with pytest.raises(InvalidParameter, match="is not a number") as caught:
        number(text)

    assert caught.value.value == text
    assert caught.value.allowed == "a plain decimal number, such as 300, -5 or 0.25"


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("-0", 0), ("300", 300), ("-5", -5), ("0.25", 0.25), ("-100.5", -100.5)]
)
def test_a_plain_number_is_read(text, value):
    assert number(text) == value


def test_more_watermarks_than_a_url_holds_cannot_be_written_compactly():
    spec = TransformSpec([Watermark("𝄞" * 256)] * 4)

    with pytest.raises(InvalidParameter, match="the compact form has"):
        parse(compact(spec))


@modestly
@given(specs())
def test_json_and_compact_form_say_the_same(spec):
    text = compact(spec)
    from_json = read_spec(json.loads(spec.canonical_json))

    assert (from_json, from_json.id, compact(from_json)) == (spec, spec.id, text)
    if len(text) <= MAX_LENGTH:
        assert (parse(text), parse(text).id, compact(parse(text))) == (spec, spec.id, text)


arguments = st.text(st.characters(codec=None), max_size=5) | st.sampled_from(
    ["", "0", "1", "300", "50p", "-1", "1e9", "cover", "north", "ff0000", "t.aGVsbG8", "1@east", "12345678901", "webp"]
)
names = st.sampled_from([*NAMES]) | st.text(max_size=3)
segments = st.builds(lambda name, rest: ":".join([name, *rest]), names, st.lists(arguments, max_size=6))


@modestly
@given(st.lists(segments, max_size=6).map(",".join))
def test_any_text_is_a_spec_or_an_explained_failure(text):
    try:
        spec = parse(text)
    except InvalidInput as error:
        failed = error
        assert failed.position is not None
    else:
        assert parse(compact(spec)) == spec


@pytest.mark.parametrize(
    ("text", "meant"),
    [("resize:300:200", "rs"), ("grayscale", "gray"), ("brightnes:20", "br"), ("invert", "neg"), ("pixelate", "px")],
)
def test_a_long_name_is_answered_with_its_compact_form(text, meant):
    with pytest.raises(UnknownOperation) as caught:
        parse(text)

    assert caught.value.nearest == meant
