"""Storage that is down, slow, cut short, or has other bytes than it was given: F25 to F28."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import httpx
import pytest

from tests.pictures import encoded, quadrants, textured, unlike_any
from tests.real_servers.s3 import client_of
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
LARGE = encoded(textured(1200, 900), "bmp")  # of 3.2 MB, which are fetched in four parts


@pytest.fixture(scope="module")
def way(standing_installation):
    """Which all processes go to the storage; it is given up there after few seconds."""
    standing_installation.may_leave_orphans = True  # of uploads that were given up while they were on their way
    standing_installation.variables["BLOBS_URL"] += "&timeout=2"
    return standing_installation.behind("s3")


@pytest.fixture(scope="module")
def api(standing_installation, way):
    return standing_installation.api(RENDER_SLOTS="2")


@pytest.fixture(scope="module")
def worker(standing_installation, way):
    return standing_installation.worker()


@pytest.fixture
def somebody(standing, api, worker, way):
    somebody = standing.somebody(api)
    yield somebody
    way.heal()
    wait_for(lambda: is_ready(somebody))


def is_ready(somebody):
    return somebody.client.get("/readyz").status_code == 200


def file_of(standing, image):
    return standing.blobs / f"originals/{image}+"


def test_a_job_waits_for_storage_that_is_down_and_is_not_charged(standing, somebody, worker):
    image = somebody.upload(PICTURE)
    with standing.servers.s3.stopped():
        refused = somebody.try_to_upload(PICTURE)
        job = somebody.order(image)
        wait_for(lambda: worker.log().count("job comes back later") >= 2)
        waiting = somebody.job(job)

    ended = somebody.ended(job)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert waiting["status"] == "pending"
    assert (ended["status"], ended["attempts"]) == ("ready", 1)
    assert somebody.client.get("/v1/images").json()["total"] == 1


def test_slow_storage_is_given_up_in_time_and_slows_down_nothing_else(somebody, api, way):
    somebody.upload(PICTURE)
    threads, memory = api.threads(), api.memory()
    way.rate, way.delay = 50_000, 3.0
    way.reset()
    begun = monotonic()
    with ThreadPoolExecutor(20) as clients:
        uploads = [clients.submit(somebody.try_to_upload, LARGE) for _ in range(20)]
        others = []
        while not all(one.done() for one in uploads):
            others.append(somebody.client.get("/v1/images").elapsed.total_seconds())
        seconds = monotonic() - begun

    assert {one.result().status_code for one in uploads} == {503}
    assert seconds < 10
    assert sorted(others)[int(len(others) * 0.95)] < 0.5
    assert api.threads() - threads < 60
    assert api.memory() - memory < 100 * 2**20


@pytest.mark.parametrize("content", [PICTURE + bytes(20_000), LARGE], ids=["small", "large"])
def test_what_is_cut_off_on_its_way_is_never_given_as_if_it_were_all(standing, somebody, way, content):
    image = somebody.upload(content)
    way.bytes_back = 10_000
    way.reset()
    answer = somebody.client.get(f"/v1/images/{image}/content")
    way.bytes_there = 10_000
    way.reset()
    refused = somebody.try_to_upload(content)
    job = somebody.order(image)
    way.heal()

    assert (answer.status_code, refused.status_code) == (503, 503)
    assert somebody.ended(job)["status"] == "ready"
    assert somebody.client.get("/v1/images").json()["total"] == 1


def test_what_is_cut_off_after_its_beginning_was_given_breaks_the_answer(somebody, way):
    image = somebody.upload(LARGE)
    way.rate = 1_000_000
    way.reset()

    with somebody.client.stream("GET", f"/v1/images/{image}/content") as answer:
        way.bytes_back = 10_000
        way.reset()
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    assert answer.status_code == 200


def test_what_is_cut_off_once_is_read_on(somebody, way):
    image = somebody.upload(LARGE)
    way.bytes_back = 1_200_000
    way.reset()

    answer = somebody.client.get(f"/v1/images/{image}/content")

    assert (answer.status_code, answer.content) == (200, LARGE)


def test_a_picture_whose_bytes_are_lost_is_told_as_such_and_fails_its_jobs(standing, somebody, api):
    image = lost(standing, somebody)

    answers = [somebody.client.get(f"/v1/images/{image}/content{query}") for query in ("", "?t=w:7")]
    job = somebody.ended(somebody.order(image, 8))

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(410, "original_missing")] * 2
    assert (job["status"], job["failure"]["code"]) == ("failed", "original_missing")
    assert somebody.client.get(f"/v1/images/{image}/content?t=w:20").status_code == 200
    assert "an original has no bytes" in api.log()
    somebody.client.delete(f"/v1/images/{image}").raise_for_status()


def lost(standing, somebody):
    """An image without its bytes, of which one rendering was made before."""
    image = somebody.upload(unlike_any(PICTURE))
    somebody.client.get(f"/v1/images/{image}/content?t=w:20").raise_for_status()
    # Told to the server, which else would go on believing that it has the file, and fail.
    client_of(standing.servers.s3.url).remove_object(standing.blobs.name, f"originals/{image}+")
    return image


def test_a_result_whose_bytes_were_changed_is_made_again(standing, somebody):
    image = somebody.upload(PICTURE)
    job = somebody.ended(somebody.order(image))
    content = somebody.client.get(job["result_url"]).content
    (file,) = standing.blobs.glob(f"variants/{image}/*+")
    file.write_bytes(content[:-1] + b"!")

    answer = somebody.client.get(job["result_url"])

    assert (answer.status_code, answer.content) == (200, content)
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", [PICTURE, LARGE], ids=["small", "large"])
def test_a_picture_whose_bytes_were_changed_is_never_given_out(standing, somebody, content):
    sound = unlike_any(content)
    image = somebody.upload(sound)
    changed = bytearray(sound)
    changed[-1] ^= 1
    file_of(standing, image).write_bytes(changed)

    if content is PICTURE:
        answer = somebody.client.get(f"/v1/images/{image}/content")
        assert (answer.status_code, answer.json()["code"]) == (410, "integrity_error")
    else:  # its beginning is on its way before its end is known
        with pytest.raises(httpx.RemoteProtocolError):
            somebody.client.get(f"/v1/images/{image}/content")
    job = somebody.ended(somebody.order(image, 8))

    assert (job["status"], job["failure"]["code"]) == ("failed", "integrity_error")
    somebody.client.delete(f"/v1/images/{image}").raise_for_status()
