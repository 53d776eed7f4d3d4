"""Jobs that ended long ago are forgotten; what they made stays."""

import pytest
from attrs import evolve

from imgsvc.adapters.repositories.sql_variants import SqlVariants
from imgsvc.application.retention import Tally
from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import VariantNotFound
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantStatus
from imgsvc.ports.pages import PageRequest
from tests.ages import ago, finished_at, unused_since
from tests.application.adapters import Failing
from tests.application.policies import a_policy

SPEC = parse("w:10,gray,f:webp")


@pytest.fixture
def ready(use_cases, ports, image):
    """A job that was made, long ago."""
    job = use_cases.request_variant(image.owner, image.id, SPEC)
    use_cases.make_variant(job.id)
    finished_at(ports.retention, ago(days=100), job.id)
    return job


@pytest.fixture
def failed(use_cases, ports, engine, image):
    """A job that could not be made, long ago."""
    job = use_cases.request_variant(image.owner, image.id, parse("w:11"))
    engine.before = Failing([VariantNotFound("the picture is gone")])
    use_cases.make_variant(job.id)
    finished_at(ports.retention, ago(days=100), job.id)
    return job


def jobs(use_cases, owner):
    return [job.id for job in use_cases.list_jobs(owner, PageRequest()).items]


def test_the_result_of_a_forgotten_job_stays_and_expires_when_nobody_wants_it(use_cases, ports, image, ready):
    assert use_cases.prune_jobs() == Tally(1, (str(ready.id),))

    assert jobs(use_cases, image.owner) == []
    use_cases.open_variant(image.owner, ready.id).close()
    unused_since(ports.retention, ago(days=100))
    assert use_cases.expire_variants().count == 1


def test_the_result_of_a_job_stays_as_long_as_the_job_however_unused_it_is(use_cases, ports, ready):
    unused_since(ports.retention, ago(days=100))

    assert use_cases.expire_variants().count == 0


def test_a_failed_job_is_forgotten_wholly_and_can_be_asked_for_again(use_cases, image, failed):
    assert use_cases.prune_jobs() == Tally(1, (str(failed.id),))

    with pytest.raises(VariantNotFound):
        use_cases.get_variant(image.owner, failed.id)
    again = use_cases.request_variant(image.owner, image.id, failed.spec)
    use_cases.make_variant(again.id)
    assert jobs(use_cases, image.owner) == [again.id]


@pytest.mark.parametrize(("days", "stays"), [(29.9, True), (30.1, False)])
def test_jobs_are_remembered_for_30_days(use_cases, ports, ready, failed, days, stays):
    finished_at(ports.retention, ago(days=days))

    assert use_cases.prune_jobs().count == (0 if stays else 2)


def test_jobs_are_remembered_for_ever_where_the_operator_says_so(ports, ready, failed):
    assert assemble(ports, a_policy(job_life=None)).prune_jobs() == Tally()


def test_what_waits_or_is_being_made_is_never_forgotten(use_cases, ports, image):
    job = use_cases.request_variant(image.owner, image.id, SPEC)
    ports.variants.claim(use_cases.request_variant(image.owner, image.id, parse("w:12")).id, a_policy().lease)

    assert use_cases.prune_jobs().count == 0
    use_cases.make_variant(job.id)
    assert len(jobs(use_cases, image.owner)) == 2


def test_a_dry_run_tells_and_forgets_nothing(use_cases, image, ready, failed):
    told = use_cases.prune_jobs(dry_run=True)

    assert (told.count, set(told.first)) == (2, {str(ready.id), str(failed.id)})
    assert len(jobs(use_cases, image.owner)) == 2


def test_any_number_is_forgotten_and_the_first_few_are_named(use_cases, ports, image, monkeypatch):
    monkeypatch.setattr("imgsvc.application.retention.BATCH", 3)
    many = [use_cases.request_variant(image.owner, image.id, parse(f"w:{width}")) for width in range(1, 9)]
    for job in many:
        use_cases.make_variant(job.id)
        finished_at(ports.retention, ago(days=100), job.id)

    told = use_cases.prune_jobs()

    assert told == Tally(8, tuple(str(job.id) for job in many[:5]))
    assert jobs(use_cases, image.owner) == []


def test_nothing_is_begun_once_it_is_told_to_stop(use_cases, ready):
    assert use_cases.prune_jobs(must_stop=lambda: True) == Tally()


def test_a_job_that_is_forgotten_while_it_is_asked_for_again_is_queued_anew(use_cases, ports, policy, image, failed):
    class Forgetful(SqlVariants):
        def retry(self, variant_id, queued_at):
            assert use_cases.prune_jobs().count == 1
            return super().retry(variant_id, queued_at)

    asking = assemble(evolve(ports, variants=Forgetful(ports.variants.engine)), policy)

    again = asking.request_variant(image.owner, image.id, failed.spec)

    assert again.status is VariantStatus.PENDING
    assert jobs(use_cases, image.owner) == [again.id]
