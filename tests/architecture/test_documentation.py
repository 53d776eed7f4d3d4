"""docs/transforms.md says and shows what the transform language is: nothing is missing, nothing is stale."""

import re
from pathlib import Path

import pytest
from attrs import fields

import imgsvc
from docs import errors, page, pictures, scene
from imgsvc.domain import errors as kinds
from imgsvc.domain.dialects import QUERY_KEYS
from imgsvc.domain.examples import EXAMPLES, OUTPUT_EXAMPLES
from imgsvc.domain.notation import compact
from imgsvc.domain.operations import OPERATIONS
from imgsvc.domain.output import Output
from imgsvc.domain.variant import CANCELLED
from tests.pictures import decoded

TEXT = page.PATH.read_text(encoding="utf-8")
PICTURED = [one for name in (*EXAMPLES, *OUTPUT_EXAMPLES) for one in pictures.pictured(name)]
FILES = sorted(pictures.FOLDER.iterdir())
# What makes a rendering, and what that may end with but no job fails of.
MAKING = [
    "adapters/imaging/**/*",
    "application/originals",
    "application/rendering",
    "domain/operations/*",
    "domain/limits",
    "domain/plan",
    "domain/sizes",
]
COMES_BACK = {kinds.Busy, kinds.Unavailable}
REFUSED_BEFORE = {kinds.InvalidParameter, kinds.ConflictingParameters}  # the spec and the header say all of these


def test_the_page_of_errors_is_what_is_generated_and_says_what_each_means():
    assert errors.text() == errors.PATH.read_text(encoding="utf-8"), "run `make docs`"
    assert [kind.__name__ for kind in errors.kinds() if not errors.meaning_of(kind)] == []


def test_what_jobs_fail_of_is_told_apart_from_what_requests_do():
    requests, _, jobs = errors.text().partition("\n## Jobs\n")

    assert f"`{CANCELLED}`" in jobs
    assert f"`{CANCELLED}`" not in requests


def test_all_that_a_job_may_fail_of_is_told_and_nothing_else():
    sources = [file.read_text() for one in MAKING for file in Path(imgsvc.__file__).parent.glob(f"{one}.py")]
    called = {name for source in sources for name in re.findall(r"\b([A-Z]\w+)\(", source)}
    named = [getattr(kinds, name, None) for name in called]
    raised = {one for one in named if isinstance(one, type) and issubclass(one, kinds.ImgsvcError)}

    failing = {kind.code for kind in raised - COMES_BACK - REFUSED_BEFORE}
    assert failing | {CANCELLED} == {code for code, _ in errors.of_jobs()}


def section(name):
    """What stands below the heading of an operation."""
    return re.search(rf"^### {name}\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE)[1]


def test_the_page_is_what_is_generated():
    assert page.text() == TEXT, "run `make docs`"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_told_with_its_parameters_and_shown(name):
    told = section(name)

    assert all(f"`{one.name}`" in told for one in fields(OPERATIONS[name]))
    assert all(f"`{compact(example.spec)}`" in told for example in EXAMPLES[name])
    assert f"(transforms/{name}-1.webp)" in told


@pytest.mark.parametrize("name", [one.name for one in fields(Output)])
def test_every_output_option_is_told_with_an_example(name):
    told = TEXT.partition("## Output")[2]

    assert f"| `{name}` |" in told
    assert f"| `{compact(OUTPUT_EXAMPLES[name].spec)}` |" in told


@pytest.mark.parametrize("key", QUERY_KEYS)
def test_every_key_of_the_query_is_told(key):
    assert f"| `{key}` |" in TEXT.partition("### Keys of the query")[2]


@pytest.mark.parametrize("one", PICTURED, ids=lambda one: one.name)
def test_every_example_has_a_picture_of_the_planned_size(one):
    picture = decoded(one.path.read_bytes())
    planned = one.plan.size

    assert picture.format == "WEBP"
    assert picture.size == ((planned.width, planned.height) if one.plan.is_exact else scene.SIZE)


def test_every_picture_is_shown_and_every_shown_picture_is_there():
    assert {path.name for path in FILES} == set(re.findall(r"\(transforms/([\w.-]+)\)", TEXT))


def test_pictures_are_small():
    sizes = [path.stat().st_size for path in FILES]

    assert max(sizes) < 15_000
    assert sum(sizes) < 400_000
