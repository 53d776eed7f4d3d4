"""Pictures that end, hold or bloat the decoder which works on them: F30 to F32."""

from time import monotonic

import pytest

from tests.adapters.misbehaving import asking_for
from tests.pictures import encoded, quadrants
from tests.system.faults.processes import Misbehaving
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
JOB_SECONDS = 6  # in which a busy machine too fills the memory of a decoder, and starts another one
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def api(standing_installation):
    """To which these pictures are as harmless as any."""
    standing_installation.variables["LEASE_SECONDS"] = "1"
    standing_installation.most_attempts = 3
    standing_installation.failures = frozenset({"decoder_crashed", "processing_timeout", "out_of_memory"})
    return standing_installation.api()


@pytest.fixture(scope="module")
def worker(standing_installation):
    return standing_installation.worker(
        altered=Misbehaving(), JOB_SECONDS=str(JOB_SECONDS), RENDER_MEMORY=str(256 * MEGABYTE)
    )


@pytest.fixture
def somebody(standing, api):
    return standing.somebody(api)


def order(somebody, what):
    """A job that has the decoder do that."""
    return somebody.order(somebody.upload(asking_for(what).read()))


def test_a_picture_that_ends_its_decoder_fails_after_three_attempts_and_holds_up_no_other(somebody, worker):
    poison = order(somebody, "segfault")
    wait_for(lambda: somebody.job(poison)["attempts"])
    other = somebody.ended(somebody.order(somebody.upload(PICTURE)))
    ended = somebody.ended(poison)

    assert (ended["status"], ended["attempts"], ended["failure"]["code"]) == ("failed", 3, "decoder_crashed")
    assert (other["status"], other["attempts"]) == ("ready", 1)
    assert other["finished_at"] < ended["finished_at"]
    assert worker.is_running


def test_a_picture_that_never_ends_fails_at_the_limit_and_leaves_its_slot(somebody, worker):
    poison = order(somebody, "hang_in_c")
    wait_for(lambda: somebody.job(poison)["status"] == "processing")
    begun = monotonic()
    ended = somebody.ended(poison)
    seconds = monotonic() - begun
    other = somebody.ended(somebody.order(somebody.upload(PICTURE)))

    assert (ended["status"], ended["attempts"], ended["failure"]["code"]) == ("failed", 1, "processing_timeout")
    assert seconds < JOB_SECONDS + 3
    assert (other["status"], other["attempts"]) == ("ready", 1)


def test_a_picture_that_takes_memory_without_end_fails_and_costs_the_worker_none(somebody, worker):
    memory = worker.memory()

    ended = somebody.ended(order(somebody, "allocate"))

    assert (ended["status"], ended["attempts"], ended["failure"]["code"]) == ("failed", 1, "out_of_memory")
    assert "more memory than a rendering may have" in ended["failure"]["detail"]
    assert worker.memory() < memory + 30 * MEGABYTE
