"""The whole service while its Postgres is stopped, hangs, or is killed under load: nobody waits, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from attrs import frozen

from imgsvc.adapters.repositories import migrate
from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute, new_database
from tests.servers import Account, running_server
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20), "png")


@pytest.fixture(scope="module")
def url(own_postgres):
    with new_database(own_postgres.url) as url:
        migrate(url)
        yield url


@pytest.fixture(scope="module")
def running(url, tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("faults") / "data", DATABASE_URL=url) as server:
        yield server


@pytest.fixture
def somebody(running):
    account = running.account()
    with account.client:
        yield account


@pytest.fixture
def paths(somebody):
    """One of each kind that asks the database."""
    image = somebody.upload(PICTURE)
    return ["/v1/images", f"/v1/images/{image}", f"/v1/images/{image}/content?t=w:10", "/v1/jobs", "/v1/me", "/readyz"]


@frozen
class Answered:
    status: int
    retry_after: str | None
    seconds: float


def ask(somebody, path):
    begun = monotonic()
    answer = somebody.client.get(path)
    return Answered(answer.status_code, answer.headers.get("Retry-After"), monotonic() - begun)


def ask_all(somebody, paths):
    return [ask(somebody, path) for path in paths]


def assert_refused(answers, within):
    assert {(answer.status, answer.retry_after) for answer in answers} == {(503, "2")}
    assert max(answer.seconds for answer in answers) < within


def test_while_the_database_is_stopped_every_request_is_told_to_come_back_at_once(own_postgres, somebody, paths):
    own_postgres.stop()
    try:
        assert_refused(ask_all(somebody, paths), within=1)
        assert ask(somebody, "/healthz").status == 200
    finally:
        own_postgres.start()

    assert {answer.status for answer in ask_all(somebody, paths)} == {200}


def test_while_the_database_hangs_many_requests_at_once_are_told_in_time(own_postgres, running, somebody, paths):
    def ask_alone(number):
        # A client that many threads share may close the connection that another one is about to use.
        with running.client(somebody.token) as client:
            return ask(Account(client, somebody.token), paths[number % len(paths)])

    with own_postgres.frozen(), ThreadPoolExecutor(48) as threads:
        answers = list(threads.map(ask_alone, range(96)))
        living = ask(somebody, "/healthz")
        working = len(list(Path(f"/proc/{running.process.pid}/task").iterdir()))

    assert_refused(answers, within=5)
    assert living.status == 200
    assert working < 120  # 32 that read, 34 that render, and what is always there
    # Those that gave up left connections behind which are looked at, and replaced, in the first moments.
    wait_for(lambda: {answer.status for answer in ask_all(somebody, paths)} == {200}, seconds=10)


def test_every_upload_that_was_accepted_outlives_the_database(own_postgres, url, somebody):
    done = Event()

    def upload(_):
        answers = []
        while not done.is_set():
            answers.append(somebody.client.post("/v1/images", files={"file": ("picture.png", PICTURE)}))
        return answers

    with ThreadPoolExecutor(4) as threads:
        uploads = [threads.submit(upload, number) for number in range(4)]
        for _ in range(3):
            done.wait(0.3)
            own_postgres.kill()
            done.wait(0.1)
            own_postgres.start()
        done.wait(0.3)
        done.set()
        answers = [answer for one in uploads for answer in one.result()]

    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} == {201, 503}
    for image in accepted:
        assert somebody.client.get(f"/v1/images/{image}/content").content == PICTURE
    assert_counts_agree(url, somebody)


def assert_counts_agree(url, somebody):
    owner = somebody.client.get("/v1/me").json()["id"]
    ((counted,),) = execute(url, f"SELECT count(*) FROM images WHERE owner = '{owner}'")
    assert somebody.client.get("/v1/images").json()["total"] == counted
