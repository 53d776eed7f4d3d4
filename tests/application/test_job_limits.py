"""An account has no more jobs than it may, however many are asked for at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from imgsvc.application.variants import Mode
from imgsvc.domain.errors import TooManyJobs
from imgsvc.domain.notation import parse
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import Gate, VariantsThatAddLate
from tests.application.policies import a_policy

MOST = 3
SPECS = [parse(f"w:{width},f:png") for width in range(5, 17)]


@pytest.fixture
def policy():
    return a_policy(jobs_per_account=MOST)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(len(SPECS)) as threads:
        yield threads


def jobs(use_cases, image):
    return use_cases.list_jobs(image.owner, PageRequest(limit=100)).items


def test_who_looks_while_another_one_adds_waits_and_finds_no_room(ports, with_ports, threads, image):
    gate = Gate()
    use_cases = with_ports(variants=VariantsThatAddLate(ports.variants.engine, gate))

    asked = [threads.submit(use_cases.request_variant, image.owner, image.id, spec) for spec in SPECS]
    assert gate.reached.wait(30)
    gate.opened.set()
    refused = [one for one in asked if isinstance(one.exception(30), TooManyJobs)]

    assert len(refused) == len(SPECS) - MOST
    assert len(jobs(use_cases, image)) == MOST


def test_those_who_ask_for_several_keep_to_it_together(ports, with_ports, threads, image):
    gate = Gate()
    use_cases = with_ports(variants=VariantsThatAddLate(ports.variants.engine, gate))

    def ask(first):
        with suppress(TooManyJobs):
            use_cases.transform_several(
                image.owner, image.id, list(map(WantedSpec, SPECS[first : first + 2])), Mode.ASYNC
            )

    asked = [threads.submit(ask, first) for first in range(0, len(SPECS), 2)]
    assert gate.reached.wait(30)
    gate.opened.set()
    for one in asked:
        one.result(30)

    assert len(jobs(use_cases, image)) == MOST


def test_what_is_queued_already_is_given_without_room(use_cases, image):
    queued = [use_cases.request_variant(image.owner, image.id, spec) for spec in SPECS[:MOST]]

    assert [use_cases.request_variant(image.owner, image.id, spec).id for spec in SPECS[:MOST]] == [
        one.id for one in queued
    ]
    with pytest.raises(TooManyJobs):
        use_cases.request_variant(image.owner, image.id, SPECS[MOST])
