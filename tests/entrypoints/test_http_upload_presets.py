"""Presets that are named with an upload: a job each, or nothing is kept; over a real socket."""

import json

import pytest

from tests.everywhere import EMBEDDED
from tests.pictures import decoded, encoded, quadrants
from tests.servers import running_server
from tests.websites import answer_of, answering, website

IMAGES = "/v1/images"
PICTURE = encoded(quadrants())  # 40x20
PRESETS = {
    "card": {"resize": {"width": 10}, "format": "webp"},
    "grey": {"grayscale": True},
    "outside": {"steps": [{"op": "crop", "x": 900, "width": 5, "height": 5}]},
}


@pytest.fixture
def account(account):
    for name, spec in PRESETS.items():
        account.client.put(f"/v1/presets/{name}", json=spec).raise_for_status()
    return account


def upload(account, presets, content=PICTURE, **headers):
    files = {"file": ("a.png", content)}
    return account.client.post(IMAGES, files=files, data={"presets": presets}, headers=headers)


def upload_alone(account, presets):
    headers = {"Content-Type": "image/png"}
    return account.client.post(IMAGES, content=PICTURE, params={"presets": presets}, headers=headers)


def pictures_of(account, answer):
    """By preset."""
    assert answer.status_code == 201, answer.text
    ended = {job["preset"]: account.client.get(job["job_url"], params={"wait": 30}) for job in answer.json()["jobs"]}
    return {preset: decoded(account.client.get(job.json()["result_url"]).content) for preset, job in ended.items()}


def is_nothing_kept(account):
    no_image = account.client.get(IMAGES).json()["total"] == 0
    return no_image and account.client.get("/v1/jobs").json()["items"] == []


@pytest.mark.on_every_deployment("POST /v1/images", "GET /v1/jobs/{job_id}", "GET /v1/variants/{variant_id}/content")
@pytest.mark.parametrize("send", [upload, upload_alone])
def test_each_preset_is_made_of_the_new_image(account, send):
    answer = send(account, "grey, card")

    image = answer.json()
    assert [job["preset"] for job in image["jobs"]] == ["grey", "card"]
    assert answer.headers["Location"] == f"{IMAGES}/{image['id']}"
    assert {preset: picture.size for preset, picture in pictures_of(account, answer).items()} == {
        "grey": (40, 20),
        "card": (10, 5),
    }


@pytest.mark.on_every_deployment
def test_the_answer_tells_the_jobs_by_their_ids_and_addresses(account):
    image = upload(account, "card,grey").json()

    listed = account.client.get("/v1/jobs", params={"image": image["id"]}).json()["items"]
    assert {job["id"] for job in image["jobs"]} == {job["id"] for job in listed}
    for job in image["jobs"]:
        variant = account.client.get(job["variant_url"]).json()
        assert (variant["id"], variant["job_url"], variant["image_id"]) == (job["id"], job["job_url"], image["id"])
        assert job["status"] == "pending"


def test_an_image_is_shown_without_the_jobs_of_its_upload(account):
    image = upload(account, "card").json()

    assert image.pop("jobs")
    assert account.client.get(f"{IMAGES}/{image['id']}").json() == image


@pytest.mark.parametrize("presets", ["", " ", ",", " , "])
def test_who_names_none_has_none_made(account, presets):
    answer = upload(account, presets)

    assert (answer.status_code, answer.json()["jobs"]) == (201, [])
    assert account.client.get("/v1/jobs").json()["items"] == []


def test_presets_that_are_alike_are_one_job(account):
    account.client.put("/v1/presets/alike", json=PRESETS["card"]).raise_for_status()

    jobs = upload(account, "card,alike").json()["jobs"]

    assert [job["preset"] for job in jobs] == ["card", "alike"]
    assert len({job["id"] for job in jobs}) == 1
    assert len(account.client.get("/v1/jobs").json()["items"]) == 1


def test_what_else_is_said_of_the_picture_is_kept(account):
    fields = {"presets": "card", "name": "Tree", "tags": "a,b"}
    image = account.client.post(IMAGES, files={"file": ("a.png", PICTURE)}, data=fields).json()

    assert (image["name"], image["tags"], len(image["jobs"])) == ("Tree", ["a", "b"], 1)


BAD = [
    ("card,nosuch", "unknown_preset", "/presets/1"),
    ("grey,outside,card", "crop_out_of_bounds", "/presets/1/steps/0/x"),
    ("card,grey,card", "validation_error", "/presets/2"),
    ("card,Not A Name", "validation_error", "/presets/1"),
    ("card,p:grey", "validation_error", "/presets/1"),
    ("x" * 65, "validation_error", "/presets/0"),
    (",".join(f"p{number}" for number in range(21)), "validation_error", "/presets"),
]


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(("presets", "code", "pointer"), BAD, ids=[one[1] + one[2] for one in BAD])
@pytest.mark.parametrize("send", [upload, upload_alone])
def test_one_that_cannot_be_made_has_nothing_kept(account, send, presets, code, pointer):
    answer = send(account, presets)

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (422, code, pointer)
    assert is_nothing_kept(account)


@pytest.mark.on_every_deployment
def test_the_preset_of_another_cannot_be_told_from_none(server, account):
    other = server.account()
    with other.client:
        other.client.put("/v1/presets/theirs", json=PRESETS["card"]).raise_for_status()
        refused = [upload(account, name).json() for name in ("theirs", "nosuch")]

    assert is_nothing_kept(account)
    assert {(one["code"], one["pointer"], one["detail"].split()[-1] == one["value"]) for one in refused} == {
        ("unknown_preset", "/presets/0", True)
    }


@pytest.mark.parametrize("preset", ["nosuch", "outside"])
def test_a_preset_is_refused_as_it_is_where_jobs_are_made(account, preset):
    as_job = account.client.post("/v1/jobs", files={"file": ("a.png", PICTURE)}, data={"preset": preset})
    answer = upload(account, preset)

    assert (answer.status_code, answer.json()["code"]) == (as_job.status_code, as_job.json()["code"])
    assert as_job.json()["pointer"].replace("/preset", "/presets/0") == answer.json()["pointer"]


def test_the_field_is_given_once(account):
    parts = [("file", ("a.png", PICTURE)), ("presets", (None, "card")), ("presets", (None, "grey"))]
    form = account.client.post(IMAGES, files=parts)
    alone = upload_alone(account, ["card", "grey"])

    assert [(one.status_code, one.json()["code"]) for one in (form, alone)] == [(422, "duplicate_parameter")] * 2
    assert is_nothing_kept(account)


def test_twenty_presets_are_not_too_many(account):
    names = [f"p{number}" for number in range(20)]
    for number, name in enumerate(names):
        account.client.put(f"/v1/presets/{name}", json={"resize": {"width": number + 1}}).raise_for_status()

    jobs = upload(account, ",".join(names)).json()["jobs"]

    assert [job["preset"] for job in jobs] == names
    assert len({job["id"] for job in jobs}) == 20


@pytest.mark.on_every_deployment
def test_the_same_upload_is_queued_once_for_its_key(account):
    headers = {"Idempotency-Key": "k"}
    first, second = upload(account, "card,grey", **headers), upload(account, "card,grey", **headers)
    other = upload(account, "card", **headers)

    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len(account.client.get("/v1/jobs").json()["items"]) == 2


def test_who_was_refused_for_a_preset_may_make_it_and_send_the_same_again(account):
    headers = {"Idempotency-Key": "k"}
    assert upload(account, "card,late", **headers).status_code == 422

    account.client.put("/v1/presets/late", json={"flip": True}).raise_for_status()

    assert len(upload(account, "card,late", **headers).json()["jobs"]) == 2


def test_who_would_have_too_many_jobs_is_refused_before_his_picture_is_looked_at(tmp_path):
    settings = {"JOBS_PER_ACCOUNT": "2", "WORKER_SLOTS": "0", "RENDER_IN": "process"}
    with running_server(tmp_path / "data", **settings) as server, (account := server.account()).client:
        for name in ("a", "b", "c"):
            account.client.put(f"/v1/presets/{name}", json={"resize": {"width": ord(name)}}).raise_for_status()
        refused = upload(account, "a,b,c", b"no picture" * 20)
        assert upload(account, "a,b,c").status_code == 429
        nothing_kept, stored = is_nothing_kept(account), server.stored("originals/")
        enough, one_more = upload(account, "a,b"), upload(account, "c")
        without = upload(account, "")

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
    assert int(refused.headers["retry-after"]) >= 1
    assert (nothing_kept, stored) == (True, set())
    assert [one.status_code for one in (enough, one_more, without)] == [201, 429, 201]


# By address


@pytest.fixture(scope="module")
def fetching_server(tmp_path_factory):
    """A server that may call loopback."""
    folder = tmp_path_factory.mktemp("intranet") / "data"
    with running_server(folder, OUTBOUND_NETWORKS="127.0.0.1/32") as server:
        yield server


@pytest.fixture
def intranet(request, deployment):
    server = request.getfixturevalue("fetching_server" if deployment == EMBEDDED else "distributed_server")
    account = server.account()
    with account.client:
        account.client.put("/v1/presets/card", json=PRESETS["card"]).raise_for_status()
        yield account


@pytest.mark.on_every_deployment("POST /v1/images")
@pytest.mark.parametrize("presets", [["card"], "card"])
def test_a_picture_that_is_fetched_is_made_too(intranet, presets):
    with website(answering(answer_of(PICTURE, "Content-Type: image/png"))) as site:
        answer = intranet.client.post(IMAGES, json={"url": f"{site.address}/a.png", "presets": presets})

    assert pictures_of(intranet, answer)["card"].size == (10, 5)


@pytest.mark.parametrize(
    ("presets", "pointer"),
    [
        (["card", ""], "/presets/1"),
        (["card", 5], "/presets/1"),
        (["card", None], "/presets/1"),
        ([["card"]], "/presets/0"),
        (["card", "\ud800"], "/presets/1"),
        (None, "/presets"),
        (5, "/presets"),
        ({"card": 1}, "/presets"),
    ],
    ids=ascii,
)
def test_what_is_no_list_of_names_is_refused(intranet, presets, pointer):
    with website(answering(answer_of(PICTURE))) as site:
        body = json.dumps({"url": site.address, "presets": presets})
        answer = intranet.client.post(IMAGES, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (422, "validation_error", pointer)
    assert is_nothing_kept(intranet)
    assert site.connections == 0


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        (IMAGES, {"presets": ["card", "nosuch"]}, "unknown_preset"),
        ("/v1/jobs", {"preset": "nosuch"}, "unknown_preset"),
        ("/v1/jobs", {"spec": {"resize": {"width": 0}}}, "invalid_parameter"),
        ("/v1/jobs", {"spec": "wm:00000000-0000-4000-8000-000000000000"}, "invalid_parameter"),
        (IMAGES, {"nmae": "x"}, "unknown_field"),
        ("/v1/jobs", {"tags": ["a", "a"]}, "validation_error"),
    ],
)
def test_nothing_is_fetched_for_what_is_refused_whatever_is_there(intranet, path, said, code):
    with website(answering(answer_of(PICTURE))) as site:
        answer = intranet.client.post(path, json={"url": site.address, **said})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert is_nothing_kept(intranet)
    assert site.connections == 0


def test_nothing_is_fetched_for_who_may_keep_or_have_made_no_more(tmp_path):
    settings = {"OUTBOUND_NETWORKS": "127.0.0.1/32", "WORKER_SLOTS": "0", "RENDER_IN": "process"}
    with (
        running_server(tmp_path / "data", **settings, JOBS_PER_ACCOUNT="1", QUOTA_IMAGES="2") as server,
        (account := server.account()).client,
        website(answering(answer_of(PICTURE))) as site,
    ):
        first, second = (
            account.client.post(path, json={"url": site.address}, headers={"Idempotency-Key": path})
            for path in ("/v1/jobs", IMAGES)
        )
        fetched = site.connections
        refused = [account.client.post(path, json={"url": site.address}) for path in ("/v1/jobs", IMAGES)]
        connections = site.connections

    assert (first.status_code, second.status_code) == (202, 201)
    assert [one.json()["code"] for one in refused] == ["too_many_jobs", "quota_exceeded"]
    assert connections == fetched == 2
