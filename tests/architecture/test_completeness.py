"""What belongs to each operation, error and use case is there, and nothing was forgotten."""

import inspect
from importlib import import_module
from io import BytesIO
from pkgutil import iter_modules

import pytest
from attrs import fields, has
from PIL import ImageOps

from imgsvc import application
from imgsvc.adapters.imaging import ENGINES, open_engine
from imgsvc.application.use_cases import UseCases
from imgsvc.domain import errors, examples
from imgsvc.domain.dialects import FLAT_ORDER
from imgsvc.domain.errors import ImgsvcError
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import compact, parse
from imgsvc.domain.operations import OPERATIONS, Background, Trim
from imgsvc.domain.plain_data import canonical, read
from imgsvc.domain.transform import Format, Output, TransformSpec
from imgsvc.entrypoints.http import errors as http_errors
from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.document import openapi
from imgsvc.entrypoints.http.errors import STATUS, status_of
from imgsvc.entrypoints.http.idempotency import is_shown_once
from tests.pictures import decoded, encoded, quadrants, with_orientation

# One of each, that changes the pictures below.
EXAMPLES = tuple(first.spec.steps[0] for first, *_ in examples.EXAMPLES.values())
# What another use case is made of, and nobody calls alone; or what is done before there is a service.
PARTS = {"CountRendering", "MakeNow", "EraseRendering", "NoteUse", "AdoptStorage"}


def every(kind, module):
    """The classes of a kind that a module or package itself makes."""
    found = [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, kind)]
    return [one for one in found if f"{one.__module__}.".startswith(f"{module.__name__}.")]


def rendered(engine, source, *steps):
    spec = TransformSpec(steps=steps, output=Output(format=Format.PNG))
    return decoded(engine.render(BytesIO(source), spec).content)


# Operations


def test_there_is_an_example_of_every_operation():
    assert [type(example) for example in EXAMPLES] == list(OPERATIONS.values())


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: operation.op)
def test_every_engine_does_every_operation(engine_name, operation):
    engine = open_engine(engine_name, Limits())
    source = fitting_source(operation)

    before, after = rendered(engine, source), rendered(engine, source, operation)

    assert (before.size, before.convert("RGBA").tobytes()) != (after.size, after.convert("RGBA").tobytes())


def fitting_source(operation):
    """A picture that the operation changes."""
    # No side is a whole number of blocks, and the corner where watermarks stand is black.
    picture = ImageOps.invert(quadrants(490, 330))
    match operation:
        case Background():
            picture.putalpha(128)
            return encoded(picture, "png")
        case Trim():
            return encoded(ImageOps.expand(picture, 5, "white"))
        case _:
            return with_orientation(picture, 6)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_place_in_the_order_of_flat_shapes(name):
    assert FLAT_ORDER.count(name) == 1


def test_flat_shapes_know_no_operation_that_is_not_there():
    assert set(FLAT_ORDER) <= {*OPERATIONS, "output"}


@pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: operation.op)
def test_every_operation_can_be_written_compactly_and_read_again(operation):
    spec = TransformSpec(steps=[operation], output=Output(format=Format.WEBP))

    assert parse(compact(spec)) == spec
    assert len(compact(spec).split(",")) > 1


@pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: operation.op)
def test_every_operation_can_be_written_as_json_and_read_again(operation):
    spec = TransformSpec(steps=[operation])

    assert read(TransformSpec, canonical(spec)) == spec


@pytest.mark.parametrize("kind", OPERATIONS.values(), ids=lambda kind: kind.op)
def test_every_operation_is_documented_with_all_its_parameters(kind):
    schemas = openapi.document(ENDPOINTS)["components"]["schemas"]
    schema = schemas[kind.__name__]

    assert schema["properties"]["op"] == {"const": kind.op}
    assert set(schema["properties"]) == {"op", *(one.name for one in fields(kind))}
    assert schema["description"]
    assert all(schema["properties"][one.name]["description"] for one in fields(kind))
    choice = schemas["TransformSpec"]["properties"]["steps"]["items"]
    assert choice["discriminator"]["mapping"][kind.op] == f"#/components/schemas/{kind.__name__}"
    assert {"$ref": f"#/components/schemas/{kind.__name__}"} in choice["oneOf"]


# Errors


@pytest.mark.parametrize(
    "kind", every(ImgsvcError, errors) + every(ImgsvcError, http_errors), ids=lambda kind: kind.__name__
)
def test_every_error_has_a_status_and_a_code(kind):
    if kind is not ImgsvcError:
        assert 400 <= status_of(kind) <= 599
    assert kind.code
    assert kind.code == kind.code.lower().replace(" ", "_")


def test_no_status_is_given_to_what_is_no_error_of_ours():
    assert set(STATUS) <= {*every(ImgsvcError, errors), *every(ImgsvcError, http_errors)}


def test_only_our_own_mistake_is_a_500():
    assert [kind for kind, status in STATUS.items() if status == 500] == [http_errors.InternalError]


# Use cases


def use_case_classes():
    """The classes of application/ that are called."""
    modules = [import_module(f"imgsvc.application.{found.name}") for found in iter_modules(application.__path__)]
    return [one for module in modules for one in every(object, module) if has(one) and "__call__" in vars(one)]


def test_every_use_case_is_a_field_of_the_page_that_lists_them():
    listed = {one.type.__name__ for one in fields(UseCases)}

    assert {kind.__name__ for kind in use_case_classes()} - PARTS == listed


@pytest.mark.parametrize("one", fields(UseCases), ids=lambda one: one.name)
def test_every_use_case_is_called_like_its_class(one):
    words = "".join(word.title() for word in one.name.split("_"))

    assert words == one.type.__name__


@pytest.mark.parametrize("kind", use_case_classes(), ids=lambda kind: kind.__name__)
def test_every_use_case_says_what_it_does(kind):
    assert (kind.__doc__ or "").strip()
    assert (kind.__call__.__doc__ or "").strip()


@pytest.mark.parametrize("one", [one for one in ENDPOINTS if one.is_done_once], ids=lambda one: one.path)
def test_no_secret_is_kept_with_the_answer_to_a_request_that_is_done_once(one):
    told = {attribute.name: attribute for attribute in fields(one.view)} if has(one.view) else {}

    secrets = {"key", "secret", "token", "password"} & set(told)
    assert all(is_shown_once(told[name]) for name in secrets)
