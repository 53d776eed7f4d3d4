"""Waiting for jobs over a real socket: held requests, and events as they happen."""

import json
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from uuid import uuid4

import httpx
import pytest

from tests.pictures import encoded, quadrants
from tests.servers import NO_PICTURES, PASSWORD, Account, running_server
from tests.waiting import wait_for

PICTURE = encoded(quadrants())
SLOW = {"steps": [{"op": "resize", "width": 3000, "enlarge": True}, *[{"op": "blur", "sigma": 40}] * 3]}
NO_JOB = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """A server that makes no jobs, so that they wait for as long as a test does."""
    folder = tmp_path_factory.mktemp("idle") / "data"
    with running_server(folder, WORKER_SLOTS="0", WAITING="4", WAITING_PER_ACCOUNT="2") as server:
        yield server


@pytest.fixture
def waiting(idle):
    with (somebody := idle.account()).client:
        yield somebody


def queue(account, spec, image_id=None):
    image_id = image_id or account.upload(PICTURE)
    return account.client.post(f"/v1/images/{image_id}/transform?mode=async", json=spec).json()["id"]


def follow(account, job_id, **headers):
    return account.client.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers)


def events(answer):
    """The jobs that the events tell of, as they come."""
    return (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: "))


def held_for(client, job_id):
    """The answer to a request that waits: asked again where others, who look for room, leave none just then."""
    return wait_for(lambda: (answer := client.get(f"/v1/jobs/{job_id}?wait=30")).status_code != 429 and answer)


def without_id(document):
    return {name: value for name, value in document.items() if name != "request_id"}


def has_room(account, job_id):
    """Whether one more may wait."""
    with follow(account, job_id) as answer:
        return answer.status_code == 200


@pytest.mark.on_every_deployment("GET /v1/jobs/{job_id}")
def test_a_held_request_is_answered_when_the_job_ends(account):
    job_id = queue(account, SLOW)

    job = account.client.get(f"/v1/jobs/{job_id}?wait=30").json()

    assert (job["status"], job["attempts"]) == ("ready", 1)


def test_a_held_request_is_answered_after_its_time_with_the_job_as_it_is(waiting):
    job_id = queue(waiting, {"flip": True})

    begun = monotonic()
    answer = waiting.client.get(f"/v1/jobs/{job_id}?wait=1")

    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert 1 <= monotonic() - begun < 3


def test_who_waits_is_told_of_a_cancellation(idle, waiting):
    job_id = queue(waiting, {"flip": True})

    with follow(waiting, job_id) as answer:
        told = events(answer)
        first = next(told)
        with idle.client(waiting.token) as other:
            other.delete(f"/v1/jobs/{job_id}").raise_for_status()
        rest = list(told)

    assert (first["status"], [job["failure"]["code"] for job in rest]) == ("pending", ["cancelled"])


@pytest.mark.parametrize("alone", [False, True])
def test_who_waits_for_a_job_that_is_deleted_is_told_what_it_is_then(idle, waiting, alone):
    image_id = waiting.upload(PICTURE)
    job_id = queue(waiting, {"flip": True}, image_id)

    with ThreadPoolExecutor(1) as beside, account_again(waiting) as again, follow(waiting, job_id) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if line.startswith("data: "))
        held = beside.submit(held_for, again, job_id)
        wait_for(lambda: not has_room(waiting, job_id))
        with idle.client(waiting.token) as other:
            other.delete(f"/v1/variants/{job_id}" if alone else f"/v1/images/{image_id}").raise_for_status()
        *_, event, data, _ = lines
        shown = held.result()
    now = waiting.client.get(f"/v1/jobs/{job_id}")
    followed = waiting.client.get(f"/v1/jobs/{job_id}/events")

    told = json.loads(data.removeprefix("data: "))
    assert (event, told["request_id"]) == ("event: gone", answer.headers["X-Request-Id"])
    assert (now.status_code, now.json()["code"]) == (404, "not_found")
    assert without_id(told) == without_id(shown.json()) == without_id(now.json())
    assert followed.status_code == 404  # which tells an EventSource to come back no more


@pytest.mark.on_every_deployment("GET /v1/jobs/{job_id}/events")
def test_events_tell_of_a_job_until_it_ends(account):
    job_id = queue(account, SLOW)

    with follow(account, job_id) as answer:
        told = list(events(answer))

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    assert told[-1] == account.client.get(f"/v1/jobs/{job_id}").json()
    assert [job["status"] for job in told] in (["pending", "processing", "ready"], ["processing", "ready"])


def test_who_asks_for_the_headers_of_events_alone_waits_for_none(waiting):
    job_id = queue(waiting, {"flip": True})
    path = f"/v1/jobs/{job_id}/events"

    heads = [waiting.client.head(path, timeout=5) for _ in range(3)]  # more than may wait at once

    with follow(waiting, job_id) as answer:
        told = {name: answer.headers[name] for name in ("Content-Type", "Cache-Control", "X-Accel-Buffering")}
    for head in heads:
        assert (head.status_code, head.content, {name: head.headers[name] for name in told}) == (200, b"", told)
    assert waiting.client.head(f"/v1/jobs/{NO_JOB}/events").status_code == 404


@pytest.mark.on_every_deployment
def test_events_of_a_job_that_has_ended_are_one_and_then_none(account):
    job_id = queue(account, {"flip": True})
    account.client.get(f"/v1/jobs/{job_id}?wait=30").raise_for_status()

    first = account.client.get(f"/v1/jobs/{job_id}/events")
    again = account.client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": "ready-1"})

    assert first.text.startswith("event: status\nid: ready-1\ndata: {")
    assert (again.status_code, again.content) == (204, b"")


def test_no_more_may_wait_at_once_than_is_set_and_who_leaves_makes_room(idle, waiting):
    job_id = queue(waiting, {"flip": True})
    with idle.account().client as other, follow(waiting, job_id), follow(waiting, job_id):
        refused = waiting.client.get(f"/v1/jobs/{job_id}?wait=1")
        listed = waiting.client.get(f"/v1/jobs/{job_id}")
        assert other.get("/v1/jobs").is_success

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_waiting")
    assert refused.headers["Retry-After"] == "5"
    assert listed.status_code == 200
    wait_for(lambda: has_room(waiting, job_id))


def test_where_too_many_wait_altogether_others_are_told_to_come_back(idle):
    people = [idle.account() for _ in range(3)]
    jobs = [queue(one, {"flip": True}) for one in people]
    with follow(people[0], jobs[0]), follow(people[0], jobs[0]), follow(people[1], jobs[1]), follow(people[1], jobs[1]):
        refused = people[2].client.get(f"/v1/jobs/{jobs[2]}?wait=1")

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    wait_for(lambda: has_room(people[2], jobs[2]))
    for one in people:
        one.client.close()


@pytest.fixture(scope="module")
def beside(idle):
    """Another process on the same data."""
    with running_server(idle.data_dir, **NO_PICTURES) as server:
        yield server


def log_out(client, login):
    client.post("/v1/auth/logout").raise_for_status()


def change_password(client, login):
    new = {"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    client.post("/v1/auth/password", json=new).raise_for_status()


def erase(client, login):
    client.request("DELETE", "/v1/me", json={"password": PASSWORD}).raise_for_status()


def offer_a_refresh_token_again(client, login):
    tokens = [login["refresh_token"]]
    for _ in range(2):
        answer = client.post("/v1/auth/refresh", json={"refresh_token": tokens[-1]}).raise_for_status()
        tokens.append(answer.json()["refresh_token"])
    assert client.post("/v1/auth/refresh", json={"refresh_token": tokens[0]}).status_code == 401


ENDS = [log_out, change_password, erase, offer_a_refresh_token_again]


@pytest.mark.parametrize("end", ENDS, ids=[one.__name__ for one in ENDS])
def test_who_is_known_no_more_waits_no_more_whichever_process_ended_it(idle, beside, end):
    credentials = {"username": f"user-{uuid4().hex[:12]}", "password": PASSWORD}
    with idle.client() as anyone:
        anyone.post("/v1/auth/register", json=credentials).raise_for_status()
        login = anyone.post("/v1/auth/login", json=credentials).json()
    account = Account(idle.client(login["access_token"]), login["access_token"])
    with account.client, beside.client(account.token) as elsewhere:
        job_id = queue(account, {"flip": True})
        taken, held, rest = waited_for_while(account, job_id, lambda: end(elsewhere, login))

    assert (held.status_code, held.json()["code"]) == (401, "token_revoked")
    assert rest == []
    assert taken < 4


def test_who_waits_with_an_api_key_is_let_go_with_it_and_nobody_else_is(idle, beside, waiting):
    made = waiting.client.post("/v1/api-keys", json={"name": "shop", "scopes": ["read"]}).json()
    program = Account(idle.client(made["key"]), made["key"])
    job_id = queue(waiting, {"flip": True})
    with program.client, beside.client(waiting.token) as elsewhere, follow(waiting, job_id) as others:
        told = events(others)
        next(told)
        path = f"/v1/api-keys/{made['api_key']['id']}"
        taken, rest = followed_while(program, job_id, lambda: elsewhere.delete(path).raise_for_status())
        elsewhere.delete(f"/v1/jobs/{job_id}").raise_for_status()
        told_later = [job["status"] for job in told]

    assert (rest, told_later) == ([], ["failed"])
    assert taken < 4


def followed_while(account, job_id, work):
    """How many seconds after the work the stream ended, and what it told of meanwhile."""
    with follow(account, job_id) as answer:
        told = events(answer)
        next(told)
        work()
        begun = monotonic()
        rest = list(told)
    return monotonic() - begun, rest


def waited_for_while(account, job_id, work):
    """The same for somebody who has a request held, too, and how that was answered."""
    with ThreadPoolExecutor(1) as beside, account_again(account) as client:
        held = beside.submit(held_for, client, job_id)
        wait_for(lambda: is_full(account, job_id))
        taken, rest = followed_while(account, job_id, work)
        return taken, held.result(), rest


def account_again(account):
    """A connection of its own, since one thread's may be busy."""
    return httpx.Client(base_url=account.client.base_url, headers=account.client.headers, timeout=40)


def is_full(account, job_id):
    """Whether somebody waits already, where two may."""
    with follow(account, job_id) as first, follow(account, job_id) as second:
        return (first.status_code, second.status_code) == (200, 429)


@pytest.mark.parametrize("wait", ["-1", "31", "x", "1.5", ""])
def test_a_wait_that_is_none_is_refused(account, wait):
    answer = account.client.get(f"/v1/jobs/{NO_JOB}", params={"wait": wait})

    assert (answer.status_code, answer.json()["code"], answer.json()["parameter"]) == (422, "invalid_parameter", "wait")


@pytest.mark.parametrize("path", [f"/v1/jobs/{NO_JOB}?wait=30", f"/v1/jobs/{NO_JOB}/events"])
def test_what_is_not_there_is_not_waited_for(account, path):
    assert account.client.get(path).status_code == 404


def test_who_waits_keeps_no_server_from_stopping(tmp_path):
    with running_server(tmp_path / "data", WORKER_SLOTS="0") as server:
        account = server.account()
        with account.client, follow(account, queue(account, {"flip": True})) as answer:
            told = events(answer)
            next(told)
            begun = monotonic()
            server.process.terminate()
            rest = list(told)
            server.process.wait(10)

    assert rest == []
    assert monotonic() - begun < 8
