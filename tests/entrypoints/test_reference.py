"""The page of the API document needs nothing from elsewhere, and the collection makes a session."""

import json
import re
from functools import partial
from uuid import uuid4

import pytest

from imgsvc.domain import wanted_specs
from imgsvc.domain.plain_data import read
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import OneOrSeveral, WantedSpec
from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.document import openapi
from imgsvc.entrypoints.http.document.collection import collection
from imgsvc.entrypoints.http.document.examples import EXAMPLES
from tests.pictures import encoded, quadrants

DOCUMENT = openapi.document(ENDPOINTS)
ITEMS = [item for folder in collection(DOCUMENT)["item"] for item in folder["item"]]


def test_the_page_loads_nothing_but_what_the_server_itself_has(anyone):
    page = anyone.get("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert not [address for address in named if "//" in address]
    assert {anyone.get(f"/{address}").status_code for address in named} == {200}


def test_nothing_but_the_pages_own_files_is_handed_out(anyone):
    assert anyone.get("/docs/assets/../__init__.py").status_code == 404
    assert anyone.get("/docs/assets/%2e%2e/__init__.py").status_code == 404


def test_the_collection_has_each_operation_once(anyone):
    document = anyone.get("/docs/collection.json").json()
    names = [item["name"] for folder in document["item"] for item in folder["item"]]

    assert document["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert sorted(names) == sorted(
        f"{method.upper()} {path}" for path, operations in DOCUMENT["paths"].items() for method in operations
    )


def test_every_variable_that_the_collection_uses_is_declared():
    document = collection(DOCUMENT)
    used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps(document)))

    assert used == {one["key"] for one in document["variable"]}


SPEC_READERS = {TransformSpec: wanted_specs.read_any, OneOrSeveral: wanted_specs.read_one_or_several}


@pytest.mark.parametrize("kind", EXAMPLES, ids=str)
def test_the_examples_of_a_body_can_be_read(kind):
    reader = SPEC_READERS.get(kind, partial(read, kind))

    read_as = kind | WantedSpec if kind in SPEC_READERS else kind
    assert all(isinstance(reader(example), read_as) for example in EXAMPLES[kind].values())


def filled(text, variables):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: variables[found[1]], text)


def sent(client, name, variables, **more):
    """The answer to one request of the collection, which leaves behind what its script says."""
    item = next(one for one in ITEMS if one["name"] == name)
    request = item["request"]
    body = request.get("body", {})
    if body.get("mode") == "raw":
        document = json.loads(body["raw"])
        more = {"json": document | ({"username": variables["username"]} if "username" in document else {})}
    headers = {} if request.get("auth") else {"Authorization": f"Bearer {variables['token']}"}
    address = filled(request["url"]["raw"], variables | {"address": ""})
    answer = client.request(request["method"], address, headers=headers, **more)
    for script in item.get("event", ()):
        for name_, key in re.findall(r'set\("(\w+)", answer\.(\w+)\)', "\n".join(script["script"]["exec"])):
            variables[name_] = answer.json()[key]
    return answer


def test_the_requests_of_the_collection_make_a_session(anyone):
    variables = {"username": f"user-{uuid4().hex[:12]}"}

    assert sent(anyone, "POST /v1/auth/register", variables).status_code == 201
    assert sent(anyone, "POST /v1/auth/login", variables).status_code == 200
    files = {"file": ("a.png", encoded(quadrants()))}
    assert sent(anyone, "POST /v1/images", variables, files=files).status_code == 201
    assert sent(anyone, "POST /v1/images/{image_id}/transform", variables).status_code == 201
    assert sent(anyone, "GET /v1/variants/{variant_id}/content", variables).headers["content-type"] == "image/png"
