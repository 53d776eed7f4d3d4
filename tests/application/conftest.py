"""The use cases on embedded adapters, each of which a test may put another in place of."""

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.adapters.blobs.in_memory import InMemoryBlobs
from imgsvc.adapters.cache.in_memory import InMemoryCache
from imgsvc.adapters.cache.in_memory_locks import InMemoryLocks
from imgsvc.adapters.cache.in_memory_rate_limits import InMemoryRateLimits
from imgsvc.adapters.credentials.bcrypt_passwords import BcryptPasswords
from imgsvc.adapters.credentials.hmac_signatures import HmacSignatures
from imgsvc.adapters.credentials.jwt_tokens import JwtTokens
from imgsvc.adapters.credentials.random_keys import RandomKeys
from imgsvc.adapters.credentials.refresh_tokens import RefreshTokens
from imgsvc.adapters.imaging.pillow.engine import PillowEngine
from imgsvc.adapters.jobs import open_jobs
from imgsvc.adapters.repositories import open_repositories
from imgsvc.application.ports import Ports
from imgsvc.application.use_cases import assemble
from imgsvc.domain.limits import Limits
from imgsvc.domain.webhook import WebhookEvent, WebhookId
from imgsvc.entrypoints.composition import utc_now
from tests.application.adapters import WatchedEngine
from tests.application.policies import a_policy
from tests.application.receivers import Receivers
from tests.entities import a_user
from tests.migrated import put_new_database
from tests.pictures import encoded, quadrants

SECRET = b"a secret of the tests, 32 bytes long"


@pytest.fixture
def repositories(tmp_path):
    with open_repositories(put_new_database(tmp_path / "imgsvc.sqlite3")) as repositories:
        yield repositories


@pytest.fixture
def signals():
    """The end of the job queue that workers see."""
    with open_jobs("memory:") as jobs:
        yield jobs


@pytest.fixture
def engine():
    return WatchedEngine(PillowEngine(Limits()))


@pytest.fixture
def receivers():
    return Receivers()


@pytest.fixture
def ports(repositories, signals, engine, receivers):
    return Ports(
        installation=repositories.installation,
        users=repositories.users,
        sessions=repositories.sessions,
        api_keys=repositories.api_keys,
        erasure=repositories.erasure,
        images=repositories.images,
        variants=repositories.variants,
        presets=repositories.presets,
        webhooks=repositories.webhooks,
        deliveries=repositories.deliveries,
        retention=repositories.retention,
        invalidations=repositories.invalidations,
        idempotency=repositories.idempotency,
        blobs=InMemoryBlobs(),
        cache=InMemoryCache(),
        locks=InMemoryLocks(),
        limiter=InMemoryRateLimits(),
        jobs=signals.queue,
        engine=engine,
        hasher=BcryptPasswords(SECRET, cost=4),
        tokens=JwtTokens(SECRET, "imgsvc", "imgsvc", timedelta(hours=1), utc_now),
        signer=HmacSignatures({"a": SECRET}),
        refresh_tokens=RefreshTokens(SECRET),
        key_issuer=RandomKeys(),
        clock=utc_now,
        webhook_sender=receivers,
    )


@pytest.fixture
def policy():
    return a_policy()


@pytest.fixture
def use_cases(ports, policy):
    return assemble(ports, policy)


@pytest.fixture
def with_ports(ports, policy):
    """The use cases with some ports changed for others."""

    def changed(**others):
        return assemble(evolve(ports, **others), policy)

    return changed


@pytest.fixture
def ada(ports):
    user = a_user()
    ports.users.add(user)
    return user.id


@pytest.fixture
def stranger(ports):
    user = a_user()
    ports.users.add(user)
    return user.id


@pytest.fixture
def picture():
    return encoded(quadrants())


@pytest.fixture
def image(use_cases, ada, picture):
    return use_cases.upload_image(ada, BytesIO(picture), "picture.png")


@pytest.fixture
def webhook(use_cases, ada):
    """One of ada's, which is told everything."""
    return use_cases.create_webhook(ada, "https://example.org/hook", tuple(WebhookEvent), WebhookId(uuid4()))[0]
