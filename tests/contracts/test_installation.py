"""What every InstallationRepository does."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def installation(repositories):
    return repositories.installation


def test_whoever_asks_is_told_the_same_id(installation):
    with ThreadPoolExecutor(4) as threads:
        told = {asked.result(30) for asked in [threads.submit(installation.id) for _ in range(8)]}

    assert told == {installation.id()}


def test_a_new_id_is_another_and_stays(installation):
    before = installation.id()

    new = installation.renew_id()

    assert new != before
    assert installation.id() == new


def test_an_id_can_be_renewed_before_anybody_asked_for_it(installation):
    assert installation.renew_id() == installation.id()


def test_whoever_only_looks_makes_no_id(installation):
    assert installation.known_id() is installation.known_id() is None


def test_an_id_is_known_from_when_it_was_asked_for(installation):
    made = installation.id()

    assert installation.known_id() == made
    assert installation.known_id() != installation.renew_id() == installation.known_id()
