"""Metrics of services inside one process: each counts for itself, and only where it was asked to."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from attrs import evolve
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

from imgsvc import Settings, compose
from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.imaging.bounded import BoundedEngine
from imgsvc.adapters.imaging.children import ChildProcessEngine
from imgsvc.adapters.metrics import counted
from imgsvc.adapters.metrics.prometheus import PrometheusMetrics
from imgsvc.domain.errors import Busy, InvalidInput, RenderingCrashed, RenderingTimedOut
from imgsvc.domain.notation import parse
from imgsvc.ports.metrics import NO_METRICS
from tests.adapters.misbehaving import MisbehavingEngine, asking_for
from tests.application.adapters import Failing, WatchedEngine
from tests.migrated import put_new_database
from tests.pictures import encoded, quadrants
from tests.told_metrics import Metrics
from tests.waiting import wait_for

SPEC = parse("w:2")


@pytest.fixture
def settings(tmp_path):
    put_new_database(tmp_path / "data" / "imgsvc.sqlite3")
    return Settings(data_dir=tmp_path / "data", password_cost=4, metrics_port=0)


@pytest.fixture
def metrics():
    return PrometheusMetrics("1.2.3")


def read(metrics):
    return Metrics.read(metrics.exposition().content.decode())


def queued(service):
    """A job."""
    ada = service.use_cases.register_user("ada", "correct horse").id
    image = service.use_cases.upload_image(ada, BytesIO(encoded(quadrants())))
    return service.use_cases.request_variant(ada, image.id, SPEC)


def making(service, *errors):
    """How jobs are made, by an engine that fails so at first."""
    make_variant = service.use_cases.make_variant
    return evolve(make_variant, engine=WatchedEngine(make_variant.engine, Failing(list(errors))))


def test_the_documentation_names_each_and_its_alerts_are_of_those_that_there_are(metrics):
    page = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text("utf-8")
    section = page.partition("\n### Metrics\n")[2].partition("\n### ")[0]
    table = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    rules = section.partition("\ngroups:\n")[2].partition("```")[0]
    alerts = {one.removesuffix("_bucket").removesuffix("_count") for one in re.findall(r"imgsvc_(\w+)", rules)}
    told = set(re.findall(r"^# TYPE imgsvc_(\w+)", metrics.exposition().content.decode(), re.MULTILINE))

    assert table == told
    assert alerts
    assert alerts <= told


def test_without_a_port_or_a_token_nothing_is_counted(settings):
    with compose(evolve(settings, metrics_port=None)) as service:
        assert service.metrics is NO_METRICS
        assert service.metrics.exposition().content == b""
    with compose(evolve(settings, metrics_port=None, metrics_token="t" * 32)) as service:
        making(service)(queued(service).id)
        assert read(service.metrics)("jobs_ended_total", result="ready") == 1


@pytest.mark.parametrize(
    "accepted",
    [
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/OpenMetrics-Text; version=99.9.9; escaping=allow-utf-8",
        "application/openmetrics-text; version=x\r\nX: y",
    ],
)
def test_who_asks_for_openmetrics_is_told_in_the_version_that_there_is(metrics, accepted):
    metrics.request("/healthz", "GET", 200, 0.1)
    told = metrics.exposition(accepted)

    assert told.media_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert told.content.endswith(b"# EOF\n")
    families = {one.name: one for one in openmetrics(told.content.decode())}
    assert families["imgsvc_jobs_ended"].type == "counter"
    assert "imgsvc_http_request_duration_seconds" in families


@pytest.mark.parametrize("accepted", ["", "*/*", "text/plain;version=1.0.0;escaping=allow-utf-8", "text/html"])
def test_everybody_else_is_told_in_the_usual_format(metrics, accepted):
    assert metrics.exposition(accepted).media_type == "text/plain; version=0.0.4; charset=utf-8"


def test_two_services_of_one_process_count_each_for_itself(settings):
    with compose(settings) as one, compose(settings) as other:
        making(one)(queued(one).id)

        assert read(one.metrics)("jobs_ended_total", result="ready") == 1
        assert read(other.metrics)("jobs_ended_total", result="ready") == 0


def test_an_attempt_that_came_to_no_end_is_counted_as_given_back(settings):
    with compose(settings) as service:
        job, make = queued(service), making(service, Busy("no room"), RenderingCrashed("it ended"))
        for _ in range(2):
            with pytest.raises(Busy):
                make(job.id)
        make(job.id)

        told = read(service.metrics)
    assert [told("jobs_given_back_total", reason=one) for one in ("busy", "failed", "stopped")] == [1, 1, 0]
    assert told("jobs_ended_total", result="ready") == 1


def test_what_is_given_back_at_the_end_is_counted(settings):
    with compose(settings) as service:
        job = queued(service)
        make = evolve(service.use_cases.make_variant)
        engine = WatchedEngine(make.engine, service.use_cases.give_back_unfinished)
        evolve(make, engine=engine)(job.id)

        told = read(service.metrics)
    assert told("jobs_given_back_total", reason="stopped") == 1
    assert told("jobs_ended_total", result="ready") == 0


def test_a_job_that_is_cancelled_is_counted_once(settings):
    with compose(settings) as service:
        job = queued(service)
        for _ in range(2):
            service.use_cases.cancel_job(job.owner, job.id)

        assert read(service.metrics)("jobs_ended_total", result="cancelled") == 1


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_job_that_is_deleted_is_counted_as_cancelled_unless_it_had_ended(settings, has_ended):
    with compose(settings) as service:
        job = queued(service)
        if has_ended:
            service.use_cases.make_variant(job.id)
        service.use_cases.delete_variant(job.owner, job.id)

        told = read(service.metrics)
    assert [told("jobs_ended_total", result=one) for one in ("ready", "cancelled")] == [has_ended, not has_ended]


def test_what_costs_its_process_is_counted_by_why_and_as_a_failure(metrics):
    second = timedelta(seconds=1.5)
    children = ChildProcessEngine(
        MisbehavingEngine(), slots=1, queue=5, wait=30 * second, deadline=second, memory=2**30, metrics=metrics
    )
    engine = counted(children, metrics)
    with children.running():
        with pytest.raises(RenderingTimedOut):
            engine.render(asking_for("hang"), SPEC)
        with pytest.raises(RenderingCrashed):
            engine.render(asking_for("segfault"), SPEC)

    told = read(metrics)
    assert told("render_slots_busy") == 0
    assert [told("child_processes_lost_total", cause=one) for one in ("timeout", "crash", "idle")] == [1, 2, 0]
    assert told("rendering_failures_total", code=RenderingTimedOut.code) == 1
    assert told("rendering_failures_total", code=RenderingCrashed.code) == 1
    assert told("rendering_duration_seconds_count") == 2


def test_the_jobs_that_wait_are_told_while_the_database_is_open(settings):
    with compose(settings) as service:
        ada = service.use_cases.register_user("ada", "correct horse").id
        image = service.use_cases.upload_image(ada, BytesIO(encoded(quadrants())))
        for width in (2, 3, 4):
            job = service.use_cases.request_variant(ada, image.id, parse(f"w:{width}"))
        service.use_cases.make_variant(job.id)

        told = read(service.metrics)
    assert told("jobs_waiting") == 2
    assert ("imgsvc_jobs_waiting", frozenset()) not in read(service.metrics).samples


def test_jobs_that_wait_are_not_told_where_the_database_does_not_answer(metrics):
    def fail():
        raise Busy("too many connections")

    metrics.jobs_waiting(fail)

    assert ("imgsvc_jobs_waiting", frozenset()) not in read(metrics).samples


def in_children(metrics):
    minute = timedelta(minutes=1)
    return ChildProcessEngine(
        MisbehavingEngine(), slots=2, queue=5, wait=minute, deadline=minute, memory=2**30, metrics=metrics
    )


def in_this_process(metrics):
    return BoundedEngine(MisbehavingEngine(), slots=2, queue=5, wait=timedelta(minutes=1), metrics=metrics)


@pytest.mark.parametrize("made", [in_children, in_this_process])
def test_a_slot_is_busy_while_a_picture_is_worked_on(metrics, made):
    engine = made(metrics)
    running = engine.running() if made is in_children else nullcontext()
    with running, ThreadPoolExecutor(5) as threads:
        seen = [read(metrics)("render_slots_busy")]
        work = [threads.submit(engine.render, asking_for("nap"), SPEC) for _ in range(5)]
        seen.append(wait_for(lambda: read(metrics)("render_slots_busy") == 2 and 2))
        for one in work:
            assert one.result(timeout=30)
        with pytest.raises(InvalidInput):
            engine.render(asking_for("raise_input"), SPEC)
        seen.append(read(metrics)("render_slots_busy"))

    assert seen == [0, 2, 0]


def test_the_slots_are_those_of_the_settings(settings):
    with compose(evolve(settings, render_slots=3)) as service:
        assert read(service.metrics)("render_slots") == 3


def test_a_dependency_is_out_until_all_of_it_works_and_every_failure_counts(metrics):
    outages = Outages("the storage", metrics=metrics.dependency("blobs"))

    def is_up():
        return read(metrics)("dependency_up", dependency="blobs")

    before = is_up()
    for _ in range(2):
        outages.attempt("writing").fails("it is full")
    outages.attempt("reading").finds_nobody("it cannot be reached")
    outages.attempt("reading").succeeds()
    meanwhile = is_up()
    outages.attempt("writing").succeeds()

    assert (before, meanwhile, is_up()) == (1, 0, 1)
    told = read(metrics)
    assert told("dependency_failures_total", dependency="blobs", cause="refused") == 2
    assert told("dependency_failures_total", dependency="blobs", cause="unreachable") == 1
