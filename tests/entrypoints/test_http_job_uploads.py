"""One request that uploads a picture and queues what is to become of it."""

import json

import pytest

from tests.pictures import decoded, encoded, quadrants

PICTURE = encoded(quadrants())


def send(account, **fields):
    return account.client.post("/v1/jobs", files={"file": ("a.png", PICTURE)}, data=fields)


def result(account, answer):
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json()['id']}"
    job = account.client.get(answer.headers["Location"], params={"wait": 30}).json()
    return decoded(account.client.get(job["result_url"]).content)


@pytest.mark.on_every_deployment("POST /v1/jobs", "GET /v1/jobs/{job_id}", "GET /v1/variants/{variant_id}/content")
@pytest.mark.parametrize(
    "spec",
    [
        "w:10,f:webp",
        json.dumps({"steps": [{"op": "resize", "width": 10}], "output": {"format": "webp"}}),
        json.dumps({"transformations": {"resize": {"width": 10}, "format": "webp"}}),
        json.dumps([{"operation": "resize", "params": {"width": 10}}]),
    ],
    ids=["compact", "canonical", "nested", "list"],
)
def test_a_picture_is_uploaded_and_queued_with_a_spec_of_any_shape(account, spec):
    assert result(account, send(account, spec=spec)).size == (10, 5)


@pytest.mark.on_every_deployment
def test_without_a_spec_a_thumbnail_is_made(account):
    assert result(account, send(account)).size == (100, 100)


def test_what_is_said_of_the_picture_is_kept(account):
    job = send(account, name="Tree", tags="a,b").json()

    image = account.client.get(f"/v1/images/{job['image_id']}").json()
    assert (image["name"], image["tags"]) == ("Tree", ["a", "b"])


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(
    ("spec", "status", "code", "pointer"),
    [
        ("blurr:3", 422, "unknown_operation", "/spec"),
        ("w:0", 422, "invalid_parameter", "/spec/steps/0/width"),
        ('{"resize": {"width": 0}}', 422, "invalid_parameter", "/spec/resize/width"),
        ("{", 400, "invalid_json", "/spec"),
        ("crop:900:900:10:10", 422, "crop_out_of_bounds", "/spec/steps/0/x"),
    ],
)
def test_a_bad_spec_is_refused_and_the_picture_not_kept(account, spec, status, code, pointer):
    answer = send(account, spec=spec)

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (status, code, pointer)
    assert account.client.get("/v1/images").json()["total"] == 0


@pytest.mark.parametrize("field", ["specs", "presets", "file2"])
def test_a_field_that_there_is_not_is_refused(account, field):
    answer = send(account, **{field: "x"})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field")


def test_without_a_file_nothing_is_queued(account):
    answer = account.client.post("/v1/jobs", files={"spec": (None, "w:10")})

    assert (answer.status_code, answer.json()["code"]) == (400, "missing_file")
    assert account.client.get("/v1/jobs").json()["items"] == []


@pytest.mark.on_every_deployment("POST /v1/jobs")
def test_a_picture_may_be_the_body_and_the_spec_in_the_query(account):
    answer = account.client.post("/v1/jobs?spec=w:10", content=PICTURE, headers={"Content-Type": "image/png"})

    assert result(account, answer).size == (10, 5)
