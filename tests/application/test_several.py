"""Several variants that are asked for at once take no longer together than one may."""

from datetime import timedelta

import pytest
from attrs import evolve

from imgsvc.application.use_cases import assemble
from imgsvc.application.variants import Mode
from imgsvc.domain.errors import Busy
from imgsvc.domain.notation import parse
from imgsvc.domain.variant import VariantStatus
from imgsvc.domain.wanted_specs import WantedSpec
from tests.application.policies import a_policy

SPECS = [WantedSpec(parse(f"w:{width}")) for width in (10, 11, 12)]


@pytest.fixture
def slow(ports, engine):
    """Use cases on a clock that goes on by six seconds at each rendering, where ten may be waited for."""
    began = ports.clock()
    clock = lambda: began + engine.renderings * timedelta(seconds=6)  # noqa: E731
    return assemble(evolve(ports, clock=clock), a_policy(sync_deadline=timedelta(seconds=10)))


def test_what_is_not_begun_within_the_deadline_becomes_a_job(slow, engine, image):
    made = slow.transform_several(image.owner, image.id, SPECS, Mode.AUTO)

    statuses = [variant.status for variant, _ in made]
    assert statuses == [VariantStatus.READY, VariantStatus.READY, VariantStatus.PENDING]
    assert engine.renderings == 2


def test_who_insists_on_waiting_is_told_to_ask_again_and_gets_what_was_made(slow, engine, image):
    with pytest.raises(Busy, match="took all the time"):
        slow.transform_several(image.owner, image.id, SPECS, Mode.SYNC)
    made = slow.transform_several(image.owner, image.id, SPECS, Mode.SYNC)

    assert [is_new for _, is_new in made] == [False, False, True]
    assert engine.renderings == 3
