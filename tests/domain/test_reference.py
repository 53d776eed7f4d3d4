"""The reference of the transform language says what its classes say."""

import pytest
from attrs import NOTHING, fields, fields_dict

from imgsvc.domain import reference
from imgsvc.domain.errors import UnknownOperation
from imgsvc.domain.examples import EXAMPLES, OUTPUT_EXAMPLES
from imgsvc.domain.geometry import Size
from imgsvc.domain.image import Facts
from imgsvc.domain.limits import Limits
from imgsvc.domain.meanings import DEFAULTS, MEANINGS
from imgsvc.domain.notation import compact, parse
from imgsvc.domain.operations import OPERATIONS
from imgsvc.domain.output import Output
from imgsvc.domain.plain_data import canonical, read
from imgsvc.domain.plan import plan
from imgsvc.domain.transform import TransformSpec

KINDS = [*OPERATIONS.values(), Output]
ALL_EXAMPLES = [*(one for some in EXAMPLES.values() for one in some), *OUTPUT_EXAMPLES.values()]


def parameter(operation, name):
    found = reference.find(operation)
    assert isinstance(found, reference.OperationReference)
    return next(one for one in found.parameters if one.name == name)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_parameter_has_a_meaning_and_nothing_else_has(kind):
    assert list(MEANINGS.get(kind, {})) == [one.name for one in fields(kind)]


def test_meanings_and_defaults_belong_to_classes_of_the_language():
    assert set(MEANINGS) <= set(KINDS)
    assert all(name in fields_dict(kind) for kind, name in DEFAULTS)


@pytest.mark.parametrize("operation", reference.operations(), ids=lambda operation: operation.name)
def test_every_default_is_told_in_words(operation):
    for one in operation.parameters:
        needed = fields_dict(OPERATIONS[operation.name])[one.name].default is NOTHING

        assert (one.default is None) == needed
        assert one.default is None or one.default.lower() not in ("none", "", "factory")


def test_every_output_option_has_an_example_that_uses_it():
    for one in reference.output_options():
        default = fields_dict(Output)[one.option.name].default

        assert getattr(one.example.spec.output, one.option.name) != default


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_example_of_an_operation_is_one_step_of_it(name):
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        assert [step.op for step in example.spec.steps] == [name]


@pytest.mark.parametrize("example", ALL_EXAMPLES, ids=lambda example: compact(example.spec))
def test_every_example_can_be_written_in_both_forms_and_is_explained(example):
    assert parse(compact(example.spec)) == example.spec
    assert read(TransformSpec, canonical(example.spec)) == example.spec
    assert example.shows


@pytest.mark.parametrize("example", ALL_EXAMPLES, ids=lambda example: compact(example.spec))
def test_every_example_fits_the_picture_that_it_is_made_for(example):
    facts = Facts(media_type="image/png", stored_width=480, stored_height=320)

    assert plan(example.spec, facts, Limits()).size != Size(1, 1)


@pytest.mark.parametrize(
    ("operation", "name", "allowed", "default"),
    [
        ("blur", "sigma", "0.3 to 250 pixels", "2"),
        ("pixelate", "size", "a whole number, 2 to 200 pixels", "10"),
        ("round", "radius", "a whole number, 1 to 4096 pixels, or max", None),
        ("rotate", "degrees", "-360 to 360 degrees", None),
        ("resize", "fit", "inside, outside, cover, contain, stretch", "cover with both sides, else inside"),
        ("resize", "width", "1 to 8192 pixels, or over 0% and up to 1000%", "in proportion"),
        ("resize", "gravity", "a gravity", "center"),
        ("watermark", "gravity", "a point of the compass, or center", "southeast"),
        ("watermark", "text", "text of 1 to 256 characters", "a text or an image is needed"),
        ("watermark", "image", "the id of an image", "a text or an image is needed"),
        ("watermark", "tile", "true or false", "false"),
        ("tint", "color", "a colour", None),
    ],
)
def test_what_a_parameter_may_be_follows_from_its_class(operation, name, allowed, default):
    one = parameter(operation, name)

    assert (one.allowed, one.default) == (allowed, default)


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("flip", ("flip",)),
        ("blur", ("blur[:sigma]",)),
        ("rotate", ("rot:degrees[:background]",)),
        ("crop", ("crop:x:y:width:height", "crop:width:height[@gravity]")),
        ("adjust", ("br:brightness,con:contrast,sat:saturation,hue:hue,gam:gamma",)),
    ],
)
def test_the_compact_forms_are_told(name, forms):
    assert reference.find(name).forms == forms


def test_a_form_names_its_arguments_in_the_order_in_which_they_are_read():
    text, image = reference.find("watermark").forms
    words = text.replace("[", "").replace("]", "").split(":")
    values = {"t.text": "t.aGk", "gravity": "north", "opacity": "0.7", "size": "12", "x": "1", "y": "2"}
    values |= {"color": "f00", "tile": "1", "rotate": "20", "font": "mono", "stroke": "3", "stroke_color": "0f0"}

    step = parse(":".join(["wm", *(values[word] for word in words[1:])])).steps[0]

    assert (step.gravity, step.opacity, step.size, step.x, step.y, step.tile) == ("north", 0.7, 12, 1, 2, True)
    assert (str(step.color), step.rotate, step.font, step.stroke) == ("ff0000", 20, "mono", 3)
    assert image == "wm:image[:gravity:opacity:scale:x:y::tile:rotate]"


@pytest.mark.parametrize(("key", "name"), [("rs", "resize"), ("w", "resize"), ("br", "adjust"), ("px", "pixelate")])
def test_an_operation_is_found_by_the_keys_of_its_compact_form(key, name):
    assert reference.find(key).name == name


@pytest.mark.parametrize("name", ["quality", "q"])
def test_an_output_option_is_found_by_its_name_or_key(name):
    assert reference.find(name).option.name == "quality"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownOperation) as caught:
        reference.find("grayscal")

    assert caught.value.nearest == "grayscale"
