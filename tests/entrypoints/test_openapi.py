"""The document says what the service does, and the service does what the document says."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from imgsvc.domain.delivery import EndedJob
from imgsvc.domain.examples import EXAMPLES
from imgsvc.domain.image import ImageId
from imgsvc.domain.operations import OPERATIONS
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.variant import Failure, VariantId
from imgsvc.domain.webhook import TEST_EVENT, WebhookEvent
from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.document import openapi
from tests.entities import a_test, a_user, a_webhook
from tests.pictures import encoded, quadrants

# All checks but three. A valid request may still name no picture or no user; that is not for a schema to say. A form
# knows no types: what should be text always is.
_CONFIGURATION = """
[checks]
positive_data_acceptance.enabled = false
# A key of idempotency that comes again gives the first answer again, also of what was deleted since.
ensure_resource_availability.enabled = false
# As by default, and 410, of what was deleted meanwhile; 414: what is too long may be so for an address already.
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 414, 415, 422, 428, 429, "5xx"]

[[operations]]
include-operation-id = "upload_image"
checks.negative_data_rejection.enabled = false

# Would end the session that the others ask with.
[[operations]]
include-operation-id = "log_out"
enabled = false
"""


@pytest.fixture(scope="module")
def document():
    return openapi.document(ENDPOINTS)


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_the_server_hands_out_the_document(anyone, document):
    answer = anyone.get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document


def test_every_operation_of_the_language_is_documented(document):
    schemas = document["components"]["schemas"]

    assert {kind.__name__ for kind in OPERATIONS.values()} <= set(schemas)
    assert schemas["Blur"]["properties"]["sigma"] == {
        "type": "number",
        "minimum": 0.3,
        "maximum": 250,
        "default": 2,
        "description": "how far a pixel is spread",
    }
    assert [schemas["Watermark"]["properties"][one]["default"] for one in ("size", "color")] == ["5%", "#ffffff"]


def test_the_examples_of_the_language_are_what_its_schema_allows(document):
    schema = {"$ref": "#/components/schemas/TransformSpec", "components": document["components"]}

    for example in itertools.chain(*EXAMPLES.values()):
        Draft202012Validator(schema).validate(canonical(example.spec))


def test_what_webhooks_are_told_is_documented_as_it_is_sent(document):
    failure = Failure(code="corrupt_image", detail="it ends too early")
    job = EndedJob(id=VariantId(uuid4()), image_id=ImageId(uuid4()), failure=failure)
    webhook = a_webhook(a_user())
    sent = dict.fromkeys(WebhookEvent, job) | {TEST_EVENT: None}

    assert set(document["webhooks"]) == {str(event) for event in sent}
    for event, told in sent.items():
        body = document["webhooks"][event]["post"]["requestBody"]["content"]["application/json"]["schema"]
        schema = {**body, "components": document["components"]}
        Draft202012Validator(schema).validate(json.loads(a_test(webhook, event=str(event), job=told).payload))


def test_every_endpoint_has_a_summary_a_tag_and_its_problems(document):
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["tags"], path
            assert any(status[0] in "45" for status in operation["responses"]) or path == "/healthz", path


def links_of(document, path, method, status):
    return document["paths"][path][method]["responses"][str(status)]["links"]


def test_every_link_gives_an_operation_all_that_its_path_needs(document):
    operations = {
        operation["operationId"]: operation
        for resource in document["paths"].values()
        for operation in resource.values()
    }
    links = [
        link
        for operation in operations.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert links
    for link in links:
        known = {one["name"]: one for one in operations[link["operationId"]]["parameters"]}
        needed = {name for name, one in known.items() if one["in"] == "path"}
        assert needed <= set(link["parameters"]) <= set(known), link


def test_an_upload_leads_to_its_image_and_a_job_to_its_result(document):
    uploaded = links_of(document, "/v1/images", "post", 201)
    made = links_of(document, "/v1/images/{image_id}/transform", "post", 201)
    queued = links_of(document, "/v1/images/{image_id}/transform", "post", 202)
    told = links_of(document, "/v1/jobs/{job_id}", "get", 200)

    assert {"get_image", "get_content", "transform_image", "list_variants", "list_jobs", "make_links"} <= set(uploaded)
    assert uploaded["list_jobs"]["parameters"] == {"image": "$response.body#/id"}
    assert set(made) == {"get_image", "get_variant", "get_variant_content", "delete_variant"}
    assert set(queued) == {*made, "get_job", "get_job_events", "cancel_job"}
    assert told["get_variant_content"]["parameters"] == {"variant_id": "$response.body#/id"}
    assert links_of(document, "/v1/webhooks/{webhook_id}/test", "post", 202)["replay_delivery"]["parameters"] == {
        "webhook_id": "$request.path.webhook_id",
        "delivery_id": "$response.body#/id",
    }


def tells(schema, components, names):
    """Whether an answer of the schema may have something at the end of these names."""
    options = [
        components[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in schema.get("anyOf", [schema])
    ]
    if not names:
        return True
    inner = [one["properties"][names[0]] for one in options if names[0] in one.get("properties", {})]
    return any(tells(one, components, names[1:]) for one in inner)


def test_answers_tell_what_their_links_take_from_them(document):
    for resource in document["paths"].values():
        for operation in resource.values():
            for response in operation["responses"].values():
                for link in response.get("links", {}).values():
                    schema = response["content"]["application/json"]["schema"]
                    taken = [one.partition("#/")[2] for one in link["parameters"].values() if "response" in one]
                    assert taken
                    assert all(tells(schema, document["components"]["schemas"], one.split("/")) for one in taken), link


def test_schemathesis_finds_no_answer_that_the_document_does_not_allow(server, account, tmp_path):
    image_id = account.upload(encoded(quadrants()))
    account.client.post(f"/v1/images/{image_id}/transform", json={"flip": True})
    told_before = len(server.log())

    (tmp_path / "schemathesis.toml").write_text(_CONFIGURATION)

    command = [
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{server.address}/openapi.json",
        f"--header=Authorization: Bearer {account.token}",
        "--max-examples=8",
        "--seed=1",
        "--continue-on-failure",
        "--warnings=off",
    ]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)

    assert result.returncode == 0, result.stdout
    assert '"log.level": "error"' not in server.log()[told_before:]
