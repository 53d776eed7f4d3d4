"""Jobs from their owner's side: cancelled, and asked for again."""

from io import BytesIO

import pytest

from imgsvc.application.use_cases import assemble
from imgsvc.domain.errors import (
    CorruptImage,
    InvalidInput,
    JobFinished,
    QuotaExceeded,
    RenderingFailed,
    Unavailable,
    VariantNotFound,
)
from imgsvc.domain.notation import parse
from imgsvc.domain.quota import Quota
from imgsvc.domain.variant import VariantStatus
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import Failing
from tests.application.policies import a_policy

SPEC = parse("w:10,gray,f:webp")


@pytest.fixture
def job(use_cases, image):
    return use_cases.request_variant(image.owner, image.id, SPEC)


def test_a_cancelled_job_is_not_made(use_cases, engine, job):
    cancelled = use_cases.cancel_job(job.owner, job.id)
    use_cases.make_variant(job.id)

    assert (cancelled.status, cancelled.failure.code) == (VariantStatus.FAILED, "cancelled")
    assert use_cases.get_variant(job.owner, job.id) == cancelled
    assert engine.renderings == 0


def test_a_job_is_cancelled_as_often_as_anybody_likes(use_cases, job):
    assert use_cases.cancel_job(job.owner, job.id) == use_cases.cancel_job(job.owner, job.id)


def test_a_cancelled_job_is_made_when_it_is_asked_for_again(use_cases, image, job):
    use_cases.cancel_job(job.owner, job.id)

    again = use_cases.request_variant(image.owner, image.id, SPEC)
    use_cases.make_variant(job.id)

    assert (again.id, again.status, again.failure) == (job.id, VariantStatus.PENDING, None)
    assert use_cases.get_variant(job.owner, job.id).status is VariantStatus.READY


def test_a_job_that_has_ended_is_not_cancelled(use_cases, job):
    use_cases.make_variant(job.id)

    with pytest.raises(JobFinished):
        use_cases.cancel_job(job.owner, job.id)

    assert use_cases.get_variant(job.owner, job.id).status is VariantStatus.READY


def test_a_job_that_ends_while_it_is_cancelled_has_ended(use_cases, with_ports, ports, job):
    class EndsMeanwhile(type(ports.variants)):
        def cancel(self, *arguments):
            use_cases.make_variant(job.id)
            return super().cancel(*arguments)

    with pytest.raises(JobFinished):
        with_ports(variants=EndsMeanwhile(ports.variants.engine)).cancel_job(job.owner, job.id)


def test_somebody_elses_job_cannot_be_told_from_none(use_cases, stranger, job):
    with pytest.raises(VariantNotFound):
        use_cases.cancel_job(stranger, job.id)

    assert use_cases.get_variant(job.owner, job.id).status is VariantStatus.PENDING


def test_what_was_made_on_the_spot_is_no_job(use_cases, image):
    made = use_cases.open_rendering.make_now(use_cases.plan_rendering(image.owner, image.id, SPEC)).variant

    with pytest.raises(VariantNotFound):
        use_cases.cancel_job(image.owner, made.id)


# Uploaded and queued at once


def test_a_picture_is_taken_in_and_queued_at_once(use_cases, ada, picture):
    image, (job,) = use_cases.queue_upload(ada, BytesIO(picture), [WantedSpec(SPEC)], name="a.png")

    assert (job.status, job.spec, job.queued_at is not None) == (VariantStatus.PENDING, SPEC, True)
    assert use_cases.get_image(ada, job.image_id) == image
    assert image.name == "a.png"


@pytest.mark.parametrize("text", ["crop:500:500:10:10", "wm:00000000-0000-4000-8000-000000000000"])
def test_of_a_picture_whose_spec_does_not_fit_nothing_is_kept(use_cases, ports, ada, picture, text):
    with pytest.raises(InvalidInput):
        use_cases.queue_upload(ada, BytesIO(picture), [WantedSpec(SPEC), WantedSpec(parse(text))])

    assert list(ports.blobs.list("")) == []
    assert use_cases.list_images(ada, PageRequest())[0].items == []


def test_a_picture_that_cannot_be_queued_is_taken_back(with_ports, ports, use_cases, ada, picture):
    class Away(type(ports.variants)):
        def add_if_absent(self, variant):
            if variant.spec == SPEC:
                raise Unavailable("away")
            return super().add_if_absent(variant)

    wanted = [WantedSpec(parse("flip")), WantedSpec(SPEC)]
    with pytest.raises(Unavailable):
        with_ports(variants=Away(ports.variants.engine)).queue_upload(ada, BytesIO(picture), wanted)

    assert list(ports.blobs.list("")) == []
    assert use_cases.list_images(ada, PageRequest())[0].items == []
    assert use_cases.list_jobs(ada, PageRequest()).items == []


def test_what_an_earlier_try_has_left_gets_all_of_its_jobs(use_cases, ada, picture):
    left = use_cases.upload_image(ada, BytesIO(picture))
    one = use_cases.request_variant(ada, left.id, SPEC)

    wanted = [WantedSpec(SPEC), WantedSpec(parse("flip"))]
    image, jobs = use_cases.queue_upload(ada, BytesIO(picture), wanted, image_id=left.id)

    assert (image.id, jobs[0].id) == (left.id, one.id)
    assert {job.id for job in use_cases.list_jobs(ada, PageRequest()).items} == {job.id for job in jobs}


# Asked for by URL


@pytest.fixture
def planned(use_cases, image):
    return use_cases.plan_rendering(image.owner, image.id, SPEC)


def test_what_is_queued_for_a_url_is_what_the_url_finds_later(use_cases, engine, planned):
    job = use_cases.queue_rendering(planned)
    use_cases.make_variant(job.id)

    assert use_cases.queue_rendering(planned).id == job.id
    assert use_cases.open_rendering.open(planned).origin == "stored"
    assert engine.renderings == 1


def test_what_failed_as_a_job_is_not_queued_again_by_whoever_looks(use_cases, engine, planned):
    engine.before = Failing([CorruptImage("cut short")])
    job = use_cases.queue_rendering(planned)
    use_cases.make_variant(job.id)

    with pytest.raises(RenderingFailed, match="cut short"):
        use_cases.queue_rendering(planned)


def test_what_was_cancelled_is_queued_again_by_whoever_looks(use_cases, planned):
    job = use_cases.queue_rendering(planned)
    use_cases.cancel_job(job.owner, job.id)

    assert use_cases.queue_rendering(planned).status is VariantStatus.PENDING


def test_what_an_earlier_try_has_left_is_possible_also_where_there_is_no_room_for_more(ports, ada, image):
    full = assemble(ports, a_policy(quota=Quota(images=1)))

    full.queue_upload.must_be_possible(ada, [], image_id=image.id)

    with pytest.raises(QuotaExceeded):
        full.queue_upload.must_be_possible(ada, [])
