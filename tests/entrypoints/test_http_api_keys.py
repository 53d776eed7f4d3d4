"""API keys over a real socket: made, shown once, good for what they are for, and deleted."""

from uuid import uuid4

import pytest

from imgsvc import compose
from imgsvc.domain.errors import TokenRevoked
from imgsvc.entrypoints.http.app import ENDPOINTS
from imgsvc.entrypoints.http.document import openapi
from tests.pictures import encoded, quadrants

KEYS, ME = "/v1/api-keys", "/v1/me"
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in openapi.document(ENDPOINTS)["paths"].items()
    for method, operation in operations.items()
    if any(scheme in one for one in operation.get("security", ()) for scheme in ("bearer", "api_key"))
]


def scope_of(operation):
    """What a key needs for it; None where no key is good enough."""
    return next((scopes[0] for one in operation["security"] for name, scopes in one.items() if name == "api_key"), None)


def of_scope(scope):
    cases = [(method, path) for method, path, operation in OPERATIONS if scope_of(operation) == scope]
    return pytest.mark.parametrize(("method", "path"), cases, ids=[f"{method} {path}" for method, path in cases])


@pytest.fixture
def made(account):
    """Makes a key, and answers it and its view."""

    def made(*scopes, name="uploader"):
        answer = account.client.post(KEYS, json={"name": name, "scopes": scopes or ["read"]})
        assert answer.status_code == 201, answer.text
        return answer.json()["key"], answer.json()["api_key"]

    return made


@pytest.fixture
def with_key(server):
    """A client that knows nothing but a key."""
    clients = []

    def with_key(key):
        clients.append(server.client(key))
        return clients[-1]

    yield with_key
    for client in clients:
        client.close()


def told(answer):
    return answer.status_code, answer.json()["code"]


@pytest.mark.on_every_deployment("GET /v1/api-keys")
def test_a_key_is_shown_once_and_is_known_by_how_it_begins(account, made):
    key, view = made("read", "write")
    listed = account.client.get(KEYS)

    assert key.startswith("imgsvc_")
    assert len(key) == 50
    assert key.startswith(view["hint"])
    assert (view["name"], view["scopes"], view["last_used_at"]) == ("uploader", ["read", "write"], None)
    assert listed.json() == {"items": [view]}
    assert key not in listed.text


def test_a_key_may_only_read_unless_told_otherwise(account):
    assert account.client.post(KEYS, json={"name": "x"}).json()["api_key"]["scopes"] == ["read"]


@pytest.mark.on_every_deployment("POST /v1/api-keys")
def test_a_program_uploads_and_reads_with_a_key(account, made, with_key):
    client = with_key(made("read", "write")[0])
    answer = client.post("/v1/images", files={"file": ("a.png", encoded(quadrants()))})
    image = answer.json()

    assert answer.status_code == 201
    assert client.get(image["content_url"]).content == encoded(quadrants())
    assert client.get(ME).json()["id"] == account.client.get(ME).json()["id"]
    assert account.client.get(image["content_url"]).status_code == 200


@pytest.mark.on_every_deployment
def test_the_last_use_of_a_key_is_told(account, made, with_key):
    key, _ = made()
    with_key(key).get(ME)

    assert account.client.get(KEYS).json()["items"][0]["last_used_at"]


@of_scope("write")
def test_a_key_that_may_read_changes_nothing(made, with_key, method, path):
    ids = dict.fromkeys(
        ("image_id", "variant_id", "job_id", "key_id", "webhook_id", "delivery_id", "name"), str(uuid4())
    )

    answer = with_key(made("read")[0]).request(method, path.format(**ids))

    assert told(answer) == (403, "insufficient_scope")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="imgsvc", error="insufficient_scope"'


@of_scope(None)
def test_no_key_is_good_for_what_takes_a_login(made, with_key, method, path):
    answer = with_key(made("read", "write")[0]).request(method, path.format(key_id=uuid4()))

    assert told(answer) == (403, "insufficient_scope")


@pytest.mark.on_every_deployment
def test_a_key_that_may_only_write_reads_nothing(made, with_key):
    assert told(with_key(made("write")[0]).get("/v1/images")) == (403, "insufficient_scope")


def test_keys_and_accounts_are_managed_by_logins_alone():
    needs_login = {(method, path) for method, path, operation in OPERATIONS if scope_of(operation) is None}

    assert {("POST", KEYS), ("GET", KEYS), ("DELETE", KEYS + "/{key_id}"), ("POST", "/v1/auth/password")} <= needs_login


@pytest.mark.on_every_deployment("DELETE /v1/api-keys/{key_id}")
def test_a_deleted_key_is_good_for_nothing_in_any_process(server, account, made, with_key):
    key, view = made()
    client = with_key(key)
    known = client.get(ME).status_code

    deleted = account.client.delete(f"{KEYS}/{view['id']}")

    assert (known, deleted.status_code) == (200, 204)
    assert told(client.get(ME)) == (401, "token_revoked")
    assert told(account.client.delete(f"{KEYS}/{view['id']}")) == (404, "not_found")
    with (
        compose(server.settings) as elsewhere,
        pytest.raises(TokenRevoked),
    ):
        elsewhere.use_cases.authenticate(key)


@pytest.mark.parametrize("form", ["imgsvc_", "imgsvc_x", "imgsvc_" + "x" * 44, "imgsvc_" + "!" * 43, "imgsvc_" * 900])
def test_what_has_not_the_form_of_a_key_is_invalid(with_key, form):
    assert told(with_key(form).get(ME)) == (401, "invalid_token")


@pytest.mark.on_every_deployment
def test_a_key_that_nobody_has_is_revoked(with_key):
    assert told(with_key("imgsvc_" + "x" * 43).get(ME)) == (401, "token_revoked")


def test_a_key_with_its_end_changed_is_not_the_key(made, with_key):
    key, _ = made()

    assert told(with_key(key[:-2] + ("AA" if key[-2:] != "AA" else "BB")).get(ME)) == (401, "token_revoked")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "validation_error", "/name"),
        ({"name": ""}, "validation_error", "/name"),
        ({"name": "x" * 101}, "validation_error", "/name"),
        ({"name": 1}, "validation_error", "/name"),
        ({"name": " "}, "validation_error", "/name"),
        ({"name": "a\0"}, "validation_error", "/name"),
        ({"name": "a\nb"}, "validation_error", "/name"),
        ({"name": "x", "scopes": []}, "validation_error", "/scopes"),
        ({"name": "x", "scopes": ["read", "read"]}, "validation_error", "/scopes"),
        ({"name": "x", "scopes": ["admin"]}, "validation_error", "/scopes/0"),
        ({"name": "x", "scopes": "read"}, "validation_error", "/scopes"),
        ({"name": "x", "scopes": None}, "validation_error", "/scopes"),
        ({"name": "x", "key": "imgsvc_mine"}, "unknown_field", "/key"),
        ({"name": "x", "owner": str(uuid4())}, "unknown_field", "/owner"),
    ],
)
def test_a_key_that_is_no_such_is_not_made(account, body, code, pointer):
    answer = account.client.post(KEYS, json=body)

    assert (*told(answer), answer.json()["pointer"]) == (422, code, pointer)
    assert account.client.get(KEYS).json()["items"] == []


def test_nobody_has_more_keys_than_a_hundred(account):
    statuses = [account.client.post(KEYS, json={"name": str(number)}).status_code for number in range(101)]
    refused = account.client.post(KEYS, json={"name": "one more"})

    assert statuses == [201] * 100 + [409]
    assert told(refused) == (409, "too_many_api_keys")


def test_a_key_is_never_logged(server, made, with_key):
    key, _ = made()
    with_key(key).get(ME)
    with_key(key).get("/v1/images")

    assert key[12:] not in server.log()
