"""Nobody sees, lists, changes, erases or guesses what is somebody else's: every endpoint of the document is walked."""

import json
from uuid import uuid4

import pytest

from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.document import openapi
from tests.everywhere import METRICS_TOKEN
from tests.pictures import encoded, quadrants
from tests.servers import running_server
from tests.waiting import wait_for

DOCUMENT = openapi.document(ENDPOINTS)
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
PROTECTED = [(method, path) for method, path, operation in OPERATIONS if "security" in operation]
OWN_NAME = ("PUT", "/v1/presets/{name}")  # which everybody may use
WITH_ID = [(method, path) for method, path in PROTECTED if "{" in path and (method, path) != OWN_NAME]
NO_LISTS = {"/v1/me", "/metrics"}
LISTS = [(method, path) for method, path in PROTECTED if method == "GET" and "{" not in path and path not in NO_LISTS]
LINKS = "/i/{key}.{signature}/{spec}/{image}.{extension}"  # what it shows, its signature allows
OPEN = {"/v1/auth/register", "/v1/auth/login", "/v1/auth/refresh", "/healthz", "/readyz", LINKS}
FORM = {"files": {"file": ("a.png", encoded(quadrants()))}}
FORMS = {"/v1/images": FORM, "/v1/jobs": FORM}
WEBHOOK = "http://127.0.0.1:1024/private-name"  # where nobody is

JSON = {"POST": {"json": {"flip": True}}, "PUT": {"json": {"flip": True}}, "PATCH": {"json": {"name": "mine now"}}}


def named(cases):
    return pytest.mark.parametrize(("method", "path"), cases, ids=[f"{method} {path}" for method, path in cases])


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One whose webhooks may lead to where nobody is, and which tells metrics."""
    settings = {"OUTBOUND_NETWORKS": "127.0.0.1/32", "METRICS_TOKEN": METRICS_TOKEN}
    with running_server(tmp_path_factory.mktemp("strangers") / "data", **settings) as server:
        yield server


@pytest.fixture(scope="module")
def account(server):
    """One for all tests, since none of them may change what it has."""
    account = server.account()
    with account.client:
        yield account


@pytest.fixture(scope="module")
def belongings(account):
    """The ids of one thing of each kind that the account has."""
    image_id = account.upload(encoded(quadrants()), "private-name.png")
    job = account.client.post(f"/v1/images/{image_id}/transform?mode=async", json={"flip": True}).json()
    wait_for(lambda: account.client.get(job["job_url"]).json()["status"] == "ready")
    key = account.client.post("/v1/api-keys", json={"name": "mine"}).json()["api_key"]
    account.client.put("/v1/presets/private-name", json={"flip": True}).raise_for_status()
    webhook = account.client.post("/v1/webhooks", json={"url": WEBHOOK}).raise_for_status().json()["webhook"]
    delivery = account.client.post(f"/v1/webhooks/{webhook['id']}/test").raise_for_status().json()
    ids = {"image_id": image_id, "variant_id": job["id"], "job_id": job["id"], "key_id": key["id"]}
    return {**ids, "name": "private-name", "webhook_id": webhook["id"], "delivery_id": delivery["id"]}


@pytest.fixture(scope="module")
def stranger(server):
    stranger = server.account()
    with stranger.client:
        yield stranger


def ask(client, method, path, **headers):
    fitting = {"json": {"t": "flip"}} if path.endswith("/links") else JSON.get(method, {})
    if method == "PATCH" and path.startswith("/v1/webhooks"):
        fitting = {"json": {"enabled": False}}
    body = FORMS.get(path) or fitting
    return client.request(method, path, headers=headers, **body)


def without_ids(answer, ids):
    """What an answer says, apart from the ids that were asked for and the request's own."""
    text = answer.text
    for identity in ids.values():
        text = text.replace(identity, "")
    return {**json.loads(text), "request_id": ""}


def test_every_endpoint_but_a_few_named_ones_asks_for_a_token():
    unprotected = {path for method, path, operation in OPERATIONS if "security" not in operation}

    assert unprotected == OPEN


@named(PROTECTED)
def test_without_a_token_nothing_is_told(anyone, belongings, method, path):
    answer = ask(anyone, method, path.format(**belongings))

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.on_every_deployment
@named(WITH_ID)
def test_what_is_somebody_elses_cannot_be_told_from_what_is_not_there(stranger, belongings, method, path):
    nothing = {name: str(uuid4()) for name in belongings}

    theirs = ask(stranger.client, method, path.format(**belongings))
    missing = ask(stranger.client, method, path.format(**nothing))

    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert without_ids(theirs, belongings) == without_ids(missing, nothing)


@named(WITH_ID)
def test_a_strangers_attempt_changes_nothing(account, stranger, belongings, method, path):
    ask(stranger.client, method, path.format(**belongings))

    image_id, variant_id = belongings["image_id"], belongings["variant_id"]
    assert account.client.get(f"/v1/images/{image_id}/content").content == encoded(quadrants())
    assert account.client.get(f"/v1/variants/{variant_id}/content").status_code == 200
    assert len(account.client.get(f"/v1/images/{image_id}/variants").json()["items"]) == 1
    assert len(account.client.get("/v1/api-keys").json()["items"]) == 1
    (webhook,) = account.client.get("/v1/webhooks").json()["items"]
    assert webhook["enabled"]


@pytest.mark.on_every_deployment
@named(LISTS)
def test_a_list_shows_only_what_is_ones_own(stranger, belongings, method, path):
    mine = ask(stranger.client, method, path)
    asked_for_theirs = stranger.client.get("/v1/jobs", params={"image": belongings["image_id"]})

    assert mine.json()["items"] == []
    assert asked_for_theirs.json()["items"] == []
    assert "private-name" not in mine.text
