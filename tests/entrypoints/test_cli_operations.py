"""``imgsvc operations``: the transform language, told on the command line."""

import json

import pytest
from attrs import fields

from imgsvc.domain.notation import parse
from imgsvc.domain.operations import OPERATIONS
from imgsvc.domain.output import Output
from imgsvc.domain.plain_data import read
from imgsvc.domain.transform import TransformSpec
from tests.entrypoints.commands import run, run_script

OPTIONS = [one.name for one in fields(Output)]


def told(*arguments):
    result = run("operations", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def data(*arguments):
    return json.loads(told(*arguments, "--json"))


def test_the_script_tells_of_every_operation_parameter_and_option():
    result = run_script("operations")

    lines = result.stdout.splitlines()
    begun_with = {line.split()[0] for line in lines if line.strip()}
    assert (result.returncode, result.stderr) == (0, "")
    assert {*OPERATIONS, *OPTIONS} <= begun_with
    assert {one.name for kind in OPERATIONS.values() for one in fields(kind)} <= begun_with


def test_no_line_is_wider_than_a_hundred_columns():
    assert [line for line in told().splitlines() if len(line) > 100] == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_operation_is_told_with_its_forms_parameters_and_an_example_in_both_forms(name):
    shown = told(name)
    example = data(name)["examples"][0]

    assert shown.startswith(name)
    assert all(one.name in shown for one in fields(OPERATIONS[name]))
    assert example["compact"] in shown
    assert json.dumps(example["spec"]["steps"][0], ensure_ascii=False)[:60] in shown


def test_a_parameter_is_told_with_its_meaning_range_unit_and_default():
    assert told("blur").splitlines()[2:4] == [
        "    sigma            how far a pixel is spread",
        "                     0.3 to 250 pixels; default: 2",
    ]


def test_the_words_of_a_parameter_are_explained():
    assert "cover: the box filled, what overhangs cut off" in told("resize")


@pytest.mark.parametrize("name", OPTIONS)
def test_an_output_option_is_told_alone(name):
    assert told(name).split()[0] == name


def test_a_key_of_the_compact_form_is_a_name_too():
    assert told("rs") == told("resize")
    assert told("q") == told("quality")


@pytest.mark.parametrize(("name", "word"), [("gravity", "fp:x:y"), ("length", "50p"), ("color", "hexadecimal")])
def test_what_several_parameters_may_hold_is_told_by_its_name(name, word):
    assert word in told(name)
    assert word in data(name)["means"]


@pytest.mark.parametrize(("name", "nearest"), [("reszie", "resize"), ("qualty", "quality"), ("grey", "gray")])
def test_an_unknown_name_is_refused_with_the_nearest(name, nearest):
    result = run("operations", name)

    assert result.exit_code == 2
    assert f"unknown operation '{name}'; did you mean '{nearest}'?" in result.stderr


def test_the_data_holds_every_operation_and_option_with_specs_that_can_be_read():
    document = data()

    assert [one["name"] for one in document["operations"]] == list(OPERATIONS)
    assert [one["name"] for one in document["output"]] == OPTIONS
    for one in document["operations"]:
        for example in one["examples"]:
            assert read(TransformSpec, example["spec"]) == parse(example["compact"])


def test_the_data_tells_ranges_as_numbers():
    sigma = data("blur")["parameters"][0]

    assert (sigma["minimum"], sigma["maximum"], sigma["unit"], sigma["default"]) == (0.3, 250, "pixels", "2")


def test_the_help_has_examples_and_they_work():
    shown = run("operations", "--help").stdout
    examples = [line.split()[2:] for line in shown.splitlines() if line.strip().startswith("imgsvc operations")]

    assert len(examples) == 3
    assert [run("operations", *example).exit_code for example in examples] == [0, 0, 0]
