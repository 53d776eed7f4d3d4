"""The servers as fixtures, each started once and only if a test asks for it."""

from contextlib import ExitStack

import pytest

from tests.real_servers.finding import NotInstalled, give_up, server_url
from tests.real_servers.postgres import POSTGRES, new_database, postgres_server

_OURS = {"postgres_url", "own_postgres"}


def pytest_collection_modifyitems(items):
    """Mark what asks for a server by the fixture's name; parameters that name one carry the mark themselves."""
    for item in items:
        if _OURS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def postgres_url():
    """An empty database of these tests' own."""
    with server_url(POSTGRES) as url, new_database(url) as database:
        yield database


@pytest.fixture(scope="session")
def own_postgres():
    """A Postgres of this machine that tests may stop and freeze; they leave it running."""
    with ExitStack() as opened:
        try:
            server = opened.enter_context(postgres_server())
        except NotInstalled:
            give_up(POSTGRES)
        yield server
