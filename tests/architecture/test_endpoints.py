"""Every endpoint has what belongs to one: its place in the API document, its rate, and tests on every deployment.

What strangers learn of it is asked by ``tests/entrypoints/test_strangers.py``, and whether ``docs/api.md`` tells of it
by ``tests/system/test_api_walk.py``: both walk all endpoints.
"""

import ast
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import httpx
import pytest

from imgsvc.entrypoints.http import endpoints
from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.document import openapi
from imgsvc.entrypoints.http.endpoint import Endpoint
from tests.everywhere import MARK, is_success_of

TESTS = Path(__file__).parents[1]
OPERATIONS = {
    f"{method.upper()} {path}"
    for path, operations in openapi.document(ENDPOINTS)["paths"].items()
    for method in operations
}


def test_every_endpoint_that_is_written_is_served_and_documented():
    modules = [import_module(f"{endpoints.__name__}.{found.name}") for found in iter_modules(endpoints.__path__)]
    written = [one for module in modules for one in vars(module).values() if isinstance(one, Endpoint)]

    assert {id(one) for one in written} == {id(one) for one in ENDPOINTS}
    assert sorted(f"{one.method} {one.path}" for one in ENDPOINTS) == sorted(OPERATIONS)


def test_every_endpoint_but_those_of_health_has_a_rate():
    # Of metrics, who has no token for them is counted with those who fail to log in.
    assert {one.path for one in ENDPOINTS if one.group is None} == {"/healthz", "/readyz", "/metrics"}


def named_by_tests():
    """What the marks in the text of all tests name."""
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    nodes = [node for text in texts if f"{MARK}(" in text for node in ast.walk(ast.parse(text))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return {ast.literal_eval(one) for call in calls if call.func.attr == MARK for one in call.args}


def test_every_operation_succeeds_in_a_test_that_runs_on_every_deployment():
    assert named_by_tests() == OPERATIONS


@pytest.mark.parametrize(
    ("method", "path", "status", "is_one"),
    [
        ("GET", "/v1/images/5", 200, True),
        ("GET", "/v1/images/5?t=w:5", 304, True),
        ("GET", "/v1/images/5", 404, False),
        ("HEAD", "/v1/images/5", 200, False),
        ("GET", "/v1/images", 200, False),
        ("GET", "/v1/images/5/content", 200, False),
    ],
)
def test_what_a_mark_names_is_told_from_what_else_was_asked(method, path, status, is_one):
    answer = httpx.Response(status, request=httpx.Request(method, f"http://127.0.0.1{path}"))

    assert is_success_of("GET /v1/images/{image_id}", answer) == is_one
