"""An API that dies in the middle of a request: F3 to F6. What it had not answered may be asked again."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.pictures import encoded, quadrants, textured
from tests.system.faults.connections import connected, upload_of
from tests.system.faults.processes import Later
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
LARGE = encoded(textured(1600, 1200), "bmp")  # of 5.8 MB, which do not fit into memory that is kept for a form


@pytest.fixture(scope="module")
def api(standing_installation):
    return standing_installation.api()


@pytest.fixture
def somebody(standing, api):
    return standing.somebody(api)


def test_half_of_an_upload_leaves_nothing(standing, somebody):
    kept = somebody.upload(PICTURE)
    dying = standing.api()
    with connected(standing.at(dying, somebody.token)) as connection:
        connection.send(upload_of(somebody, LARGE)[: len(LARGE) // 2])
        wait_for(lambda: dying.bytes_on_disk() > 2_000_000)
        dying.kill()

    listed = somebody.client.get("/v1/images").json()

    assert ([one["id"] for one in listed["items"]], listed["total"]) == ([kept], 1)


def test_bytes_without_a_row_are_not_shown_and_swept_when_they_are_old(standing, somebody):
    somebody.upload(LARGE)
    kept = set(originals(standing))
    dying = standing.api(altered=standing.point("blobs.put"))
    with pytest.raises(httpx.TransportError):
        standing.at(dying, somebody.token).try_to_upload(PICTURE)
    assert len(originals(standing)) == len(kept) + 1
    assert somebody.client.get("/v1/images").json()["total"] == 1

    sweeping = standing.worker(altered=Later(2 * 3600), RENDER_IN="process")

    wait_for(lambda: set(originals(standing)) == kept)
    sweeping.stop()


def originals(installation):
    return [path.name.removesuffix("+") for path in installation.blobs.rglob("originals/*+")]


def test_a_job_whose_signal_was_never_sent_is_made_all_the_same(standing, somebody):
    image = somebody.upload(PICTURE)
    dying = standing.api(altered=standing.point("jobs.publish", is_after=False))
    with pytest.raises(httpx.TransportError):
        standing.at(dying, somebody.token).try_to_order(image)
    assert standing.signals() == 0

    worker = standing.worker(RENDER_IN="process")

    (job,) = somebody.client.get("/v1/jobs").json()["items"]
    assert somebody.ended(job["id"])["status"] == "ready"
    worker.stop()


def test_a_job_that_is_signalled_twice_is_made_once(standing, somebody):
    image = somebody.upload(PICTURE)
    dying = standing.api(altered=standing.point("jobs.publish", is_pause=True))
    with ThreadPoolExecutor(1) as threads:
        unanswered = threads.submit(standing.at(dying, somebody.token).try_to_order, image)
        wait_for(lambda: standing.signals() == 1)
        dying.kill()
    assert isinstance(unanswered.exception(), httpx.TransportError)
    job = somebody.order(image)
    wait_for(lambda: standing.signals() == 2)

    worker = standing.worker(RENDER_IN="process")

    assert somebody.ended(job)["attempts"] == 1
    wait_for(lambda: standing.signals() == 0)
    worker.stop()
