"""Four servers for all tests of faults, and an installation for each, which is looked over at its end."""

import pytest

from tests.system.faults.installation import Installation, Servers
from tests.system.faults.invariants import assert_nothing_is_left_behind, assert_nothing_is_lost


@pytest.fixture(scope="session")
def servers(own_postgres, own_s3, own_rabbitmq, own_redis):
    return Servers(own_postgres, own_s3, own_rabbitmq, own_redis)


@pytest.fixture
def installation(servers, tmp_path):
    """Whatever a test does to it, at its end nothing that was accepted is lost, made twice, or left behind."""
    with Installation.on(servers, tmp_path) as installation:
        yield installation
        assert_nothing_is_lost(installation)
        assert_nothing_is_left_behind(installation)


@pytest.fixture(scope="module")
def standing_installation(servers, tmp_path_factory):
    """For all tests of a module, to which the module adds the processes that they share."""
    with Installation.on(servers, tmp_path_factory.mktemp("standing")) as installation:
        yield installation
        assert_nothing_is_left_behind(installation)


@pytest.fixture
def standing(standing_installation):
    """The same, looked over after each test."""
    yield standing_installation
    assert_nothing_is_lost(standing_installation)
    standing_installation.record.forget()
