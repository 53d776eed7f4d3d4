"""The adapters that each contract is tested with."""

from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.adapters.blobs import open_blob_store
from imgsvc.adapters.cache import open_cache
from imgsvc.adapters.credentials.bcrypt_passwords import BcryptPasswords
from imgsvc.adapters.credentials.jwt_tokens import JwtTokens
from imgsvc.adapters.credentials.refresh_tokens import RefreshTokens
from imgsvc.adapters.imaging import open_engine_in_children
from imgsvc.adapters.jobs import open_jobs
from imgsvc.adapters.repositories import migrate, open_repositories
from imgsvc.domain.limits import Limits
from tests.clocks import StoppedClock
from tests.migrated import put_new_database
from tests.real_servers.postgres import execute
from tests.real_servers.rabbitmq import new_queue
from tests.real_servers.redis import forget_ours


@pytest.fixture
def sqlite_repositories_url(tmp_path):
    return put_new_database(tmp_path / "imgsvc.db")


@pytest.fixture(scope="session")
def delivery_is_due():
    """Set whenever the repositories have added a delivery."""
    return Event()


@pytest.fixture
def sqlite_repositories(sqlite_repositories_url, delivery_is_due):
    with open_repositories(sqlite_repositories_url, on_delivery=delivery_is_due.set) as repositories:
        yield repositories


@pytest.fixture(scope="session")
def opened_postgres(postgres_url, delivery_is_due):
    """Opened once, since connecting takes longer than most tests."""
    migrate(postgres_url)
    with open_repositories(postgres_url, on_delivery=delivery_is_due.set) as repositories:
        yield repositories


@pytest.fixture
def postgres_repositories(opened_postgres, postgres_url):
    # Quicker than TRUNCATE, since there is little.
    execute(postgres_url, "DELETE FROM images; DELETE FROM users; DELETE FROM foundation; DELETE FROM installation")
    return opened_postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def repositories(request):
    return request.getfixturevalue(f"{request.param}_repositories")


@pytest.fixture
def memory_blobs_url():
    return "memory:"


@pytest.fixture
def file_blobs_url(tmp_path):
    return f"file://{tmp_path}/blobs"


@pytest.fixture
def memory_blobs(memory_blobs_url):
    with open_blob_store(memory_blobs_url) as store:
        yield store


@pytest.fixture
def file_blobs(file_blobs_url):
    with open_blob_store(file_blobs_url) as store:
        yield store


@pytest.fixture(scope="session")
def opened_s3(s3_url):
    """Opened once, since to make and remove a bucket takes longer than most tests."""
    with open_blob_store(s3_url) as store:
        yield store


@pytest.fixture
def s3_blobs(opened_s3):
    """A folder of its own, so that what one test leaves is no other's trouble."""
    return evolve(opened_s3, folder=f"{uuid4().hex}/")


@pytest.fixture(params=["memory", "file", pytest.param("s3", marks=pytest.mark.servers)])
def blobs(request):
    return request.getfixturevalue(f"{request.param}_blobs")


@pytest.fixture
def memory_cache_url():
    return "memory:"


@pytest.fixture
def redis_cache_url(redis_url):
    forget_ours(redis_url)
    return f"{redis_url}?max_bytes=0"


@pytest.fixture
def layered_cache_url(redis_url):
    forget_ours(redis_url)
    return redis_url


@pytest.fixture(params=["memory", *(pytest.param(one, marks=pytest.mark.servers) for one in ("redis", "layered"))])
def cache(request):
    with open_cache(request.getfixturevalue(f"{request.param}_cache_url")) as opened:
        yield opened.cache


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def locks(request):
    with open_cache(request.getfixturevalue(f"{request.param}_cache_url")) as opened:
        yield opened.locks


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def limiter(request):
    with open_cache(request.getfixturevalue(f"{request.param}_cache_url")) as opened:
        yield opened.rate_limiter


@pytest.fixture
def memory_jobs_url():
    return "memory:"


@pytest.fixture
def rabbitmq_jobs_url(rabbitmq_url):
    with new_queue(rabbitmq_url) as url:
        yield url


@pytest.fixture(params=["memory", pytest.param("rabbitmq", marks=pytest.mark.servers)])
def jobs_url(request):
    return request.getfixturevalue(f"{request.param}_jobs_url")


@pytest.fixture
def jobs(jobs_url):
    with open_jobs(jobs_url) as jobs:
        yield jobs


@pytest.fixture
def password_hasher():
    return BcryptPasswords(b"a secret of the tests, 32 bytes long", cost=4)


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def token_issuer(clock):
    return JwtTokens(b"a secret of the tests, 32 bytes long", "imgsvc", "imgsvc", timedelta(hours=1), clock)


@pytest.fixture
def refresh_tokens():
    return RefreshTokens(b"a secret of the tests, 32 bytes long")


def in_children(name):
    minute = timedelta(minutes=1)
    return open_engine_in_children(name, Limits(), slots=2, deadline=minute, memory=2**30)


@pytest.fixture(scope="session")
def pillow_in_children():
    with in_children("pillow") as engine:
        yield engine


@pytest.fixture(scope="session")
def vips_in_children():
    with in_children("vips") as engine:
        yield engine
