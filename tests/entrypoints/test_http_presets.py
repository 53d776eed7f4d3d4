"""Presets over a real socket: named once, and meant everywhere that a spec is."""

import pytest

from tests.pictures import decoded, encoded, quadrants

PICTURE = encoded(quadrants())


def put(account, name, spec):
    return account.client.put(f"/v1/presets/{name}", json=spec)


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


@pytest.fixture
def card(account):
    return put(account, "card", {"resize": {"width": 10}, "format": "webp"}).json()


@pytest.mark.on_every_deployment(
    "PUT /v1/presets/{name}", "GET /v1/presets/{name}", "GET /v1/presets", "DELETE /v1/presets/{name}"
)
def test_a_preset_is_put_seen_listed_and_deleted(account):
    made, changed = put(account, "card", {"flip": True}), put(account, "card", {"grayscale": True})
    seen, listed = account.client.get("/v1/presets/card"), account.client.get("/v1/presets")
    gone = [account.client.delete("/v1/presets/card").status_code for _ in range(2)]

    assert (made.status_code, made.headers["Location"], changed.status_code) == (201, "/v1/presets/card", 200)
    assert (made.json()["compact"], changed.json()["compact"]) == ("flip", "gray")
    assert seen.json() == changed.json()
    assert listed.json() == {"items": [changed.json()]}
    assert gone == [204, 404]
    assert account.client.get("/v1/presets/card").status_code == 404


@pytest.mark.on_every_deployment
def test_a_preset_gives_what_its_spec_gives(account, image_id, card):
    path = f"/v1/images/{image_id}"

    named = account.client.get(f"{path}/content?t=p:card")
    spelt = account.client.get(f"{path}/content?t=w:10,f:webp")
    variant = account.client.post(f"{path}/transform", json={"preset": "card"}).json()
    planned = account.client.post(f"{path}/plan", json={"preset": "card"}).json()

    assert (named.status_code, named.content, named.headers["ETag"]) == (200, spelt.content, spelt.headers["ETag"])
    assert {variant["spec_id"], planned["spec_id"]} == {card["spec_id"]}


@pytest.mark.on_every_deployment
def test_a_preset_may_be_followed_by_more(account, image_id, card):
    answer = account.client.get(f"/v1/images/{image_id}/content?t=p:card,rot:90,f:png")

    assert answer.headers["Content-Type"] == "image/png"
    assert decoded(answer.content).size == (5, 10)


@pytest.mark.on_every_deployment
def test_a_picture_is_uploaded_and_queued_with_a_preset(account, card):
    job = account.client.post("/v1/jobs", files={"file": ("a.png", PICTURE)}, data={"preset": "card"}).json()
    result = account.client.get(f"/v1/jobs/{job['id']}?wait=30").json()["result_url"]

    assert decoded(account.client.get(result).content).size == (10, 5)


@pytest.mark.on_every_deployment
def test_a_preset_that_is_changed_is_another_at_once(account, image_id, card):
    address = f"/v1/images/{image_id}/content?t=p:card"
    before = account.client.get(address)
    put(account, "card", {"resize": {"width": 12}})

    assert (decoded(before.content).size, decoded(account.client.get(address).content).size) == ((10, 5), (12, 6))


def test_a_preset_of_a_preset_is_what_that_was_then(account, card):
    put(account, "small", {"preset": "card", "grayscale": True})
    account.client.delete("/v1/presets/card").raise_for_status()

    assert account.client.get("/v1/presets/small").json()["compact"] == "rs:inside:10,gray,f:webp"


@pytest.mark.on_every_deployment
def test_a_preset_that_there_is_not_is_told_as_a_mistake_in_the_spec(server, account, image_id, card):
    with server.account().client as stranger:
        refused = stranger.put("/v1/presets/mine", json={"preset": "card"})
    by_url = account.client.get(f"/v1/images/{image_id}/content?t=p:cards")
    queued = account.client.post("/v1/jobs", files={"file": ("a.png", PICTURE)}, data={"preset": "cards"})

    assert {(one.status_code, one.json()["code"]) for one in (refused, by_url, queued)} == {(422, "unknown_preset")}
    assert by_url.json()["value"] == "cards"
    assert by_url.json()["parameter"] == "t"
    assert {one.json()["pointer"] for one in (refused, queued)} == {"/preset"}


def test_a_preset_and_a_spec_together_are_refused(account, card):
    fields = {"preset": "card", "spec": "gray"}
    answer = account.client.post("/v1/jobs", files={"file": ("a.png", PICTURE)}, data=fields)

    assert (answer.status_code, answer.json()["code"]) == (422, "conflicting_parameters")


@pytest.mark.parametrize("name", ["A", "-a", "a" * 65, "a%20b", "a.b", "%C3%A4", "a%00", "a%0A"])
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_name_that_is_none_is_refused(account, method, name):
    answer = account.client.request(method, f"/v1/presets/{name}", json={"flip": True} if method == "PUT" else None)

    assert (answer.status_code, answer.json()["parameter"]) == (422, "name")


def test_a_preset_whose_spec_is_none_is_not_kept(account):
    answer = put(account, "card", {"resize": {"width": 0}})

    assert (answer.status_code, answer.json()["pointer"]) == (422, "/resize/width")
    assert account.client.get("/v1/presets").json() == {"items": []}
