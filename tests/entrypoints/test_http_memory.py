"""What takes more memory than a rendering may have is refused before it is tried, however it is asked for."""

import pytest

from tests.pictures import encoded, solid
from tests.servers import running_server

MEMORY = 2**28  # bytes, the least that can be set; AVIF of 12 megapixels takes half as much again
LARGE = encoded(solid((90, 90, 90), 4000, 3000))
SPEC = {"output": {"format": "avif"}}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    data = tmp_path_factory.mktemp("memory") / "data"
    with running_server(data, RENDER_MEMORY=str(MEMORY), RENDER_IN="children", SYNC_MEGAPIXELS="1000") as server:
        yield server


@pytest.fixture(scope="module")
def account(narrow):
    account = narrow.account()
    with account.client:
        yield account


@pytest.fixture(scope="module")
def image_id(account):
    return account.upload(LARGE)


def refusal_of(answer):
    problem = answer.json()
    assert problem["value"] > MEMORY
    return answer.status_code, problem["code"], problem["allowed"]


REFUSED = (422, "too_much_memory", f"at most {MEMORY} bytes (IMGSVC_RENDER_MEMORY)")


def test_a_plan_tells_of_the_limit(account, image_id):
    planned = account.client.post(f"/v1/images/{image_id}/plan", json=SPEC).json()

    (told,) = [one for one in planned["limits"] if one["limit"] == "render_memory"]
    assert (planned["fits"], planned["fits_sync"], told["fits"], told["allowed"]) == (False, False, False, MEMORY)
    assert MEMORY < told["value"] <= planned["memory_bytes"]


@pytest.mark.parametrize("mode", ["sync", "async", "auto"])
def test_a_transform_is_refused_at_once(account, image_id, mode):
    answer = account.client.post(f"/v1/images/{image_id}/transform?mode={mode}", json=SPEC)

    assert refusal_of(answer) == REFUSED


def test_an_address_that_names_the_transform_is_refused_too(account, image_id):
    assert refusal_of(account.client.get(f"/v1/images/{image_id}/content?t=f:avif")) == REFUSED


def test_so_is_a_link_to_it(account, image_id):
    answer = account.client.post(f"/v1/images/{image_id}/links", json={"t": "f:avif"})

    assert refusal_of(answer) == REFUSED


def test_nothing_of_it_was_queued_and_what_takes_less_is_made(account, image_id):
    account.client.post(f"/v1/images/{image_id}/transform?mode=async", json=SPEC)

    jobs = account.client.get("/v1/jobs").json()["items"]

    assert jobs == []
    assert account.client.get(f"/v1/images/{image_id}/content?t=w:400,f:avif").status_code == 200
