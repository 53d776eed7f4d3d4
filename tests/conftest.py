"""A service on embedded adapters, inside the test's process or as a server of its own."""

import pytest

from imgsvc import Settings, compose, running_worker
from tests.servers import running_server

pytest_plugins = ["tests.real_servers.fixtures"]


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", password_cost=4, worker_slots=2)


@pytest.fixture
def service(settings):
    with compose(settings) as service:
        yield service


@pytest.fixture
def worker(service):
    with running_worker(service, slots=2):
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture
def anyone(server):
    with server.client() as client:
        yield client


@pytest.fixture
def account(server):
    account = server.account()
    with account.client:
        yield account
