"""Leases while there is work, and the one thread that renews them."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import field, frozen

from imgsvc import parse_spec
from imgsvc.adapters.repositories.sql_variants import SqlVariants
from imgsvc.application.claims import HeldClaims
from imgsvc.ports.variants import Claim
from tests.waiting import wait_for

LEASE = timedelta(seconds=0.15)


@frozen
class CountedVariants(SqlVariants):
    """Keeps the tokens of claims, as often as they were renewed."""

    tokens: list[UUID] = field(factory=list)

    def renew(self, claims: Sequence[Claim], lease: timedelta) -> int:
        self.tokens += [claim.token for claim in claims]
        return super().renew(claims, lease)


@pytest.fixture
def variants(ports):
    return CountedVariants(ports.variants.engine)


@pytest.fixture
def claims(variants):
    return HeldClaims(variants, LEASE)


@pytest.fixture
def a_claim(use_cases, image, variants):
    def claim(width):
        job = use_cases.request_variant(image.owner, image.id, parse_spec(f"w:{width}"))
        return variants.claim(job.id, LEASE)

    return claim


@pytest.fixture
def keepers():
    """Those of this test: of others, some may not have ended yet."""
    before = set(threading.enumerate())
    return lambda: [thread for thread in threading.enumerate() if thread.name == "leases" and thread not in before]


def test_all_that_are_held_are_renewed_by_one_thread_that_ends_when_nothing_is(claims, variants, a_claim, keepers):
    first, second = a_claim(10), a_claim(11)

    with claims.holding(first):
        wait_for(lambda: variants.tokens.count(first.token) >= 2)
        with claims.holding(second):
            wait_for(lambda: variants.tokens.count(second.token) >= 2)
            at_work = len(keepers())
            held = claims.now()

    wait_for(lambda: keepers() == [])
    assert at_work == 1
    assert held == [first, second]
    assert claims.now() == []


def test_a_claim_that_comes_after_a_pause_is_renewed_too(claims, variants, a_claim, keepers):
    with claims.holding(a_claim(10)):
        pass
    wait_for(lambda: keepers() == [])
    later = a_claim(11)

    with claims.holding(later):
        wait_for(lambda: variants.tokens.count(later.token) >= 2)


def test_what_is_held_no_more_is_not_renewed(claims, variants, a_claim):
    done, going_on = a_claim(10), a_claim(11)

    with claims.holding(going_on):
        with claims.holding(done):
            pass
        wait_for(lambda: variants.tokens.count(going_on.token) >= 2)

    assert done.token not in variants.tokens
