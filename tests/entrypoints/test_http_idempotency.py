"""Requests that are sent again are done once, over a real socket."""

from concurrent.futures import ThreadPoolExecutor
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


def test_the_same_request_is_answered_alike_and_done_once(account):
    first, second = upload(account, "k 1".replace(" ", "-")), upload(account, "k-1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.content, second.headers["location"]) == (first.content, first.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert account.client.get(IMAGES).json()["total"] == 1


@pytest.mark.parametrize("other", [{"content": encoded(textured(9, 9))}, {"name": "other"}])
def test_a_key_of_another_request_is_refused(account, other):
    upload(account, "k")

    assert problem_of(upload(account, "k", **other)) == (422, "idempotency_mismatch")
    assert account.client.get(IMAGES).json()["total"] == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é".encode()])
def test_a_key_that_is_none_is_refused(account, key):
    assert problem_of(upload(account, key)) == (400, "invalid_idempotency_key")
    assert account.client.get(IMAGES).json()["total"] == 0


def test_what_was_refused_may_be_sent_again(account):
    assert upload(account, "k", b"no picture" * 20).status_code == 415

    assert upload(account, "k").status_code == 201


def test_two_users_may_have_the_same_key(server, account):
    key = str(uuid4())
    other = server.account()
    with other.client:
        assert upload(account, key).json()["id"] != upload(other, key).json()["id"]


def test_the_same_at_once_is_done_once(account):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: upload(account, "k"), range(6)))

    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {problem_of(answer) for answer in answers if answer.status_code != 201} <= {(409, "in_progress")}
    assert account.client.get(IMAGES).json()["total"] == 1
