"""The servers as fixtures, each started once and only if a test asks for it."""

from contextlib import ExitStack, contextmanager, nullcontext

import pytest
from attrs import evolve

from tests.real_servers.finding import NotInstalled, give_up, server_url
from tests.real_servers.postgres import POSTGRES, new_database, postgres_server
from tests.real_servers.rabbitmq import RABBITMQ, rabbitmq_server
from tests.real_servers.redis import REDIS, redis_server
from tests.real_servers.s3 import S3, new_bucket, s3_server

_OURS = {"postgres_url", "own_postgres", "redis_url", "own_redis", "s3_url", "own_s3", "rabbitmq_url", "own_rabbitmq"}


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
    with _own(POSTGRES, postgres_server) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url():
    """A Redis whose keys are the tests' to delete."""
    with server_url(REDIS) as url:
        yield url


@pytest.fixture(scope="session")
def own_redis():
    """A Redis of this machine that tests may stop and freeze; they leave it running."""
    with _own(REDIS, redis_server) as server:
        yield server


@pytest.fixture(scope="session")
def s3_url():
    """A bucket of these tests' own."""
    with server_url(S3) as url, new_bucket(url) as bucket:
        yield bucket


@pytest.fixture(scope="session")
def own_s3():
    """A server of objects on this machine that tests may stop and freeze; they leave it running."""
    with _own(S3, s3_server) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_url(request):
    """A broker that others may be using too; of this machine the one that tests may stop, since a start takes long."""

    def ours():
        return nullcontext(request.getfixturevalue("own_rabbitmq").url)

    with server_url(evolve(RABBITMQ, on_this_machine=ours)) as url:
        yield url


@pytest.fixture(scope="session")
def own_rabbitmq():
    """A RabbitMQ of this machine that tests may stop and freeze; they leave it running."""
    with _own(RABBITMQ, rabbitmq_server) as server:
        yield server


@contextmanager
def _own(kind, started):
    with ExitStack() as opened:
        try:
            server = opened.enter_context(started())
        except NotInstalled:
            give_up(kind)
        yield server
