"""How many unfinished jobs an account may have, by whichever way they are asked for; over a real socket."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.pictures import encoded, quadrants
from tests.servers import running_server
from tests.waiting import wait_for

PICTURE = encoded(quadrants(400, 200))


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """Makes no jobs, renders nothing while anybody waits, and has room for four jobs of each account."""
    settings = {"JOBS_PER_ACCOUNT": "4", "SYNC_MEGAPIXELS": "0", "LINK_RENDER_RATE": "3"}
    data_dir = tmp_path_factory.mktemp("idle") / "data"
    with running_server(data_dir, WORKER_SLOTS="0", RENDER_IN="process", **settings) as server:
        yield server


@pytest.fixture
def account(idle):
    account = idle.account()
    with account.client:
        yield account


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def transform(account, image_id, spec):
    return account.client.post(f"/v1/images/{image_id}/transform", json=spec)


def fill(account, image_id, jobs=4):
    for number in range(jobs):
        assert transform(account, image_id, {"blur": number + 1}).status_code == 202


def link_of(account, image_id, spec, **more):
    answer = account.client.post(f"/v1/images/{image_id}/links", json={"t": spec, **more})
    return answer.raise_for_status().json()["url"]


def refused(answer):
    assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code, answer.json()["code"]


def jobs_of(account):
    return len(account.client.get("/v1/jobs").json()["items"])


def test_those_who_ask_at_once_have_no_more_room_than_one_who_asks(account, image_id):
    with ThreadPoolExecutor(24) as threads:
        answers = threads.map(lambda number: transform(account, image_id, {"blur": number + 1}), range(24))

    assert Counter(answer.status_code for answer in answers) == {202: 4, 429: 20}
    assert jobs_of(account) == 4


def test_who_has_too_many_jobs_is_refused_more_whichever_way_he_asks(account, image_id):
    fill(account, image_id)

    answers = [
        transform(account, image_id, {"flip": True}),
        transform(account, image_id, {"specs": ["flip"]}),
        account.client.get(f"/v1/images/{image_id}/content?t=flip"),
        account.client.post("/v1/jobs", files={"file": ("a.png", PICTURE)}),
    ]

    assert [refused(answer) for answer in answers] == [(429, "too_many_jobs")] * 4
    assert jobs_of(account) == 4
    assert account.client.get("/v1/images").json()["total"] == 1


def test_what_is_queued_already_is_no_job_more(account, image_id):
    fill(account, image_id)

    assert transform(account, image_id, {"blur": 1}).status_code == 202
    assert transform(account, image_id, {"specs": ["blur:1", "blur:2"]}).status_code == 202


def test_there_is_room_again_when_a_job_has_ended(account, image_id):
    fill(account, image_id)
    account.client.delete(account.client.get("/v1/jobs").json()["items"][0]["variant_url"].replace("variants", "jobs"))

    assert transform(account, image_id, {"flip": True}).status_code == 202


def test_several_that_do_not_all_find_room_are_refused_together(account, image_id):
    fill(account, image_id, 2)

    too_many = transform(account, image_id, {"specs": ["flip", "mirror", "gray", "blur:1"]})
    enough = transform(account, image_id, {"specs": ["flip", "mirror", "flip", "blur:1"]})

    assert refused(too_many) == (429, "too_many_jobs")
    assert (enough.status_code, jobs_of(account)) == (202, 4)


def test_others_have_room_of_their_own(idle, account, image_id):
    fill(account, image_id)

    other = idle.account()
    with other.client:
        assert transform(other, other.upload(PICTURE), {"flip": True}).status_code == 202


# Links


def test_a_link_that_costs_too_much_to_wait_for_is_queued_and_no_cache_keeps_that(idle, account, image_id):
    link = link_of(account, image_id, "w:40,f:png")

    with idle.client() as anyone:
        answers = [anyone.get(link) for _ in range(3)]

    for answer in answers:
        assert (answer.status_code, answer.json()) == (202, {"status": "pending"})
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["retry-after"]) >= 1
        assert "location" not in answer.headers
        assert "etag" not in answer.headers
    assert jobs_of(account) == 1


def test_what_strangers_have_queued_is_paid_for_and_leaves_the_owner_his_room(idle, account, image_id):
    links = [link_of(account, image_id, f"blur:{sigma},f:png") for sigma in range(1, 6)]

    with idle.client() as anyone:
        answers = [anyone.get(link) for link in links]

    # Three megapixels a minute are one each; of four jobs that there is room for, strangers have two.
    assert [answer.status_code for answer in answers] == [202, 202, 429, 429, 429]
    assert {refused(answer) for answer in answers[2:]} == {(429, "too_many_jobs")}
    assert transform(account, image_id, {"flip": True}).status_code == 202
    assert jobs_of(account) == 3


def test_what_strangers_have_queued_is_counted_with_what_is_rendered_for_them(idle, account, image_id):
    links = [link_of(account, image_id, f"blur:{sigma},f:png") for sigma in range(1, 5)]

    with idle.client() as anyone:
        answers = []
        for link in links:
            answers.append(anyone.get(link))
            for job in account.client.get("/v1/jobs?status=pending").json()["items"]:
                account.client.delete(f"/v1/jobs/{job['id']}").raise_for_status()

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert refused(answers[-1]) == (429, "rate_limited")


def test_the_same_link_has_the_picture_once_it_is_made(tmp_path):
    with running_server(tmp_path / "data", SYNC_MEGAPIXELS="0", WORKER_SLOTS="1", RENDER_IN="process") as server:
        account = server.account()
        with account.client, server.client() as anyone:
            link = link_of(account, account.upload(PICTURE), "w:40,f:png", error="image")
            first = anyone.get(link)
            made = wait_for(lambda: (answer := anyone.get(link)).status_code != 202 and answer)

    assert (first.status_code, first.headers["content-type"]) == (202, "image/svg+xml")
    assert (made.status_code, made.headers["content-type"]) == (200, "image/png")
    assert made.headers["cache-control"].startswith("public, max-age=")


def test_a_link_of_a_preset_goes_on_to_show_what_it_was(account, image_id):
    account.client.put("/v1/presets/card", json={"resize": {"width": 40}, "format": "png"}).raise_for_status()

    link = link_of(account, image_id, "p:card,gray")
    unknown = account.client.post(f"/v1/images/{image_id}/links", json={"t": "p:nosuch"})

    assert link.split("/", 3)[3].startswith("rs:inside:40,gray/")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_preset")
