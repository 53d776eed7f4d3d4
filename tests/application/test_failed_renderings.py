"""What failed is not tried again at once, by however many who ask."""

from contextlib import suppress

import pytest

from imgsvc.application.failed_renderings import FailedRenderings
from imgsvc.domain.errors import RenderingCrashed, RenderingFailed, RenderingTimedOut
from imgsvc.domain.notation import parse
from tests.application.adapters import Failing


class Watch:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_failure_counts_for_a_minute_under_its_own_name():
    watch = Watch()
    failed = FailedRenderings(watch)
    failed.note("a", RenderingTimedOut("too long"))
    failed.must_not_have("b")

    for watch.seconds in (0, 59):
        with pytest.raises(RenderingTimedOut, match="too long"):
            failed.must_not_have("a")
    watch.seconds = 61
    failed.must_not_have("a")


@pytest.mark.parametrize("kind", [RenderingFailed, RenderingCrashed, RenderingTimedOut])
def test_a_rendering_that_failed_takes_no_processor_again(use_cases, engine, image, kind):
    engine.before = Failing([kind("no")] * 10)
    for _ in range(5):
        with pytest.raises(kind, match="no"):
            use_cases.open_rendering(image.owner, image.id, parse("gray"))

    assert engine.renderings == 1


def test_another_rendering_of_the_picture_is_tried(use_cases, engine, image):
    engine.before = Failing([RenderingFailed("no")])
    with suppress(RenderingFailed):
        use_cases.open_rendering(image.owner, image.id, parse("gray"))

    assert use_cases.open_rendering(image.owner, image.id, parse("flip")).content


def test_what_a_job_has_made_meanwhile_is_found(use_cases, engine, image):
    engine.before = Failing([RenderingTimedOut("too long")])
    with suppress(RenderingFailed):
        use_cases.open_rendering(image.owner, image.id, parse("gray"))

    use_cases.make_variant(use_cases.request_variant(image.owner, image.id, parse("gray")).id)

    assert use_cases.open_rendering(image.owner, image.id, parse("gray")).content
