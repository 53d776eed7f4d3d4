"""``imgsvc worker``: a process beside the server, which makes what that queues."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.entrypoints.commands import environment, run, run_script
from tests.pictures import decoded, encoded, quadrants
from tests.real_servers.rabbitmq import channel_on, new_queue
from tests.servers import NO_PICTURES, running_server
from tests.told_metrics import address_in, scraped
from tests.waiting import wait_for

SLOW = {"steps": [{"op": "resize", "width": 2000, "height": 2000, "enlarge": True}, {"op": "blur", "sigma": 20}]}


@pytest.fixture(scope="module")
def queue(rabbitmq_url):
    with new_queue(rabbitmq_url) as url:
        yield url


@pytest.fixture(scope="module")
def server(tmp_path_factory, queue):
    """Which makes no jobs itself."""
    with running_server(tmp_path_factory.mktemp("queueing") / "data", JOBS_URL=queue, **NO_PICTURES) as server:
        yield server


@pytest.fixture
def account(server):
    account = server.account()
    with account.client:
        yield account


@pytest.fixture
def image(account):
    return account.upload(encoded(quadrants(), "png"))


@pytest.fixture
def working(tmp_path, server, queue):
    """Starts workers on the same data as the server; their logs are in the test's folder."""

    @contextmanager
    def start(**variables):
        command = [sys.executable, "-W", "error", "-m", "imgsvc", "worker", "--slots", "1"]
        settings = environment(DATA_DIR=str(server.data_dir), JOBS_URL=queue, **variables)
        with (
            (tmp_path / "worker.log").open("a") as log,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=settings, text=True) as process,
        ):
            try:
                assert "ready" in process.stdout.readline(), (tmp_path / "worker.log").read_text()
                yield process
            finally:
                process.kill()

    return start


def ask(account, image, spec):
    answer = account.client.post(f"/v1/images/{image}/transform?mode=async", json=spec)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def job_of(account, job_id):
    return account.client.get(f"/v1/jobs/{job_id}").json()


def is_ready(account, job_id):
    return job_of(account, job_id)["status"] == "ready"


def is_taken(account, job_id):
    return job_of(account, job_id)["status"] == "processing"


def stop_children(process):
    """Whatever they are asked takes for ever."""
    for file in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in file.read_text().split():
            os.kill(int(child), signal.SIGSTOP)


def test_without_a_broker_there_is_nothing_for_it_to_do():
    result = run("worker")

    assert result.exit_code == 2
    assert "IMGSVC_JOBS_URL is memory:, a queue inside the server, where no other process can work" in result.stderr


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"DATABASE_URL": "postgresql+psycopg://nowhere/none"}, "IMGSVC_BLOBS_URL is not set"),
        ({"BLOBS_URL": "s3://key:secret@nowhere/none"}, "IMGSVC_DATABASE_URL is not set"),
        ({"BLOBS_URL": "memory:"}, "IMGSVC_BLOBS_URL is memory:"),
    ],
)
def test_with_rows_or_bytes_of_its_own_it_would_fail_what_others_queued(variables, told):
    result = run("worker", JOBS_URL="amqp://nowhere/", **variables)

    assert result.exit_code == 2
    assert told in result.stderr


def test_it_makes_what_a_server_queued(account, image, working):
    asked = account.client.post(
        f"/v1/images/{image}/transform?mode=async", json={"resize": {"width": 2}, "format": "png"}
    )
    job = asked.json()["id"]
    waiting = job_of(account, job)

    with working() as worker:
        wait_for(lambda: is_ready(account, job))
        worker.terminate()
        assert worker.wait(30) == 0

    assert waiting["status"] == "pending"
    assert decoded(account.client.get(f"/v1/variants/{job}/content").content).size == (2, 1)


def test_it_tells_its_own_metrics(tmp_path, account, image, working):
    with working(METRICS_PORT="0") as worker:
        job = ask(account, image, {"resize": {"width": 3}, "format": "png"})
        wait_for(lambda: is_ready(account, job))
        address = address_in((tmp_path / "worker.log").read_text())
        told = wait_for(lambda: (told := scraped(address))("jobs_ended_total", result="ready") and told)
        worker.terminate()
        assert worker.wait(30) == 0

    assert told("rendering_duration_seconds_count") == 1
    assert told("dependency_up", dependency="jobs") == 1
    assert ("imgsvc_jobs_waiting", frozenset()) in told.samples
    assert told("render_slots") >= 1
    assert told.routes == set()


def test_told_to_stop_it_finishes_what_it_makes(account, image, working):
    job = ask(account, image, SLOW)

    with working() as worker:
        wait_for(lambda: is_taken(account, job))
        worker.send_signal(signal.SIGINT)
        status = worker.wait(30)

    assert (status, job_of(account, job)["status"], job_of(account, job)["attempts"]) == (0, "ready", 1)


def test_what_it_cannot_finish_in_time_goes_to_another_at_once_and_is_not_charged(tmp_path, account, image, working):
    with working(WORKER_GRACE_SECONDS="1", LEASE_SECONDS="3600") as worker:
        stop_children(worker)
        job = ask(account, image, SLOW)
        wait_for(lambda: is_taken(account, job))
        worker.terminate()
        status = worker.wait(30)
    given_back = job_of(account, job)

    with working():
        wait_for(lambda: is_ready(account, job))

    assert status == 0
    assert (given_back["status"], given_back["attempts"]) == ("pending", 0)
    assert job_of(account, job)["attempts"] == 1
    assert "gave back what could not be finished in time" in (tmp_path / "worker.log").read_text()


def test_told_twice_it_ends_at_once_and_its_job_is_made_by_another(tmp_path, account, image, working):
    with working(LEASE_SECONDS="1") as worker:
        stop_children(worker)
        job = ask(account, image, SLOW)
        wait_for(lambda: is_taken(account, job))
        worker.terminate()
        wait_for(lambda: "no more jobs are taken" in (tmp_path / "worker.log").read_text())
        worker.terminate()
        status = worker.wait(5)

    with working(REQUEUE_AFTER_SECONDS="1"):
        wait_for(lambda: is_ready(account, job))

    assert status == 128 + signal.SIGTERM


def test_a_job_that_the_broker_gave_up_fails_and_says_so(queue, account, image, working):
    name = re.search("queue=([^&]*)", queue)[1]
    job = ask(account, image, {"resize": {"width": 2}})
    with channel_on(queue) as channel:
        # As if it had been delivered too often.
        method = wait_for(lambda: channel.basic_get(name)[0])
        channel.basic_reject(method.delivery_tag, requeue=False)

        with working(REQUEUE_AFTER_SECONDS="3600") as worker:  # it may take a busy machine longer than usual to start
            failed = wait_for(lambda: (found := job_of(account, job))["status"] == "failed" and found)
            worker.terminate()  # which acknowledges what it has in hand, as killing it would not
            worker.wait(10)
        left = [channel.basic_get(f"{name}.dead-letters")[0], channel.basic_get(name)[0]]

    assert failed["failure"] == {"code": "processing_failed", "detail": "given up: whoever began it never came back"}
    assert left == [None, None]


def test_its_health_file_is_young_while_it_is_well_and_gone_when_it_has_ended(tmp_path, account, working):
    file = tmp_path / "health"

    with working(WORKER_HEALTH_FILE=str(file)) as worker:
        wait_for(file.exists)
        first = file.stat().st_mtime
        wait_for(lambda: file.stat().st_mtime > first)
        worker.terminate()
        worker.wait(30)

    assert not file.exists()


def test_a_worker_that_could_make_nothing_is_refused(tmp_path):
    result = run("worker", WORKER_SLOTS="0", JOBS_URL="amqp://127.0.0.1:1/", DATA_DIR=str(tmp_path / "data"))

    assert result.exit_code == 2
    assert "IMGSVC_WORKER_SLOTS is 0" in result.output


def test_a_folder_is_no_health_file(tmp_path, server, queue):
    result = run_script(
        "worker", WORKER_HEALTH_FILE=str(tmp_path), JOBS_URL=queue, DATA_DIR=str(server.data_dir), RENDER_IN="process"
    )

    assert result.returncode == 2
    assert "IMGSVC_WORKER_HEALTH_FILE names a folder" in result.stderr


def test_slots_that_are_no_number_are_told_as_such():
    assert "'x' is not a valid number." in run("worker", "--slots", "x").output
