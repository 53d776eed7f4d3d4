"""Jobs over a real socket: queued, listed, filtered, and done at last."""

import pytest

from tests.pictures import decoded, encoded, quadrants
from tests.waiting import wait_for

PICTURE = encoded(quadrants())


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def queue(account, image_id, spec):
    answer = account.client.post(f"/v1/images/{image_id}/transform", params={"mode": "async"}, json=spec)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def finished(account, job_id):
    """The job, once it has come to an end."""

    def at_its_end():
        job = account.client.get(f"/v1/jobs/{job_id}").json()
        return job if job["status"] in ("ready", "failed") else None

    return wait_for(at_its_end)


def ids_of(account, **query):
    answer = account.client.get("/v1/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["items"]]


@pytest.mark.on_every_deployment("GET /v1/jobs/{job_id}")
def test_a_job_ends_with_its_picture(account, image_id):
    job = finished(account, queue(account, image_id, {"resize": {"width": 10}, "format": "webp"}))

    picture = account.client.get(job["result_url"])
    assert (job["status"], job["attempts"], job["failure"], job["image_id"]) == ("ready", 1, None, image_id)
    assert job["created_at"] <= job["finished_at"]
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/webp")
    assert decoded(picture.content).size == (10, 5)


@pytest.mark.on_every_deployment
def test_a_job_is_its_variant_seen_from_the_queue(account, image_id):
    job = finished(account, queue(account, image_id, {"flip": True}))

    variant = account.client.get(job["variant_url"]).json()
    assert (variant["id"], variant["job_url"], variant["content_url"]) == (
        job["id"],
        f"/v1/jobs/{job['id']}",
        job["result_url"],
    )


@pytest.mark.on_every_deployment
def test_the_same_job_asked_for_again_is_the_same_job(account, image_id):
    job_id = queue(account, image_id, {"flip": True})
    finished(account, job_id)

    assert queue(account, image_id, {"flip": True}) == job_id
    assert ids_of(account) == [job_id]
    assert account.client.get(f"/v1/jobs/{job_id}").json()["attempts"] == 1


@pytest.mark.on_every_deployment
def test_a_job_gives_the_bytes_that_a_query_gives(account, image_id):
    job = finished(account, queue(account, image_id, {"resize": {"width": 10}, "grayscale": True}))

    rendered = account.client.get(f"/v1/images/{image_id}/content?t=w:10,gray")

    assert rendered.content == account.client.get(job["result_url"]).content
    assert rendered.headers["X-Imgsvc-Cache"] == "stored"


@pytest.mark.on_every_deployment("GET /v1/jobs")
def test_jobs_are_listed_newest_first_in_parts(account, image_id):
    ids = [queue(account, image_id, {"resize": {"width": width}}) for width in range(1, 6)][::-1]

    pages = [account.client.get("/v1/jobs?limit=2").json()]
    while pages[-1]["next"]:
        pages.append(account.client.get(pages[-1]["next"]).json())

    assert [[job["id"] for job in page["items"]] for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert ids_of(account, page=2, limit=2) == ids[2:4]


@pytest.mark.on_every_deployment
def test_what_was_made_at_once_is_no_job(account, image_id):
    account.client.post(f"/v1/images/{image_id}/transform", params={"mode": "sync"}, json={"flip": True})

    assert ids_of(account) == []


@pytest.mark.on_every_deployment
def test_jobs_are_filtered_by_status_and_image(account, image_id):
    other_id = account.upload(PICTURE)
    first, second = queue(account, image_id, {"flip": True}), queue(account, other_id, {"flip": True})
    for job_id in (first, second):
        finished(account, job_id)

    assert ids_of(account, image=image_id) == [first]
    assert ids_of(account, status="ready") == [second, first]
    assert ids_of(account, status="ready", image=other_id) == [second]
    assert ids_of(account, status="failed") == []
    assert ids_of(account, image="00000000-0000-4000-8000-000000000000") == []


@pytest.mark.on_every_deployment
def test_the_next_part_has_the_same_filters(account, image_id):
    other_id = account.upload(PICTURE)
    ids = [queue(account, one, {"resize": {"width": width}}) for width in (1, 2) for one in (image_id, other_id)]
    for job_id in ids:
        finished(account, job_id)

    first = account.client.get("/v1/jobs", params={"image": image_id, "status": "ready", "limit": 1}).json()
    second = account.client.get(first["next"]).json()

    assert [job["id"] for job in first["items"] + second["items"]] == [ids[2], ids[0]]
    assert second["next"] is None


@pytest.mark.on_every_deployment
def test_another_users_image_is_one_without_jobs(server, account, image_id):
    job_id = queue(account, image_id, {"flip": True})
    stranger = server.account()

    with stranger.client:
        assert ids_of(stranger, image=image_id) == []
        assert stranger.client.get(f"/v1/jobs/{job_id}").status_code == 404


@pytest.mark.parametrize(
    ("query", "status", "code", "parameter", "nearest"),
    [
        ("status=redy", 422, "invalid_parameter", "status", "ready"),
        ("status=", 422, "invalid_parameter", "status", None),
        ("status=ready,failed", 422, "invalid_parameter", "status", "failed"),
        ("status=READY", 422, "invalid_parameter", "status", "ready"),
        ("status=ready&status=failed", 422, "duplicate_parameter", "status", None),
        ("statu=ready", 422, "unknown_parameter", "statu", "status"),
        ("image=x", 422, "invalid_parameter", "image", None),
        ("image=", 422, "invalid_parameter", "image", None),
        ("image=%00", 422, "invalid_parameter", "image", None),
        ("image=00000000000040008000000000000000", 422, "invalid_parameter", "image", None),
        ("limit=0", 422, "invalid_parameter", "limit", None),
        ("page=0", 422, "invalid_parameter", "page", None),
        ("page=2&cursor=x", 422, "conflicting_parameters", "page", None),
        ("cursor=x", 400, "invalid_cursor", "cursor", None),
    ],
)
def test_a_list_of_jobs_refuses_what_it_cannot_read(account, query, status, code, parameter, nearest):
    answer = account.client.get(f"/v1/jobs?{query}")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert (problem["parameter"], problem.get("nearest")) == (parameter, nearest)
    assert problem["allowed"]


@pytest.mark.on_every_deployment
def test_jobs_of_a_deleted_image_are_gone(account, image_id):
    job_ids = [queue(account, image_id, {"resize": {"width": width}}) for width in range(1, 9)]

    account.client.delete(f"/v1/images/{image_id}").raise_for_status()

    assert ids_of(account) == []
    assert {account.client.get(f"/v1/jobs/{job_id}").status_code for job_id in job_ids} == {404}


# Cancelling


SLOW = {"steps": [{"op": "resize", "width": 1999, "enlarge": True}, *[{"op": "blur", "sigma": 40}] * 3]}


@pytest.mark.on_every_deployment("DELETE /v1/jobs/{job_id}")
def test_a_cancelled_job_has_failed_and_stays_so(account, image_id):
    job_id = queue(account, image_id, SLOW)

    first = account.client.delete(f"/v1/jobs/{job_id}")
    second = account.client.delete(f"/v1/jobs/{job_id}")

    assert (first.status_code, second.status_code, first.json()) == (200, 200, second.json())
    assert (first.json()["status"], first.json()["failure"]["code"]) == ("failed", "cancelled")
    assert account.client.get(f"/v1/jobs/{job_id}").json() == first.json()


@pytest.mark.on_every_deployment
def test_a_job_that_has_ended_cannot_be_cancelled(account, image_id):
    job = finished(account, queue(account, image_id, {"flip": True}))

    answer = account.client.delete(f"/v1/jobs/{job['id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")
    assert account.client.get(f"/v1/jobs/{job['id']}").json() == job
