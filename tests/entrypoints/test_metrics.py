"""Metrics of a server over real sockets: what is asked for, what it makes, and what it loses."""

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.entrypoints.commands import run_script
from tests.pictures import encoded, quadrants
from tests.receivers import receiver
from tests.servers import running_server
from tests.told_metrics import address_in, scraped
from tests.waiting import wait_for
from tests.websites import answer_of

IMAGE = "/v1/images/{image_id}"
CONTENT = f"{IMAGE}/content"
REQUESTS = "http_request_duration_seconds_count"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    slots = {"WORKER_SLOTS": "1", "RENDER_SLOTS": "1", "RENDER_KEEP": "0"}
    options = {"OUTBOUND_NETWORKS": "127.0.0.1/32", "WEBHOOK_RETRY_SECONDS": "0,3600", "CORS_ORIGINS": "*"}
    folder = tmp_path_factory.mktemp("metrics") / "data"
    with running_server(folder, METRICS_PORT="0", **slots, **options) as server:
        yield server


@pytest.fixture
def metrics(server):
    """Those of now."""
    address = address_in(server.log())
    return lambda: scraped(address)


@pytest.fixture
def increase(metrics):
    """Waits until a counter has grown since the test began, and tells by how much."""
    before = metrics()

    def increase(name, **labels):
        return wait_for(lambda: metrics()(name, **labels) - before(name, **labels))

    return increase


@pytest.fixture
def account(server):
    account = server.account()
    with account.client:
        yield account


@pytest.fixture
def image(account):
    return account.upload(encoded(quadrants()))


def ended(account, image, width):
    """How a job ended."""
    job = account.client.post(f"/v1/images/{image}/transform?mode=async", json={"resize": {"width": width}}).json()
    return account.client.get(f"/v1/jobs/{job['id']}?wait=30").json()["status"]


def kill_children(process):
    """They are dead when it returns, and nobody has noticed."""
    for file in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in file.read_text().split():
            os.kill(int(child), signal.SIGKILL)
            status = Path(f"/proc/{child}/stat")
            wait_for(lambda status=status: status.read_text().rpartition(") ")[2].startswith("Z"))


def test_requests_are_counted_by_the_template_of_their_path(account, image, increase):
    for one in (image, NOBODY, NOBODY):
        account.client.get(f"/v1/images/{one}")

    assert increase(REQUESTS, route=IMAGE, method="GET", status="2xx") == 1
    assert increase(REQUESTS, route=IMAGE, method="GET", status="4xx") == 2


def test_what_clients_make_up_adds_no_labels(server, account, metrics):
    with server.client() as anyone:
        for path in ("/wp-login.php", "/v1/images/1/2/3", "/%00"):
            anyone.get(path)
        anyone.request("PROPFIND", "/healthz")
        anyone.options("/v1/me", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})

    assert {("none", "GET", "4xx"), ("/healthz", "other", "4xx"), ("none", "OPTIONS", "2xx")} <= metrics().routes
    assert not any("wp-login" in part or part == "PROPFIND" for one in metrics().routes for part in one)


def test_each_rendering_is_counted_where_it_came_from_also_from_memory(account, image, increase):
    path = f"/v1/images/{image}/content?t=w:2"
    answers = [account.client.get(path) for _ in range(3)]
    unchanged = account.client.get(path, headers={"If-None-Match": answers[0].headers["ETag"]})

    assert [answer.headers["X-Imgsvc-Cache"] for answer in answers] == ["rendered", "memory", "memory"]
    assert unchanged.status_code == 304
    assert increase("pictures_total", origin="rendered") == 1
    assert increase("pictures_total", origin="memory") == 2
    assert increase("rendering_duration_seconds_count") == 1
    assert increase(REQUESTS, route=CONTENT, method="GET", status="2xx") == 3
    assert increase(REQUESTS, route=CONTENT, method="GET", status="3xx") == 1


def test_jobs_are_counted_by_how_they_ended(server, account, image, increase):
    assert ended(account, image, 3) == "ready"
    server.lose("originals/")
    assert ended(account, image, 4) == "failed"

    assert increase("jobs_ended_total", result="ready") == 1
    assert increase("jobs_ended_total", result="failed") == 1


def test_children_that_are_lost_are_counted(server, account, increase):
    account.upload(encoded(quadrants()))
    kill_children(server.process)
    account.upload(encoded(quadrants()))

    assert increase("child_processes_lost_total", cause="idle") == 1


def test_messages_to_webhooks_are_counted_by_whether_they_were_taken(account, image, increase):
    with receiver(answer_of(b"", status="500 Broken"), answer_of(b"", status="204 No Content")) as site:
        account.client.post("/v1/webhooks", json={"url": site.url})
        ended(account, image, 5)

        assert increase("webhook_attempts_total", result="taken") == 1
        assert increase("webhook_attempts_total", result="not_taken") == 1


def test_metrics_are_at_no_other_place(server, metrics):
    told = address_in(server.log())

    with server.client() as anyone:
        assert anyone.get("/metrics").status_code == 404
    assert httpx.get(told.removesuffix("/metrics")).status_code == 404
    assert httpx.post(told).status_code == 501
    assert httpx.get(f"{told}?name[]=x").status_code == 200


def test_they_tell_of_the_process_and_the_program(metrics):
    names = {name for name, _ in metrics().samples}

    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "imgsvc_build_info"} <= names
    assert not any(name.endswith("_created") for name in names)


def test_a_client_that_says_nothing_keeps_nobody_else_waiting(metrics, server):
    port = int(address_in(server.log()).removesuffix("/metrics").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        assert metrics()("dependency_up", dependency="database") == 1


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_script("serve", "--port", "0", folder=tmp_path, METRICS_PORT=str(port))

    assert result.returncode == 1
    assert "Error: IMGSVC_METRICS_PORT: cannot listen on 127.0.0.1 port" in result.stderr
    assert "Address already in use" in result.stderr
