"""One line of structured log for each event."""

import json
import logging
import warnings
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest

from imgsvc.entrypoints.http.refusals import RefusalLog
from imgsvc.entrypoints.logs import bind, configure_logs, unbind
from tests.waiting import wait_for

logger = logging.getLogger("imgsvc.tests")


@pytest.fixture
def stream():
    return StringIO()


@pytest.fixture
def logged(stream):
    """The records since the logs were configured."""
    configure_logs("info", "json", stream)

    def records():
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    return records


def test_a_record_is_one_json_object_with_the_names_that_elastic_knows(logged):
    logger.warning("made %d of %s", 3, "those", extra={"variant_id": "abc"})

    (record,) = logged()
    assert record["@timestamp"].endswith("Z")
    written = datetime.fromisoformat(record.pop("@timestamp"))
    assert record == {
        "message": "made 3 of those",
        "log.level": "warning",
        "log.logger": "imgsvc.tests",
        "variant_id": "abc",
    }
    assert abs((datetime.now(UTC) - written).total_seconds()) < 60


def test_what_is_told_of_a_request_has_the_names_that_elastic_knows(logged):
    logger.info("request", extra={"method": "GET", "path": "/v1/me", "status": 200, "duration": 12})

    (record,) = logged()
    known = ("http.request.method", "url.path", "http.response.status_code", "event.duration")
    assert [record[name] for name in known] == ["GET", "/v1/me", 200, 12]


def test_nothing_that_is_logged_breaks_its_line(logged):
    logger.info("two\nlines\r\n and a \u2028 separator", extra={"name_given": "a\nb\0\ud800"})
    try:
        raise LookupError("first line\nsecond line")
    except LookupError:
        logger.exception("failed")

    first, second = logged()
    assert first["message"].startswith("two\nlines")
    assert second["error.stack_trace"].startswith("Traceback")
    assert "second line" in second["error.stack_trace"]
    assert second["log.level"] == "error"


def test_what_json_does_not_know_is_still_logged(logged):
    logger.info("things", extra={"id": UUID(int=1), "file": Path("/a"), "when": datetime(2026, 1, 1, tzinfo=UTC)})

    (record,) = logged()
    assert "00000000-0000-0000-0000-000000000001" in record["id"]


def test_what_is_bound_is_in_every_record_until_it_is_unbound(logged):
    bind(request_id="abc")
    logger.info("one")
    logging.getLogger("some.library").info("two")
    unbind()
    logger.info("three")

    assert [record.get("http.request.id") for record in logged()] == ["abc", "abc", None]


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", ["debug", "info", "warning", "error"]), ("warning", ["warning", "error"]), ("error", ["error"])],
)
def test_only_what_matters_enough_is_logged(stream, level, expected):
    configure_logs(level, "json", stream)
    for each in ("debug", "info", "warning", "error"):
        logger.log(getattr(logging, each.upper()), each)

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == expected


def test_libraries_that_talk_much_are_heard_when_they_warn(logged):
    for name in ("uvicorn", "alembic", "PIL.Image"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble")

    assert [record["message"] for record in logged()] == ["trouble"] * 3


def test_what_anybody_may_send_is_no_warning_of_a_library(logged):
    for name in ("uvicorn.error", "python_multipart"):
        logging.getLogger(name).warning("nonsense came")
        logging.getLogger(name).error("trouble")

    assert [record["message"] for record in logged()] == ["trouble"] * 2


def test_refusals_beyond_a_certain_number_a_minute_are_counted_and_not_told(logged, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("imgsvc.entrypoints.http.refusals.monotonic", lambda: now[0])
    refusals = RefusalLog()
    for minute in (0, 60, 120):
        now[0] = 1000.0 + minute
        for number in range(100 if minute == 0 else 1):
            refusals.tell("malformed_request", "no HTTP", f"{minute}-{number}")

    told = [(record["http.request.id"] if "count" not in record else record["count"]) for record in logged()]
    assert told == [*(f"0-{number}" for number in range(60)), 40, "60-0", "120-0"]


def test_configuring_again_does_not_log_twice(stream):
    configure_logs("info", "json", stream)
    configure_logs("info", "json", stream)
    logger.info("once")

    assert len(stream.getvalue().splitlines()) == 1


class Terminal(StringIO):
    def isatty(self):
        return True


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("format", "stream", "expected"),
    [
        ("auto", Terminal(), False),
        ("auto", StringIO(), True),
        ("console", StringIO(), False),
        ("json", Terminal(), True),
    ],
    ids=["auto on a terminal", "auto elsewhere", "console", "json"],
)
def test_people_on_a_terminal_get_text_and_programs_json(format, stream, expected):
    configure_logs("info", format, stream)
    logger.info("hello", extra={"variant_id": "abc"})

    assert is_json(stream.getvalue()) is expected
    assert "hello" in stream.getvalue()
    assert "abc" in stream.getvalue()


def test_python_warnings_are_left_to_python(logged):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert len(caught) == 1
    assert logged() == []


def test_a_request_id_is_in_the_log_of_the_server(server, anyone):
    anyone.get("/v1/images?secret=hush", headers={"X-Request-Id": "find-me-in-the-log"})

    line = wait_for(lambda: next((line for line in server.log().splitlines() if "find-me-in-the-log" in line), None))
    record = json.loads(line)
    assert (record["http.request.id"], record["http.response.status_code"]) == ("find-me-in-the-log", 401)
    assert "hush" not in server.log()
    assert all(is_json(line) for line in server.log().splitlines())
