"""A worker whose clock is hours away from everybody's: F36. Leases are on the clock of the database."""

from time import monotonic

import pytest

from tests.pictures import encoded, quadrants
from tests.system.faults.processes import Later
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
LEASE = 4  # seconds
HOURS = 2 * 3600.0


@pytest.fixture
def somebody(installation):
    return installation.somebody(installation.api())


def test_a_worker_that_is_late_keeps_its_job_for_as_long_as_it_works(installation, somebody):
    image = somebody.upload(PICTURE)
    late = installation.worker(altered=Later(-HOURS), LEASE_SECONDS=str(LEASE))
    with late.frozen_children():
        job, begun = started_job(somebody, image), monotonic()
        installation.worker(RENDER_IN="process")
        wait_for(lambda: monotonic() - begun > 1.5 * LEASE)

    assert somebody.ended(job)["attempts"] == 1


def test_a_job_of_a_worker_that_was_early_and_died_is_taken_over_soon(installation, somebody):
    installation.most_attempts = 2
    image = somebody.upload(PICTURE)
    early = installation.worker(altered=Later(HOURS))
    with early.frozen_children():
        job = started_job(somebody, image)
        early.kill()

    installation.worker(RENDER_IN="process")

    assert somebody.ended(job, seconds=20)["attempts"] == 2


def started_job(somebody, image):
    job = somebody.order(image)
    wait_for(lambda: somebody.job(job)["status"] == "processing")
    return job
