"""Several specs in one request, over a real socket."""

import pytest

from tests.pictures import decoded, encoded, quadrants
from tests.servers import running_server

PICTURE = encoded(quadrants())
SPECS = [{"resize": {"width": 9}}, "w:8,f:webp", [{"operation": "rotate", "params": {"degrees": 90}}], {"steps": []}]


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def transform(account, image_id, specs, mode="auto", **headers):
    path = f"/v1/images/{image_id}/transform?mode={mode}"
    return account.client.post(path, json={"specs": specs}, headers=headers)


def variants_of(account, image_id):
    return account.client.get(f"/v1/images/{image_id}/variants").json()["items"]


@pytest.mark.on_every_deployment("POST /v1/images/{image_id}/transform")
@pytest.mark.parametrize("mode", ["auto", "sync"])
def test_several_specs_in_any_shape_give_a_variant_each_in_their_order(account, image_id, mode):
    answer = transform(account, image_id, SPECS, mode)
    again = transform(account, image_id, SPECS, mode)

    items = answer.json()["items"]
    assert (answer.status_code, again.status_code) == (201, 200)
    assert [item["compact"] for item in items] == ["rs:inside:9", "rs:inside:8,f:webp", "rot:90", ""]
    assert {item["status"] for item in items} == {"ready"}
    assert [item["id"] for item in again.json()["items"]] == [item["id"] for item in items]
    assert decoded(account.client.get(items[1]["content_url"]).content).size == (8, 4)


@pytest.mark.on_every_deployment
def test_several_specs_in_the_background_are_a_job_each(account, image_id):
    answer = transform(account, image_id, SPECS, "async")

    items = answer.json()["items"]
    ended = [account.client.get(f"{item['job_url']}?wait=30").json()["status"] for item in items]
    assert answer.status_code == 202
    assert ended == ["ready"] * len(SPECS)


def test_presets_are_meant_by_their_names(account, image_id):
    account.client.put("/v1/presets/card", json={"resize": {"width": 10}, "format": "webp"})

    answer = transform(account, image_id, [{"preset": "card"}, "p:card,gray"])

    assert [item["compact"] for item in answer.json()["items"]] == ["rs:inside:10,f:webp", "rs:inside:10,gray,f:webp"]


BAD = [
    ({"steps": [{"op": "rezise"}]}, "unknown_operation", "/specs/2/steps/0/op"),
    ({"resize": {"widht": 3}}, "unknown_parameter", "/specs/2/resize/widht"),
    ([{"operation": "rezise"}], "unknown_operation", "/specs/2/0/operation"),
    ({"steps": [{"op": "crop", "x": 40, "width": 5, "height": 5}]}, "crop_out_of_bounds", "/specs/2/steps/0/x"),
    ("w:3,rezise:4", "unknown_operation", "/specs/2"),
    ("p:nosuch", "unknown_preset", "/specs/2"),
    ({"preset": "nosuch"}, "unknown_preset", "/specs/2"),
    ({"preset": 3}, "validation_error", "/specs/2/preset"),
    ({"specs": ["flip"]}, "unknown_operation", "/specs/2/specs"),
    (3, "invalid_parameter", "/specs/2"),
    (None, "invalid_parameter", "/specs/2"),
]


@pytest.mark.parametrize(("bad", "code", "pointer"), BAD, ids=[str(one[0])[:40] for one in BAD])
@pytest.mark.parametrize("mode", ["auto", "sync", "async"])
def test_one_that_cannot_be_made_has_all_refused_and_nothing_kept(account, image_id, bad, code, pointer, mode):
    answer = transform(account, image_id, [{"flip": True}, "gray", bad], mode)

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (422, code, pointer)
    assert variants_of(account, image_id) == []
    assert account.client.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize("specs", [[], ["flip"] * 21, {}, "flip", None, 3])
def test_there_are_1_to_20_specs(account, image_id, specs):
    answer = transform(account, image_id, specs)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert (answer.json()["pointer"], answer.json()["allowed"]) == ("/specs", "a list of 1 to 20 specs")


def test_specs_stand_alone(account, image_id):
    answer = account.client.post(f"/v1/images/{image_id}/transform", json={"specs": ["flip"], "flip": True})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert answer.json()["pointer"] == "/flip"


def test_an_image_that_is_nobodys_is_not_found(account):
    answer = transform(account, "00000000-0000-4000-8000-000000000000", ["flip"])

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.on_every_deployment
def test_the_same_request_is_done_once_for_its_key(account, image_id):
    first = transform(account, image_id, SPECS, "async", **{"Idempotency-Key": "k"})
    second = transform(account, image_id, SPECS, "async", **{"Idempotency-Key": "k"})
    other = transform(account, image_id, SPECS[:2], "async", **{"Idempotency-Key": "k"})

    assert (second.content, second.headers["idempotency-replayed"]) == (first.content, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


@pytest.fixture(scope="module")
def frugal(tmp_path_factory):
    """A server where little is made while somebody waits: one of the three specs below, and not two."""
    data_dir = tmp_path_factory.mktemp("frugal") / "data"
    with running_server(data_dir, SYNC_MEGAPIXELS="0.015", RENDER_IN="process", WORKER_SLOTS="1") as server:
        account = server.account()
        with account.client:
            yield account


def test_what_costs_too_much_together_is_made_as_jobs_from_there_on(frugal):
    image_id = frugal.upload(PICTURE)
    specs = ["rs:cover:40:40,el:1", "rs:cover:41:41,el:1", "rs:cover:42:42,el:1"]

    answer = transform(frugal, image_id, specs)
    again = transform(frugal, image_id, specs[:1])

    items = answer.json()["items"]
    assert (answer.status_code, again.status_code) == (202, 200)
    assert (items[0]["status"], items[0]["job_url"]) == ("ready", None)
    assert all(item["job_url"] for item in items[1:])


def test_who_insists_on_waiting_is_refused_before_anything_is_made(frugal):
    image_id = frugal.upload(PICTURE)
    specs = ["rs:cover:40:40,el:1", "rs:cover:41:41,el:1", "rs:cover:42:42,el:1"]

    answer = transform(frugal, image_id, specs, "sync")

    assert (answer.status_code, answer.json()["code"]) == (422, "use_async")
    assert variants_of(frugal, image_id) == []
