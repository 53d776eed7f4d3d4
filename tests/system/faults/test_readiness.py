"""`/readyz` answers in time whatever hangs, and tells what the service gets along without from what it does not."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.system.faults.installation import Installation
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def api(servers, tmp_path_factory):
    with Installation.on(servers, tmp_path_factory.mktemp("readiness")) as installation:
        yield installation.api()


def asked(api):
    return httpx.get(f"{api.address}/readyz", timeout=10)


def is_ready(api):
    return asked(api).json()["status"] == "ready"


@pytest.mark.parametrize(
    ("server", "name", "status", "shown"),
    [
        ("postgres", "database", 503, "unavailable"),
        ("s3", "blobs", 503, "unavailable"),
        ("redis", "cache", 200, "degraded"),
        ("rabbitmq", "jobs", 200, "degraded"),
    ],
)
def test_a_server_that_hangs_is_found_out_within_3_seconds(api, servers, server, name, status, shown):
    wait_for(lambda: is_ready(api))
    with servers[server].frozen():
        answer = asked(api)
    wait_for(lambda: is_ready(api))

    view = answer.json()
    assert answer.elapsed.total_seconds() < 3
    assert (answer.status_code, view["status"]) == (status, shown)
    assert [one for one, answers in view["checks"].items() if not answers] == [name]


def test_whether_the_process_lives_is_told_at_once_while_many_probes_wait_for_a_server_that_hangs(api, servers):
    wait_for(lambda: is_ready(api))
    with servers.postgres.frozen(), ThreadPoolExecutor(12) as threads:
        probes = [threads.submit(asked, api) for _ in range(12)]
        lives = [httpx.get(f"{api.address}/healthz", timeout=10) for _ in range(20)]
        assert not all(probe.done() for probe in probes)
    wait_for(lambda: is_ready(api))

    assert {answer.status_code for answer in lives} == {200}
    assert max(answer.elapsed.total_seconds() for answer in lives) < 1


def test_without_its_broker_the_service_is_ready_and_notes_that_jobs_wait(api, servers):
    wait_for(lambda: is_ready(api))
    with servers.rabbitmq.stopped():
        answer = wait_for(lambda: None if is_ready(api) else asked(api))
    wait_for(lambda: is_ready(api))

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"] == {"database": True, "blobs": True, "jobs": False, "cache": True}
    assert ["jobs are kept in the database, and wait" in note for note in answer.json()["notes"]] == [True]
