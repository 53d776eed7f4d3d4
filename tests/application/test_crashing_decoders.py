"""Pictures that end the process which decodes them, as jobs and for somebody who waits."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from attrs import evolve

from imgsvc.adapters.imaging.children import ChildProcessEngine
from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import RenderingCrashed, RenderingTimedOut, Unavailable
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantStatus
from tests.adapters.misbehaving import MisbehavingEngine, asking_for
from tests.application.policies import a_policy
from tests.waiting import wait_for

SPEC = parse("w:10,f:png")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(scope="module")
def children():
    engine = ChildProcessEngine(MisbehavingEngine(), slots=1, queue=5, wait=MINUTE, deadline=MINUTE, memory=2**30)
    with engine.running():
        yield engine


@pytest.fixture
def with_children(ports, children):
    return assemble(evolve(ports, engine=children), a_policy(sync_deadline=MINUTE, job_deadline=MINUTE))


@pytest.fixture
def in_a_hurry(ports, children):
    return assemble(evolve(ports, engine=children), a_policy(sync_deadline=SECOND, job_deadline=SECOND))


@pytest.fixture
def image_asking_for(use_cases, ada):
    """An image that was taken in by another engine, to which it is a harmless one."""
    return lambda what: use_cases.upload_image(ada, asking_for(what))


@pytest.mark.parametrize("what", ["segfault", "exit", "abort"])
def test_a_picture_that_ends_every_child_fails_after_three_attempts_and_harms_no_other(
    with_children, ada, image_asking_for, what
):
    image, other = image_asking_for(what), image_asking_for("nap")
    job, next_job = (with_children.request_variant(ada, one.id, SPEC) for one in (image, other))

    for _ in range(2):
        with pytest.raises(Unavailable):
            with_children.make_variant(job.id)
    for one in (job, job, next_job):
        with_children.make_variant(one.id)

    variant = with_children.get_variant(ada, job.id)
    assert (variant.status, variant.attempts) == (VariantStatus.FAILED, 3)
    assert variant.failure.code == "decoder_crashed"
    assert with_children.get_variant(ada, next_job.id).status is VariantStatus.READY


def test_a_picture_that_ends_a_child_for_lack_of_memory_fails_at_once(with_children, ada, image_asking_for):
    job = with_children.request_variant(ada, image_asking_for("trap").id, SPEC)

    with_children.make_variant(job.id)

    variant = with_children.get_variant(ada, job.id)
    assert (variant.status, variant.attempts) == (VariantStatus.FAILED, 1)
    assert variant.failure.code == "out_of_memory"


def test_a_picture_that_holds_a_child_for_ever_fails_at_once(in_a_hurry, ada, image_asking_for):
    job = in_a_hurry.request_variant(ada, image_asking_for("hang_in_c").id, SPEC)

    in_a_hurry.make_variant(job.id)

    variant = in_a_hurry.get_variant(ada, job.id)
    assert (variant.status, variant.attempts) == (VariantStatus.FAILED, 1)
    assert variant.failure.code == "processing_timeout"


def test_who_waits_is_told_of_a_crash_at_once(with_children, ada, image_asking_for):
    with pytest.raises(RenderingCrashed):
        with_children.open_rendering(ada, image_asking_for("segfault").id, SPEC)


def test_who_waits_is_told_at_once_that_it_takes_too_long(in_a_hurry, ada, image_asking_for):
    with pytest.raises(RenderingTimedOut):
        in_a_hurry.open_rendering(ada, image_asking_for("hang").id, SPEC)


def test_a_picture_whose_child_is_killed_by_somebody_is_made_by_another(with_children, children, ada, image_asking_for):
    image = image_asking_for("nap")
    there = {child.pid: child.calls for child in children.pool.children}

    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(with_children.open_rendering, ada, image.id, parse("w:11,f:png"))
        begun = wait_for(lambda: [one for one in children.pool.children if one.calls > there.get(one.pid, 0)])
        os.kill(begun[0].pid, signal.SIGKILL)

        assert made.result(timeout=20).content


def test_a_picture_that_ends_its_child_is_not_taken_in(with_children, ada, ports):
    for what in ("segfault", "exit"):
        with pytest.raises(RenderingCrashed):
            with_children.upload_image(ada, asking_for(what))

    assert ports.images.count_of(ada) == 0
    assert with_children.upload_image(ada, asking_for("nap"))
