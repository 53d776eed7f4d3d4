"""Webhooks over real sockets: made, told of jobs, tried again, replayed, disabled and deleted."""

import json
import sqlite3
from contextlib import closing
from uuid import uuid4

import pytest

from tests.pictures import encoded, quadrants
from tests.receivers import TAKEN, receiver
from tests.servers import PASSWORD, running_server
from tests.waiting import wait_for
from tests.websites import answer_of

WEBHOOKS = "/v1/webhooks"
ELSEWHERE = "http://127.0.0.1:1024/"  # where nobody is
BROKEN, GONE = (answer_of(b"", status=one) for one in ("500 Broken", "410 Gone"))
PICTURE = encoded(quadrants())


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One that makes jobs, may call loopback, and loses patience soon."""
    options = {
        "OUTBOUND_NETWORKS": "127.0.0.1/32",
        "PUBLIC_URL": "https://pictures.example.org",
        "WEBHOOK_RETRY_SECONDS": "0,3600",
        "WORKER_SLOTS": "1",
        "RENDER_IN": "process",
    }
    with running_server(tmp_path_factory.mktemp("webhooks") / "data", **options) as server:
        yield server


@pytest.fixture
def made(account):
    """Makes a webhook, and answers its view and its secret."""

    def made(url=ELSEWHERE, **said):
        answer = account.client.post(WEBHOOKS, json={"url": url, **said})
        assert answer.status_code == 201, answer.text
        return answer.json()["webhook"], answer.json()["secret"]

    return made


@pytest.fixture
def ended(account):
    """Has a job made, or fail, and answers it."""

    def ended(**spec):
        image = account.upload(PICTURE)
        job = account.client.post(f"/v1/images/{image}/transform?mode=async", json=spec or {"flip": True}).json()
        return account.client.get(f"/v1/jobs/{job['id']}?wait=30").json()

    return ended


def told(answer):
    return answer.status_code, answer.json()["code"]


def deliveries_of(account, webhook, **query):
    return account.client.get(f"{WEBHOOKS}/{webhook['id']}/deliveries", params=query).json()["items"]


def delivered(account, webhook, status="succeeded"):
    """Its only delivery, once it stands like that."""

    def found():
        (delivery,) = deliveries_of(account, webhook) or [{"status": ""}]
        return delivery if delivery["status"] == status else None

    return wait_for(found)


# What a webhook is


@pytest.mark.on_every_deployment("GET /v1/webhooks", "GET /v1/webhooks/{webhook_id}")
def test_a_webhook_is_shown_with_its_secret_this_once(account, made):
    webhook, secret = made()

    assert secret.startswith("whsec_")
    assert webhook["url"] == ELSEWHERE
    assert webhook["events"] == ["variant.ready", "variant.failed"]
    assert (webhook["enabled"], webhook["disabled"], webhook["failing_since"]) == (True, None, None)
    listed = account.client.get(WEBHOOKS)
    one = account.client.get(f"{WEBHOOKS}/{webhook['id']}")
    assert (listed.json(), one.json()) == ({"items": [webhook]}, webhook)
    assert "whsec" not in listed.text + one.text


@pytest.mark.on_every_deployment("POST /v1/webhooks")
def test_its_place_is_told(account):
    answer = account.client.post(WEBHOOKS, json={"url": ELSEWHERE})

    assert account.client.get(answer.headers["Location"]).json() == answer.json()["webhook"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "validation_error", "/url"),
        ({"url": 5}, "validation_error", "/url"),
        ({"url": ""}, "invalid_url", "/url"),
        ({"url": "file:///etc/passwd"}, "invalid_url", "/url"),
        ({"url": "gopher://example.org/"}, "invalid_url", "/url"),
        ({"url": "/hook"}, "invalid_url", "/url"),
        ({"url": "https://ada:secret@example.org/"}, "invalid_url", "/url"),
        ({"url": "https://example.org/" + "a" * 2048}, "invalid_url", "/url"),
        ({"url": "https://example.org:22/"}, "url_not_allowed", "/url"),
        ({"url": "https://example.org:25/"}, "url_not_allowed", "/url"),
        ({"url": "https://10.1.1.1/"}, "url_not_allowed", "/url"),
        ({"url": "https://[::1]/"}, "url_not_allowed", "/url"),
        ({"url": "https://169.254.169.254/latest"}, "url_not_allowed", "/url"),
        ({"url": "http://93.184.216.34/"}, "url_not_allowed", "/url"),
        ({"url": "https://pictures.example.org/v1/jobs"}, "url_not_allowed", "/url"),
        ({"url": ELSEWHERE, "events": []}, "validation_error", "/events"),
        ({"url": ELSEWHERE, "events": ["variant.ready"] * 2}, "validation_error", "/events"),
        ({"url": ELSEWHERE, "events": ["variant.raedy"]}, "validation_error", "/events/0"),
        ({"url": ELSEWHERE, "events": None}, "validation_error", "/events"),
        ({"url": ELSEWHERE, "secret": "whsec_c2VjcmV0"}, "unknown_field", "/secret"),
        ({"url": ELSEWHERE, "owner": str(uuid4())}, "unknown_field", "/owner"),
    ],
)
def test_a_webhook_that_is_no_such_is_not_made(account, body, code, pointer):
    answer = account.client.post(WEBHOOKS, json=body)

    assert (*told(answer), answer.json()["pointer"]) == (422, code, pointer)
    assert account.client.get(WEBHOOKS).json()["items"] == []


@pytest.mark.on_every_deployment
def test_nobody_has_more_webhooks_than_ten(account):
    answers = [account.client.post(WEBHOOKS, json={"url": ELSEWHERE}) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [409]
    assert told(answers[-1]) == (409, "too_many_webhooks")


@pytest.mark.on_every_deployment
def test_the_same_request_makes_one_webhook_and_its_secret_is_kept_nowhere_else(account):
    key = {"Idempotency-Key": uuid4().hex}
    first, second = (account.client.post(WEBHOOKS, json={"url": ELSEWHERE}, headers=key) for _ in "12")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.json()["secret"].startswith("whsec_")
    assert second.json() == {**first.json(), "secret": None}
    assert account.client.get(WEBHOOKS).json()["items"] == [first.json()["webhook"]]


@pytest.mark.on_every_deployment("PATCH /v1/webhooks/{webhook_id}")
def test_what_is_left_out_of_a_change_stays(account, made):
    webhook, _ = made()

    answer = account.client.patch(f"{WEBHOOKS}/{webhook['id']}", json={"events": ["variant.failed"]})

    assert answer.json() == {**webhook, "events": ["variant.failed"]}
    assert account.client.get(f"{WEBHOOKS}/{webhook['id']}").json() == answer.json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "https://10.1.1.1/"}, "url_not_allowed"),
        ({"url": "ftp://example.org/"}, "invalid_url"),
        ({"url": None}, "validation_error"),
        ({"enabled": "yes"}, "validation_error"),
        ({"secret": "whsec_c2VjcmV0"}, "unknown_field"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(account, made, body, code):
    webhook, _ = made()

    assert told(account.client.patch(f"{WEBHOOKS}/{webhook['id']}", json=body)) == (422, code)
    assert account.client.get(f"{WEBHOOKS}/{webhook['id']}").json() == webhook


@pytest.mark.on_every_deployment("DELETE /v1/webhooks/{webhook_id}")
def test_a_deleted_webhook_is_not_there(account, made):
    webhook, _ = made()

    assert account.client.delete(f"{WEBHOOKS}/{webhook['id']}").status_code == 204
    assert told(account.client.delete(f"{WEBHOOKS}/{webhook['id']}")) == (404, "not_found")
    assert told(account.client.get(f"{WEBHOOKS}/{webhook['id']}/deliveries")) == (404, "not_found")
    assert account.client.get(WEBHOOKS).json() == {"items": []}


# What it is told


@pytest.mark.on_every_deployment("GET /v1/webhooks/{webhook_id}/deliveries")
def test_a_job_that_is_ready_is_told_with_a_signature_at_once(account, made, ended):
    with receiver() as site:
        webhook, secret = made(site.url)
        job = ended()
        delivery = delivered(account, webhook)

    (message,) = site.verified(secret)
    data = {"job_id": job["id"], "image_id": job["image_id"], "status": "ready", "failure": None}
    assert message == {"type": "variant.ready", "timestamp": job["finished_at"], "data": data}
    assert site.ids() == [delivery["id"]]
    assert (delivery["event"], delivery["job_id"]) == ("variant.ready", job["id"])
    assert (delivery["attempts"], delivery["last_status"], delivery["last_trouble"]) == (1, 204, None)


@pytest.mark.on_every_deployment
def test_a_job_that_failed_is_told_with_its_reason(account, made, ended):
    with receiver() as site:
        webhook, secret = made(site.url)
        # No quality makes it that small.
        job = ended(steps=[], output={"format": "jpeg", "max_bytes": 100})
        delivered(account, webhook)

    (message,) = site.verified(secret)
    assert (message["type"], message["data"]["status"]) == ("variant.failed", "failed")
    assert message["data"]["failure"] == job["failure"]


@pytest.mark.on_every_deployment
def test_what_is_made_on_the_spot_and_what_is_cancelled_is_not_told(account, made, ended):
    webhook, _ = made()
    image = account.upload(PICTURE)
    account.client.get(f"/v1/images/{image}/content?t=w:20").raise_for_status()
    account.client.post(f"/v1/images/{image}/transform?mode=sync", json={"t": "w:21"})

    assert ended()["status"] == "ready"
    assert len(deliveries_of(account, webhook)) == 1


@pytest.mark.on_every_deployment
def test_a_message_that_was_not_taken_comes_again_with_the_same_id(account, made, ended):
    with receiver(BROKEN, TAKEN) as site:
        webhook, secret = made(site.url)
        ended()
        delivery = delivered(account, webhook)

    first, second = site.verified(secret)
    assert first == second
    assert site.ids() == [delivery["id"]] * 2
    assert delivery["attempts"] == 2
    assert account.client.get(f"{WEBHOOKS}/{webhook['id']}").json()["failing_since"] is None


@pytest.mark.on_every_deployment
def test_what_came_of_each_is_told_until_it_comes_again(account, made, ended):
    with receiver(BROKEN) as site:
        webhook, _ = made(site.url)
        ended()
        (delivery,) = wait_for(lambda: [one for one in deliveries_of(account, webhook) if one["attempts"] == 2])
        delivery = wait_for(
            lambda: next((one for one in deliveries_of(account, webhook) if one["next_attempt_at"]), None)
        )

    assert (delivery["status"], delivery["last_status"]) == ("pending", 500)
    assert "500" in delivery["last_trouble"]
    assert delivery["next_attempt_at"] > delivery["last_attempt_at"]
    assert account.client.get(f"{WEBHOOKS}/{webhook['id']}").json()["failing_since"]


@pytest.mark.on_every_deployment
def test_who_answers_410_is_told_nothing_more_and_its_owner_why(account, made, ended):
    with receiver(GONE) as site:
        webhook, _ = made(site.url)
        ended()
        delivered(account, webhook, "failed")
        shown = wait_for(lambda: account.client.get(f"{WEBHOOKS}/{webhook['id']}").json()["disabled"])
        ended(flip=True, blur=2)

    assert shown["reason"] == "gone"
    assert "410" in shown["detail"]
    assert len(site.ids()) == 1
    assert told(account.client.post(f"{WEBHOOKS}/{webhook['id']}/test")) == (409, "webhook_disabled")


@pytest.mark.on_every_deployment
def test_enabled_again_it_is_told_what_ends_from_then_on(account, made, ended):
    with receiver() as site:
        webhook, _ = made(site.url)
        account.client.patch(f"{WEBHOOKS}/{webhook['id']}", json={"enabled": False}).raise_for_status()
        ended()
        enabled = account.client.patch(f"{WEBHOOKS}/{webhook['id']}", json={"enabled": True}).json()
        job = ended(blur=3)
        delivery = delivered(account, webhook)

    assert (enabled["enabled"], enabled["disabled"]) == (True, None)
    assert (delivery["job_id"], len(site.ids())) == (job["id"], 1)


@pytest.mark.on_every_deployment("POST /v1/webhooks/{webhook_id}/test")
def test_a_test_arrives(account, made):
    with receiver() as site:
        webhook, secret = made(site.url, events=["variant.failed"])
        answer = account.client.post(f"{WEBHOOKS}/{webhook['id']}/test")
        delivered(account, webhook)

    assert (answer.status_code, answer.json()["event"], answer.json()["job_id"]) == (202, "webhook.test", None)
    assert site.verified(secret)[0]["data"] == {"webhook_id": webhook["id"]}


@pytest.mark.on_every_deployment("POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")
def test_a_message_is_replayed_as_it_was(account, made, ended):
    with receiver() as site:
        webhook, secret = made(site.url)
        ended()
        delivery = delivered(account, webhook)
        replay = f"{WEBHOOKS}/{webhook['id']}/deliveries/{delivery['id']}/replay"
        answer = account.client.post(replay)
        wait_for(lambda: len(site.ids()) == 2)

    first, second = site.verified(secret)
    assert (answer.status_code, answer.json()["status"], answer.json()["id"]) == (202, "pending", delivery["id"])
    assert first == second
    assert site.ids() == [delivery["id"]] * 2
    assert told(account.client.post(replay.replace(delivery["id"], str(uuid4())))) == (404, "not_found")


@pytest.mark.on_every_deployment("POST /v1/webhooks/{webhook_id}/secret")
def test_a_new_secret_is_good_beside_the_old_one(account, made):
    with receiver() as site:
        webhook, old = made(site.url)
        answer = account.client.post(f"{WEBHOOKS}/{webhook['id']}/secret").json()
        account.client.post(f"{WEBHOOKS}/{webhook['id']}/test")
        delivered(account, webhook)

    assert answer["webhook"] == webhook
    assert answer["secret"].startswith("whsec_")
    assert answer["secret"] != old
    assert site.verified(old) == site.verified(answer["secret"])


@pytest.mark.on_every_deployment("GET /v1/webhooks/{webhook_id}/deliveries")
def test_deliveries_are_listed_in_parts_and_by_status(account, made):
    webhook, _ = made()
    path = f"{WEBHOOKS}/{webhook['id']}/deliveries"
    sent = [account.client.post(f"{WEBHOOKS}/{webhook['id']}/test").json()["id"] for _ in range(3)]

    first = account.client.get(path, params={"limit": 2})
    second = account.client.get(first.json()["next"])

    assert [one["id"] for one in (*first.json()["items"], *second.json()["items"])] == sent[::-1]
    assert second.json()["next"] is None
    assert 'rel="next"' in first.headers["Link"]
    assert deliveries_of(account, webhook, status="succeeded") == []
    assert told(account.client.get(path, params={"status": "lost"})) == (422, "invalid_parameter")
    assert told(account.client.get(path, params={"cursor": "x"})) == (400, "invalid_cursor")


def test_a_secret_is_never_logged(server, account, made, ended):
    with receiver() as site:
        webhook, secret = made(site.url)
        ended()
        delivered(account, webhook)

    assert secret.removeprefix("whsec_")[:12] not in server.log()
    assert json.loads(server.log().splitlines()[-1])["message"]


def test_of_the_webhooks_of_an_erased_account_nothing_is_left(server, account, made):
    webhook, _ = made()
    account.client.post(f"{WEBHOOKS}/{webhook['id']}/test").raise_for_status()

    account.client.request("DELETE", "/v1/me", json={"password": PASSWORD}).raise_for_status()

    rows = "SELECT id FROM webhooks WHERE id = ? UNION SELECT id FROM webhook_deliveries WHERE webhook_id = ?"
    with closing(sqlite3.connect(server.data_dir / "imgsvc.sqlite3")) as database:
        assert database.execute(rows, [webhook["id"].replace("-", "")] * 2).fetchall() == []


def test_where_webhooks_are_switched_off_nobody_is_called(tmp_path):
    with running_server(
        tmp_path / "data", WEBHOOKS="off", OUTBOUND_NETWORKS="127.0.0.1/32", WORKER_SLOTS="0"
    ) as server:
        account = server.account()
        with account.client:
            answer = account.client.post(WEBHOOKS, json={"url": ELSEWHERE})

    assert told(answer) == (422, "url_not_allowed")
