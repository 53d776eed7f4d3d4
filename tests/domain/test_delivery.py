"""What webhooks are told, and how often it is tried."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from attrs import evolve

from imgsvc.domain.delivery import Attempt, EndedJob, RetrySchedule
from imgsvc.domain.image import ImageId
from imgsvc.domain.variant import Failure, VariantId
from tests.entities import a_test, a_user, a_webhook

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOB = EndedJob(id=VariantId(UUID(int=1)), image_id=ImageId(UUID(int=2)))
FAILED = EndedJob(id=JOB.id, image_id=JOB.image_id, failure=Failure(code="corrupt_image", detail='the "end" is é\0'))
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=one) for one in (1, 60, 3600, 86400))
SCHEDULE = RetrySchedule((10 * SECOND, 10 * MINUTE))


def message(job, event):
    """What the body of such a delivery says."""
    return json.loads(a_test(a_webhook(a_user()), job=job, event=event, created_at=NOON).payload)


def test_a_message_tells_of_a_job_that_is_ready():
    ids = {"job_id": str(JOB.id), "image_id": str(JOB.image_id)}

    assert message(JOB, "variant.ready") == {
        "type": "variant.ready",
        "timestamp": "2026-03-01T12:00:00Z",
        "data": {**ids, "status": "ready", "failure": None},
    }


def test_a_message_tells_why_a_job_failed():
    data = message(FAILED, "variant.failed")["data"]

    assert (data["status"], data["failure"]) == ("failed", {"code": "corrupt_image", "detail": 'the "end" is é\0'})


def test_a_message_is_the_same_bytes_each_time_and_has_no_character_that_could_be_read_in_two_ways():
    delivery = a_test(a_webhook(a_user()), job=FAILED)

    assert evolve(delivery, attempts=5, last_status=500).payload == delivery.payload
    assert delivery.payload.isascii()


@pytest.mark.parametrize(
    ("status", "is_taken"), [(None, False), (199, False), (200, True), (204, True), (299, True), (302, False)]
)
def test_a_message_was_taken_by_who_answers_2xx(status, is_taken):
    assert Attempt(status).is_taken is is_taken


def test_a_message_is_unwanted_by_who_answers_410():
    assert [status for status in (200, 404, 410, 500) if Attempt(status).is_unwanted] == [410]


@pytest.mark.parametrize(("attempts", "chance", "seconds"), [(1, 0, 8), (1, 0.5, 10), (1, 1, 12), (2, 0, 480)])
def test_each_attempt_waits_as_the_schedule_says_a_fifth_more_or_less(attempts, chance, seconds):
    assert SCHEDULE.delay(attempts, None, chance) == seconds * SECOND


def test_after_the_last_attempt_there_is_none():
    assert SCHEDULE.delay(3, None, 0.5) is None
    assert SCHEDULE.delay(3, MINUTE, 0.5) is None


@pytest.mark.parametrize(("asked_for", "waited"), [(SECOND, 10 * SECOND), (HOUR, HOUR), (9 * DAY, DAY)])
def test_a_receiver_may_ask_for_more_time_but_not_for_ever(asked_for, waited):
    assert SCHEDULE.delay(1, asked_for, 0.5) == waited
