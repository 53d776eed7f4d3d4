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

    new = installation.renew()

    assert new != before
    assert installation.id() == new


def test_an_id_can_be_renewed_before_anybody_asked_for_it(installation):
    assert installation.renew() == installation.id()
