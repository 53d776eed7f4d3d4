"""One rendering is purged over a real socket: by its owner, from everywhere, and also while it is made or read."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.pictures import encoded, quadrants, textured
from tests.waiting import wait_for

PICTURE = encoded(quadrants())
SLOW = {"steps": [{"op": "resize", "width": 1999, "enlarge": True}, *[{"op": "blur", "sigma": 40}] * 3]}
TRAIL = "X-Imgsvc-Cache"


@pytest.fixture
def image_id(account):
    return account.upload(PICTURE)


def transform(account, image_id, spec, mode="sync"):
    answer = account.client.post(f"/v1/images/{image_id}/transform", json=spec, params={"mode": mode})
    return answer.raise_for_status().json()


def delete(client, variant):
    return client.delete(f"/v1/variants/{variant['id']}")


def statuses_of(account, variant):
    """Of all that its id names."""
    identity = variant["id"]
    paths = [f"/v1/variants/{identity}", f"/v1/variants/{identity}/content", f"/v1/jobs/{identity}"]
    return {account.client.get(path).status_code for path in paths}


def variant_ids(account, image_id):
    return [one["id"] for one in account.client.get(f"/v1/images/{image_id}/variants").json()["items"]]


@pytest.mark.on_every_deployment("DELETE /v1/variants/{variant_id}")
def test_a_deleted_variant_is_gone_and_its_original_and_other_variants_stay(account, server, image_id):
    variant, other = (transform(account, image_id, {"resize": {"width": width}}) for width in (10, 11))
    account.client.get(variant["content_url"]).raise_for_status()
    usage = account.client.get("/v1/me").json()["usage"]

    first, second = delete(account.client, variant), delete(account.client, variant)

    assert (first.status_code, first.content) == (204, b"")
    assert (second.status_code, second.json()["code"]) == (404, "not_found")
    assert statuses_of(account, variant) == {404}
    assert variant_ids(account, image_id) == [other["id"]]
    assert len(server.stored(f"variants/{image_id}")) == 1
    assert account.client.get(f"/v1/images/{image_id}/content").content == PICTURE
    assert account.client.get("/v1/me").json()["usage"] == usage


@pytest.mark.on_every_deployment("DELETE /v1/variants/{variant_id}")
def test_what_was_answered_from_memory_is_made_again_once_it_is_deleted(account, image_id):
    path = f"/v1/images/{image_id}/content?t=w:10,f:webp"
    before = account.client.get(path)
    link = account.client.post(f"/v1/images/{image_id}/links", json={"t": "w:10,f:webp"}).json()["url"]
    wait_for(lambda: account.client.get(path).headers[TRAIL] == "memory")
    account.client.get(link).raise_for_status()
    (variant_id,) = variant_ids(account, image_id)

    account.client.delete(f"/v1/variants/{variant_id}").raise_for_status()
    again = account.client.get(path)

    assert (again.headers[TRAIL], again.content, again.headers["ETag"]) == (
        "rendered",
        before.content,
        before.headers["ETag"],
    )
    assert account.client.get(link).content == before.content
    assert variant_id not in variant_ids(account, image_id)


@pytest.mark.on_every_deployment("DELETE /v1/variants/{variant_id}")
@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_job_is_cancelled_by_its_deletion_and_no_worker_brings_it_back(account, server, image_id, status):
    jobs = [transform(account, image_id, SLOW, "async")]
    if status == "pending":
        jobs += [transform(account, image_id, {"steps": [*SLOW["steps"], {"op": "flip"}]}, "async")]
    else:
        wait_for(lambda: account.client.get(jobs[0]["job_url"]).json()["status"] == "processing")

    for job in jobs[::-1]:
        assert delete(account.client, job).status_code == 204

    assert [statuses_of(account, job) for job in jobs] == [{404}] * len(jobs)
    # The worker has done whatever it was at when this is made, which was asked for later.
    later = transform(account, image_id, {"flip": True}, "async")
    wait_for(lambda: account.client.get(later["job_url"]).json()["status"] == "ready")
    assert variant_ids(account, image_id) == [later["id"]]
    wait_for(lambda: len(server.stored(f"variants/{image_id}")) == 1)


@pytest.mark.on_every_deployment("DELETE /v1/variants/{variant_id}")
def test_of_many_deletions_at_once_one_is_done(account, image_id):
    variant = transform(account, image_id, {"flip": True})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: delete(account.client, variant).status_code, range(8)))

    assert sorted(answers) == [204, *[404] * 7]


@pytest.mark.on_every_deployment("DELETE /v1/variants/{variant_id}")
def test_who_reads_while_it_is_deleted_gets_all_of_it_or_is_told_that_it_is_gone(account):
    image_id = account.upload(encoded(textured(300, 200)))

    def read(variant):
        answer = account.client.get(variant["content_url"])
        return answer.status_code, answer.status_code == 404 or len(answer.content) == variant["rendition"]["bytes"]

    for width in range(100, 110):
        variant = transform(account, image_id, {"resize": {"width": width}, "format": "png"})
        with ThreadPoolExecutor(5) as threads:
            reading = [threads.submit(read, variant) for _ in range(4)]
            deleted = threads.submit(delete, account.client, variant)

        assert {one.result() for one in reading} <= {(200, True), (404, True)}
        assert deleted.result().status_code == 204
        assert account.client.get(variant["content_url"]).status_code == 404


def test_a_key_that_may_only_read_deletes_nothing(account, server, image_id):
    variant = transform(account, image_id, {"flip": True})
    scopes = (["read"], ["read", "write"])
    keys = [account.client.post("/v1/api-keys", json={"name": "one", "scopes": one}).json()["key"] for one in scopes]

    statuses = []
    for key in keys:
        with server.client(key) as client:
            statuses.append(delete(client, variant).status_code)

    assert statuses == [403, 204]
