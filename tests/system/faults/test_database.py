"""A database that is killed, down, without a free connection, or cut off while it commits: F17, F18, F20, F21."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest

from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute, plain_url
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))


@pytest.fixture(scope="module")
def way(standing_installation):
    """Which all processes go to the database."""
    standing_installation.most_attempts = 2  # where a worker could not say that it was done
    standing_installation.may_leave_orphans = True  # of an upload whose row failed, as did what was to take it back
    return standing_installation.behind("postgres")


@pytest.fixture(scope="module")
def api(standing_installation, way):
    return standing_installation.api()


@pytest.fixture(scope="module")
def worker(standing_installation, way):
    return standing_installation.worker(slots=2, RENDER_IN="process")


@pytest.fixture
def somebody(standing, api, worker):
    return standing.somebody(api)


def test_everything_goes_on_by_itself_when_the_database_was_killed_under_it(standing, somebody):
    image = somebody.upload(PICTURE)
    done = Event()

    def use(number):
        width = number * 1000
        while not done.is_set():
            width += 1
            somebody.try_to_upload(PICTURE)
            somebody.try_to_order(image, width)

    def wait_for_more_of(kept):
        """Entries of a record, than it has now."""
        already = len(kept)
        wait_for(lambda: len(kept) >= already + 3)

    with ThreadPoolExecutor(2) as threads:
        used = [threads.submit(use, number) for number in (1, 2)]
        try:
            for _ in range(2):
                wait_for_more_of(standing.record.jobs)
                standing.servers.postgres.kill()
                wait_for_more_of(standing.record.refusals)
                standing.servers.postgres.start()
            wait_for_more_of(standing.record.jobs)
        finally:
            done.set()
        for one in used:
            one.result()

    assert {refusal.status for refusal in standing.record.refusals} == {503}
    assert {somebody.ended(job)["status"] for job in standing.record.jobs} == {"ready"}


# What was on its way to a database that froze is done when it thaws: a claim for each of the worker's threads at most.
@pytest.mark.parametrize(("fault", "charged"), [("stopped", 0), ("frozen", 4)])
def test_jobs_that_find_no_database_come_back_and_are_not_charged(standing, somebody, worker, fault, charged):
    image = somebody.upload(PICTURE)
    worker.freeze()  # so that the signals reach it when there is no database to ask
    jobs = [somebody.order(image, width) for width in range(5, 15)]
    already_logged = len(worker.log())
    with getattr(standing.servers.postgres, fault)():
        worker.thaw()
        wait_for(lambda: "job comes back later" in worker.log()[already_logged:])

    ended = [somebody.ended(job) for job in jobs]
    assert {job["status"] for job in ended} == {"ready"}
    assert sum(job["attempts"] - 1 for job in ended) <= charged


def test_without_a_free_connection_clients_are_told_in_time_and_none_is_kept(standing, somebody):
    small = standing.api(DATABASE_POOL="2", DATABASE_URL=f"{standing.database_url}?application_name=small")
    client = standing.at(small, somebody.token).client
    with psycopg.connect(plain_url(standing.database_url)) as other, ThreadPoolExecutor(20) as threads:
        other.execute("LOCK TABLE images IN ACCESS EXCLUSIVE MODE")
        slow = [threads.submit(client.get, "/v1/images") for _ in range(20)]
        wait_for(lambda: connections(standing, "wait_event_type = 'Lock'") == 2)
        assert client.get("/healthz").elapsed.total_seconds() < 1
        wait_for(lambda: "overloaded" in codes(slow))
        other.rollback()
        answers = [one.result() for one in slow]

    assert {answer.status_code for answer in answers} <= {200, 503}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 4
    assert connections(standing, "state <> 'idle'") == 0
    assert [client.get("/v1/images").status_code for _ in range(3)] == [200] * 3


def codes(asked):
    """Of the problems that were answered so far."""
    return {one.result().json().get("code") for one in asked if one.done()}


def connections(installation, condition):
    """How many the small API has of which the condition holds."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'small' AND {condition}"
    ((count,),) = execute(installation.database_url, query)
    return count


def test_an_upload_of_which_nobody_knows_whether_it_was_committed_is_taken_back(somebody, way):
    way.last_words = [b"INSERT INTO images", b"COMMIT"]  # others commit too

    answer = somebody.try_to_upload(PICTURE)

    assert way.last_words == []
    assert answer.status_code == 503
    assert somebody.client.get("/v1/images").json()["total"] == 0
    assert somebody.upload(PICTURE)


def test_a_job_of_which_nobody_knows_whether_it_was_committed_is_made_once(somebody, worker, way):
    image = somebody.upload(PICTURE)
    worker.freeze()  # so that the next to commit is the API
    way.last_words = [b"COMMIT"]
    assert somebody.try_to_order(image).status_code == 503
    job = somebody.order(image)

    worker.thaw()

    assert somebody.ended(job)["attempts"] == 1
    assert len(somebody.client.get("/v1/jobs").json()["items"]) == 1


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_worker_that_was_not_told_that_it_is_done_does_no_harm(somebody, worker, way, is_committed):
    image = somebody.upload(PICTURE)
    worker.freeze()
    job = somebody.order(image)
    way.last_words = [b"image/png", b"COMMIT"] if is_committed else [b"image/png"]

    worker.thaw()

    wait_for(lambda: way.last_words == [])
    ended = somebody.ended(job)
    assert (ended["status"], ended["attempts"]) == ("ready", 1)
