"""How long renderings may take, and what a crash of the decoder costs."""

from datetime import timedelta

import pytest

from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import RenderingCrashed, RenderingTimedOut, Unavailable
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantStatus
from tests.application.adapters import Failing
from tests.application.policies import a_policy

SPEC = parse("w:10,gray,f:webp")
SYNC, JOB = timedelta(seconds=3), timedelta(seconds=70)
CRASH = RenderingCrashed("the decoder ended")


@pytest.fixture
def policy():
    return a_policy(sync_deadline=SYNC, job_deadline=JOB)


@pytest.fixture
def job(use_cases, image):
    return use_cases.request_variant(image.owner, image.id, SPEC)


def failure_of(use_cases, job):
    variant = use_cases.get_variant(job.owner, job.id)
    return variant.status, variant.attempts, variant.failure.code


def test_who_waits_gets_the_short_deadline(use_cases, engine, image):
    use_cases.open_rendering(image.owner, image.id, SPEC)

    assert engine.deadlines == [SYNC]


def test_a_job_gets_the_long_deadline(use_cases, engine, job):
    use_cases.make_variant(job.id)

    assert engine.deadlines == [JOB]


def test_a_job_whose_decoder_crashed_is_tried_again(use_cases, engine, job):
    engine.before = Failing([CRASH])

    with pytest.raises(Unavailable):
        use_cases.make_variant(job.id)
    use_cases.make_variant(job.id)

    variant = use_cases.get_variant(job.owner, job.id)
    assert (variant.status, variant.attempts) == (VariantStatus.READY, 2)


def test_a_picture_that_ends_every_decoder_is_given_up_with_its_reason(ports, engine, job):
    use_cases = assemble(ports, a_policy(max_attempts=3))
    engine.before = Failing([CRASH] * 10)

    for _ in range(2):
        with pytest.raises(Unavailable):
            use_cases.make_variant(job.id)
    for _ in range(3):
        use_cases.make_variant(job.id)

    assert failure_of(use_cases, job) == (VariantStatus.FAILED, 3, "decoder_crashed")
    assert engine.renderings == 3


def test_a_job_that_takes_too_long_is_not_tried_again(use_cases, engine, job):
    engine.before = Failing([RenderingTimedOut("too long")] * 10)

    for _ in range(3):
        use_cases.make_variant(job.id)

    assert failure_of(use_cases, job) == (VariantStatus.FAILED, 1, "processing_timeout")
    assert engine.renderings == 1


def test_who_waits_is_told_of_a_crash_at_once(use_cases, engine, image):
    engine.before = Failing([CRASH])

    with pytest.raises(RenderingCrashed):
        use_cases.open_rendering(image.owner, image.id, SPEC)

    assert engine.renderings == 1
