"""Requests that are sent again are done once, over a real socket."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.pictures import encoded, quadrants, textured

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


def upload(account, key, content=PICTURE, **fields):
    headers = {"Idempotency-Key": key}
    return account.client.post(IMAGES, files={"file": ("a.png", content)}, data=fields, headers=headers)


@pytest.mark.on_every_deployment
def test_the_same_request_is_answered_alike_and_done_once(account):
    first, second = upload(account, "k 1".replace(" ", "-")), upload(account, "k-1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.content, second.headers["location"]) == (first.content, first.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert account.client.get(IMAGES).json()["total"] == 1


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("other", [{"content": encoded(textured(9, 9))}, {"name": "other"}])
def test_a_key_of_another_request_is_refused(account, other):
    upload(account, "k")

    assert problem_of(upload(account, "k", **other)) == (422, "idempotency_mismatch")
    assert account.client.get(IMAGES).json()["total"] == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é".encode()])
def test_a_key_that_is_none_is_refused(account, key):
    assert problem_of(upload(account, key)) == (400, "invalid_idempotency_key")
    assert account.client.get(IMAGES).json()["total"] == 0


@pytest.mark.on_every_deployment
def test_what_was_refused_may_be_sent_again(account):
    assert upload(account, "k", b"no picture" * 20).status_code == 415

    assert upload(account, "k").status_code == 201


@pytest.mark.on_every_deployment
def test_two_users_may_have_the_same_key(server, account):
    key = str(uuid4())
    other = server.account()
    with other.client:
        assert upload(account, key).json()["id"] != upload(other, key).json()["id"]


def raw(account, key, content=PICTURE, query="", **headers):
    given = {"Idempotency-Key": key, "Content-Type": "image/png", **headers}
    return account.client.post(f"{IMAGES}{query}", content=content, headers=given)


@pytest.mark.on_every_deployment
def test_a_file_alone_is_taken_once(account):
    first, second = raw(account, "k"), raw(account, "k")

    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert account.client.get(IMAGES).json()["total"] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"content": encoded(textured(9, 9))},
        {"query": "?name=other"},
        {"Content-Disposition": "attachment; filename=other.png"},
        {"Content-Type": "image/webp"},
    ],
    ids=repr,
)
def test_a_key_of_another_file_alone_is_refused(account, other):
    raw(account, "k")

    assert problem_of(raw(account, "k", **other)) == (422, "idempotency_mismatch")
    assert account.client.get(IMAGES).json()["total"] == 1


def twice(client, path, body, other):
    """The same request twice, and then another, all with one key."""
    headers = {"Idempotency-Key": str(uuid4())}
    first, second = (client.post(path, json=body, headers=headers) for _ in range(2))
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert problem_of(client.post(path, json=other, headers=headers)) == (422, "idempotency_mismatch")
    return first, second


@pytest.mark.on_every_deployment
def test_links_and_variants_are_made_once(account):
    image = f"{IMAGES}/{account.upload(PICTURE)}"

    # By its expiry, each link that is made at another time is another one.
    link, same_link = twice(account.client, f"{image}/links", {"t": "w:5", "expires_in": 1000}, {"t": "w:6"})
    spec = {"resize": {"width": 5}}
    variant, same_variant = twice(account.client, f"{image}/transform", spec, {"preset": "none", **spec})

    assert (same_link.status_code, same_link.content) == (201, link.content)
    # Without a key it would be 200 the second time: it was there.
    assert (same_variant.status_code, same_variant.content) == (201, variant.content)


def test_a_key_for_programs_is_made_once_and_shown_once(server, account):
    body = {"name": "shop", "scopes": ["read"]}
    first, second = twice(account.client, "/v1/api-keys", body, {"name": "other"})

    key = first.json()["key"]
    assert second.json() == {**first.json(), "key": None}
    assert (second.status_code, second.headers["location"]) == (201, first.headers["location"])
    assert len(account.client.get("/v1/api-keys").json()["items"]) == 1
    with server.client(key) as program:
        assert program.get("/v1/me").status_code == 200
    database = server.data_dir / "imgsvc.sqlite3"
    kept = [path for path in (database, Path(f"{database}-wal")) if key.encode() in path.read_bytes()]
    assert kept == []


@pytest.mark.on_every_deployment
def test_the_same_at_once_is_done_once(account):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: upload(account, "k"), range(6)))

    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    others = [answer for answer in answers if answer.status_code != 201]
    assert {problem_of(answer) for answer in others} <= {(409, "in_progress")}
    assert {answer.headers["retry-after"] for answer in others} <= {"5"}
    assert account.client.get(IMAGES).json()["total"] == 1
