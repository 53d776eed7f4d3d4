"""A service on embedded adapters, inside the test's process or as a server of its own."""

import gc
import logging

import pytest

from imgsvc import Settings, compose, running_worker
from imgsvc.entrypoints.logs import unbind
from tests.migrated import put_new_database

pytest_plugins = ["tests.real_servers.fixtures", "tests.everywhere"]


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that no process is left with it alone at the end."""
    items.sort(key=lambda item: "system" not in item.path.parts)


@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    """Ten thousand tests are no garbage: to look through them over and over takes a third of the time."""
    gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def restored_logging():
    """A command that runs inside the test's process configures the log, and no other test may notice."""
    names = (None, "uvicorn", "uvicorn.error", "alembic", "PIL", "python_multipart", "pika")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = logging.getLogger().handlers[:]
    yield
    unbind()
    logging.getLogger().handlers = handlers
    for name, level in levels.items():
        # To set one has every logger look anew for what it inherits.
        if logging.getLogger(name).level != level:
            logging.getLogger(name).setLevel(level)


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", password_cost=4, worker_slots=2)


@pytest.fixture
def service(settings):
    put_new_database(settings.data_dir / "imgsvc.sqlite3")
    with compose(settings) as service:
        yield service


@pytest.fixture
def worker(service):
    with running_worker(service, slots=2):
        yield


@pytest.fixture
def anyone(server):
    with server.client() as client:
        yield client


@pytest.fixture
def account(server):
    account = server.account()
    with account.client:
        yield account
