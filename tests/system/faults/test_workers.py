"""Workers that are killed, frozen or robbed while they work, or unwanted: F1, F2, F14, F33, F34."""

import pytest
from attrs import frozen

from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute
from tests.system.faults.invariants import is_alive
from tests.system.faults.processes import ServiceProcess
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
SLOW = {"steps": [{"op": "resize", "width": 2000, "height": 2000, "enlarge": True}, {"op": "blur", "sigma": 20}]}


@frozen
class Begun:
    """A job that goes on as soon as its worker's children are thawed."""

    worker: ServiceProcess
    image: str
    job: str


@pytest.fixture(scope="module")
def api(standing_installation):
    standing_installation.variables["LEASE_SECONDS"] = "1"
    standing_installation.failures = frozenset({"processing_failed"})
    standing_installation.most_attempts = 4  # the last of which is none: it finds that there were three
    return standing_installation.api()


@pytest.fixture
def somebody(standing, api):
    return standing.somebody(api)


@pytest.fixture
def begun(standing, somebody):
    worker = standing.worker()
    image = somebody.upload(PICTURE)
    answer = somebody.client.post(f"/v1/images/{image}/transform?mode=async", json=SLOW)
    job = answer.raise_for_status().json()["id"]
    wait_for(worker.works)
    worker.freeze_children()
    assert somebody.job(job)["status"] == "processing"
    yield Begun(worker, image, job)
    if worker.is_running:
        assert worker.stop() == 0


def row_of(standing, job):
    return execute(standing.database_url, f"SELECT * FROM variants WHERE id = '{job}'")


def has_settled(worker):
    """Whether it is done with a job, as it believes."""
    return '"message": "job"' in worker.log()


def test_a_job_whose_worker_was_killed_is_made_by_another(standing, somebody, begun):
    children = begun.worker.children()
    begun.worker.kill()
    wait_for(lambda: not any(map(is_alive, children)))

    other = standing.worker()

    ended = somebody.ended(begun.job)
    assert (ended["status"], ended["attempts"]) == ("ready", 2)
    assert children
    other.stop()


def test_a_child_that_is_killed_costs_its_job_no_attempt_and_its_worker_nothing(somebody, begun):
    begun.worker.kill_children()

    ended = somebody.ended(begun.job)

    assert (ended["status"], ended["attempts"]) == ("ready", 1)
    assert begun.worker.is_running
    assert begun.worker.log().count("a picture has cost its process") == 1


def test_a_worker_that_comes_back_too_late_changes_nothing(standing, somebody, begun):
    begun.worker.freeze()
    other = standing.worker()
    ended = somebody.ended(begun.job)
    made = row_of(standing, begun.job)
    content = somebody.client.get(str(ended["result_url"])).content
    other.stop()

    begun.worker.thaw()
    begun.worker.thaw_children()

    wait_for(lambda: has_settled(begun.worker))
    assert ended["attempts"] == 2
    assert row_of(standing, begun.job) == made
    assert somebody.client.get(str(ended["result_url"])).content == content
    wait_for(lambda: standing.signals() == 0)


def test_of_an_image_that_is_deleted_while_it_is_worked_on_nothing_stays(standing, somebody, begun):
    assert somebody.client.delete(f"/v1/images/{begun.image}").status_code == 200

    begun.worker.thaw_children()

    wait_for(lambda: has_settled(begun.worker))
    assert somebody.client.get(f"/v1/jobs/{begun.job}").status_code == 404
    assert [path for path in standing.blobs.rglob("*+") if begun.image in str(path)] == []
    assert row_of(standing, begun.job) == []


def test_a_job_that_ends_every_worker_is_given_up_and_the_next_is_made(standing, somebody):
    image = somebody.upload(PICTURE)
    dying = [standing.worker(altered=standing.point("engine.render", is_after=False)) for _ in range(3)]
    poison = somebody.order(image)
    wait_for(lambda: not any(one.is_running for one in dying))
    left = somebody.job(poison)

    sound = standing.worker()

    ended = somebody.ended(poison)
    assert (left["status"], left["attempts"]) == ("processing", 3)
    assert (ended["status"], ended["failure"]["detail"]) == ("failed", "given up after 3 attempts")
    assert somebody.ended(somebody.order(image, width=11))["status"] == "ready"
    sound.stop()
    assert standing.signals() == 0
