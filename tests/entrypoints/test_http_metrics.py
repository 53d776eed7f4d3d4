"""Metrics on the API's own port, over a real socket: who is told, and who learns that there are any."""

import pytest

from tests.everywhere import METRICS_TOKEN
from tests.servers import NO_PICTURES, running_server
from tests.told_metrics import Metrics

ALLOWED = {"Authorization": f"Bearer {METRICS_TOKEN}"}
WRONG = [METRICS_TOKEN[:-1], METRICS_TOKEN + "x", METRICS_TOKEN.upper(), "\u00e4".encode().decode("latin-1")]
REQUESTS = "http_request_duration_seconds_count"


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory):
    """One that tells metrics to who has the token."""
    folder = tmp_path_factory.mktemp("told") / "data"
    with running_server(folder, METRICS_TOKEN=METRICS_TOKEN, **NO_PICTURES) as server:
        yield server


@pytest.fixture(scope="module")
def silent_server(tmp_path_factory):
    """One that tells none on its own port, though it does on another."""
    with running_server(tmp_path_factory.mktemp("untold") / "data", METRICS_PORT="0", **NO_PICTURES) as server:
        yield server


def problem_of(answer):
    return answer.status_code, answer.json()["code"]


@pytest.mark.on_every_deployment("GET /metrics")
def test_who_has_the_token_is_told(anyone):
    anyone.get("/healthz")
    answer = anyone.get("/metrics", headers=ALLOWED)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    told = Metrics.read(answer.text)
    assert told(REQUESTS, route="/healthz", method="GET", status="2xx") >= 1
    assert told("dependency_up", dependency="database") == 1
    assert told("render_slots") >= 1
    assert ("imgsvc_jobs_waiting", frozenset()) in told.samples


def test_who_asks_for_openmetrics_is_told_in_that(anyone):
    answer = anyone.get(
        "/metrics", headers={**ALLOWED, "Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}
    )

    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.text.endswith("# EOF\n")


@pytest.mark.on_every_deployment
def test_nobody_else_is_told_not_even_who_has_an_account(server, account, anyone):
    without = anyone.get("/metrics")
    refused = [anyone.get("/metrics", headers={"Authorization": f"Bearer {one}".encode("latin-1")}) for one in WRONG]
    refused.append(account.client.get("/metrics"))

    assert problem_of(without) == (401, "unauthenticated")
    assert {problem_of(one) for one in refused} == {(401, "invalid_token")}
    assert all(one.headers["www-authenticate"].startswith("Bearer") for one in (without, *refused))
    assert METRICS_TOKEN not in server.log()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_without_a_token_that_is_set_there_is_nothing_whatever_is_asked(silent_server, method):
    with silent_server.client() as anyone:
        asked = [anyone.request(method, path, headers=ALLOWED) for path in ("/metrics", "/nothing")]

    assert [one.status_code for one in asked] == [404, 404]
    assert asked[0].headers.keys() == asked[1].headers.keys()
    assert "allow" not in asked[0].headers


def test_the_document_tells_of_them_where_they_are(silent_server, anyone):
    with silent_server.client() as asking:
        told = ["/metrics" in one.get("/openapi.json").json()["paths"] for one in (anyone, asking)]

    assert told == [True, False]


def test_who_guesses_is_counted_with_those_who_fail_to_log_in_and_who_knows_is_not(tmp_path):
    with (
        running_server(tmp_path / "data", METRICS_TOKEN=METRICS_TOKEN, AUTH_RATE="3", **NO_PICTURES) as server,
        server.client() as anyone,
    ):
        known = [anyone.get("/metrics", headers=ALLOWED) for _ in range(5)]
        guesses = [anyone.get("/metrics", headers={"Authorization": "Bearer x"}) for _ in range(4)]
        still = anyone.get("/metrics", headers=ALLOWED)

    assert {one.status_code for one in (*known, still)} == {200}
    assert [one.status_code for one in guesses] == [401, 401, 401, 429]
    assert int(guesses[-1].headers["retry-after"]) > 0
