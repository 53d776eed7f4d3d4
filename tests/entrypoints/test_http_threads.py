"""One kind of work does not keep the others waiting."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.pictures import encoded, textured
from tests.servers import running_server
from tests.waiting import wait_for

SLOW = "/v1/images/{}/content?t=" + ",".join(f"blur:{sigma}" for sigma in range(101, 113))


@pytest.fixture(scope="module")
def small_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    with running_server(
        folder / "data", RENDER_SLOTS="1", RENDER_QUEUE="2", WORKER_SLOTS="0", STRICT_TYPES="true"
    ) as one:
        yield one


@pytest.fixture
def small_account(small_server):
    account = small_server.account()
    with account.client:
        yield account


def test_reads_are_answered_while_every_render_slot_and_its_queue_are_taken(small_account):
    image_id = small_account.upload(encoded(textured(1200, 900), "png"))
    limits = httpx.Limits(max_connections=50)
    headers = dict(small_account.client.headers)
    with (
        httpx.Client(base_url=small_account.client.base_url, headers=headers, limits=limits, timeout=60) as client,
        ThreadPoolExecutor(12) as pool,
    ):
        renderings = [pool.submit(client.get, SLOW.format(image_id) + f",br:{number}") for number in range(1, 13)]
        wait_for(lambda: any(one.done() for one in renderings))
        reads = [small_account.client.get("/v1/images").elapsed.total_seconds() for _ in range(5)]
        statuses = sorted(one.result().status_code for one in renderings)

    assert max(reads) < 2
    assert set(statuses) == {200, 503}
    refused = next(one.result() for one in renderings if one.result().status_code == 503)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("overloaded", "2")


def test_a_label_that_lies_is_refused_where_types_are_strict(small_account):
    png = encoded(textured(20, 10), "png")

    lying = small_account.client.post("/v1/images", files={"file": ("a.jpg", png, "image/jpeg")})
    honest = small_account.client.post("/v1/images", files={"file": ("a.jpg", png, "image/png")})

    assert (lying.status_code, lying.json()["code"], lying.json()["allowed"]) == (415, "type_mismatch", "image/png")
    assert honest.status_code == 201


def test_what_costs_too_much_to_wait_for_is_offered_as_a_job_or_made_as_one(small_account):
    image_id = small_account.upload(encoded(textured(4000, 2500), "jpeg"), "a.jpg")
    spec = {"steps": [{"op": "blur", "sigma": 3 + number} for number in range(20)]}

    compact = ",".join(f"blur:{step['sigma']}" for step in spec["steps"])
    answer = small_account.client.post(f"/v1/images/{image_id}/transform?mode=sync", json=spec)
    by_url = small_account.client.get(f"/v1/images/{image_id}/content", params={"t": compact})
    automatic = small_account.client.post(f"/v1/images/{image_id}/transform?mode=auto", json=spec)

    assert (answer.status_code, answer.json()["code"]) == (422, "use_async")
    assert (by_url.status_code, automatic.status_code) == (202, 202)
    assert by_url.json()["id"] == automatic.json()["id"]
    assert by_url.headers["Location"] == f"/v1/jobs/{by_url.json()['id']}"
    assert (by_url.headers["Retry-After"], by_url.headers["Cache-Control"]) == ("2", "no-store")
