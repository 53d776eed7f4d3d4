"""Tests that run twice: on embedded defaults, and on the four servers.

    @pytest.mark.on_every_deployment("GET /v1/presets", "PUT /v1/presets/{name}")
    def test_a_preset_is_listed(account): ...

What it names are operations of the API document which the test proves: it fails unless each was asked for and answered
with success while it ran. ``tests/architecture/test_endpoints.py`` wants every operation to be named by a test.
"""

import re

import httpx
import pytest

from tests.deployments import running_deployment
from tests.real_servers.postgres import new_database
from tests.real_servers.rabbitmq import new_queue
from tests.real_servers.s3 import new_bucket
from tests.servers import heard_answers, running_server
from tests.waiting import wait_for

MARK = "on_every_deployment"
EMBEDDED, DISTRIBUTED = "embedded", "distributed"
METRICS_TOKEN = "what-prometheus-knows-32-bytes-at-least"  # of all servers of tests that tell metrics so


def pytest_generate_tests(metafunc):
    if metafunc.definition.get_closest_marker(MARK):
        distributed = pytest.param(DISTRIBUTED, marks=pytest.mark.servers)
        metafunc.parametrize("deployment", [EMBEDDED, distributed], indirect=True, scope="module")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    claimed = {operation for mark in item.iter_markers(MARK) for operation in mark.args}
    if not claimed:
        return (yield)
    with heard_answers() as heard:
        result = yield
    missing = [operation for operation in sorted(claimed) if not any(is_success_of(operation, one) for one in heard)]
    assert not missing, f"the test says so of itself, and had no success with {', '.join(missing)}"
    return result


def is_success_of(operation: str, answer: httpx.Response) -> bool:
    """Whether an answer is one of an operation, such as ``GET /v1/images/{image_id}``, that did what it was for."""
    asked = f"{answer.request.method} {answer.request.url.path}"
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation))
    return answer.status_code < 400 and re.fullmatch(pattern, asked) is not None


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory):
    """With every endpoint there is. A file whose tests need other settings may have one of its own by this name."""
    with running_server(tmp_path_factory.mktemp("server") / "data", METRICS_TOKEN=METRICS_TOKEN) as server:
        yield server


@pytest.fixture(scope="module")
def deployment(request):
    """Where a test runs: embedded, or on the four servers."""
    return getattr(request, "param", EMBEDDED)


@pytest.fixture(scope="module")
def servers_named(request, deployment):
    """For another server of that deployment: the settings that name the four servers, none where it is embedded."""
    return {} if deployment == EMBEDDED else request.getfixturevalue("four_servers")


@pytest.fixture(scope="module")
def server(request, deployment):
    """The one of that deployment."""
    return request.getfixturevalue("embedded_server" if deployment == EMBEDDED else "distributed_server")


@pytest.fixture(scope="session")
def four_servers(postgres_url, s3_url, rabbitmq_url, redis_url):
    """The settings that name them, without their ``IMGSVC_``; database, bucket and queue are nobody else's."""
    with new_database(postgres_url) as database, new_bucket(s3_url) as bucket, new_queue(rabbitmq_url) as queue:
        yield {"DATABASE_URL": database, "BLOBS_URL": bucket, "JOBS_URL": queue, "CACHE_URL": redis_url}


@pytest.fixture(scope="session")
def distributed_session(four_servers, tmp_path_factory):
    # Files whose embedded server has the same settings run here too.
    settings = {
        "OUTBOUND_NETWORKS": "127.0.0.1/32",
        "WEBHOOK_RETRY_SECONDS": "0,3600",
        "METRICS_TOKEN": METRICS_TOKEN,
    }
    folder = tmp_path_factory.mktemp("distributed")
    with running_deployment(folder, four_servers, **settings) as (api, _):
        yield api


@pytest.fixture(scope="module")
def distributed_server(distributed_session):
    """An API and a worker; ready also where tests of another file had stopped one of the servers."""
    with distributed_session.client() as client:
        wait_for(lambda: client.get("/readyz").json()["status"] == "ready")
    return distributed_session
