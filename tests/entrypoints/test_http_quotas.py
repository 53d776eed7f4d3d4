"""How much one account may keep, over a real socket."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.pictures import encoded, quadrants
from tests.servers import running_server

QUOTA = 4


@pytest.fixture(scope="module")
def strict(servers_named, tmp_path_factory):
    settings = {"QUOTA_IMAGES": str(QUOTA), "WORKER_SLOTS": "0", "RENDER_IN": "process", **servers_named}
    with running_server(tmp_path_factory.mktemp("quotas") / "data", **settings) as server:
        yield server


@pytest.mark.on_every_deployment
def test_of_many_uploads_at_once_no_more_are_kept_than_may_be(strict):
    account = strict.account()
    contents = [encoded(quadrants(20 + number, 20)) for number in range(8)]
    with account.client as client:
        with ThreadPoolExecutor(4) as threads:
            upload = lambda content: client.post("/v1/images", files={"file": ("a.png", content)})  # noqa: E731
            answers = list(threads.map(upload, contents))
        me = client.get("/v1/me").json()
        refused = [answer.json()["code"] for answer in answers if answer.status_code == 403]
        kept = [answer.json() for answer in answers if answer.status_code == 201]
        client.delete(f"/v1/images/{kept[0]['id']}")
        again = upload(contents[0])

    assert (len(kept), refused) == (QUOTA, ["quota_exceeded"] * 4)
    assert me["usage"] == {"images": QUOTA, "bytes": sum(one["bytes"] for one in kept)}
    assert me["quota"] == {"images": QUOTA, "bytes": None}
    assert again.status_code == 201


@pytest.mark.on_every_deployment
def test_another_account_has_a_quota_of_its_own(strict):
    account = strict.account()
    with account.client:
        account.upload(encoded(quadrants()))
        me = account.client.get("/v1/me").json()

    assert me["usage"]["images"] == 1
