"""What waits for nobody in Postgres: the removal of what is not needed any more."""

from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from imgsvc.adapters.repositories import migrate, open_repositories
from tests.ages import ago, finished_at, unused_since
from tests.entities import FAILURE, RENDITION, a_job, a_user, a_variant, an_image
from tests.real_servers.postgres import execute, new_database, plain_url

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def url(postgres_url):
    with new_database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture
def repositories(url):
    execute(url, "DELETE FROM images; DELETE FROM users")
    with open_repositories(url) as repositories:
        yield repositories


@pytest.fixture
def image(repositories):
    repositories.users.add(owner := a_user())
    repositories.images.add(image := an_image(owner))
    return image


def unused(repositories, image):
    """Two variants that nobody has wanted for long."""
    made = [a_variant(image, fingerprint=name).ready(RENDITION, ago(days=9)) for name in ("engine-1", "engine-2")]
    for variant in made:
        repositories.variants.record(variant)
    unused_since(repositories.retention, ago(days=9))
    return [variant.id for variant in made]


def ended(repositories, image):
    """Two jobs that failed long ago."""
    made = [a_job(image, fingerprint=name) for name in ("engine-1", "engine-2")]
    for job in made:
        repositories.variants.add_if_absent(job)
        repositories.variants.fail(repositories.variants.claim(job.id, HOUR), FAILURE, ago(days=9))
    finished_at(repositories.retention, ago(days=9))
    return [job.id for job in made]


@pytest.mark.parametrize(
    ("old", "remove"),
    [
        (unused, lambda retention, ids: list(retention.expire(ids, HOUR))),
        (ended, lambda retention, ids: list(retention.prune(ids, HOUR).removed)),
    ],
    ids=["expire", "prune"],
)
def test_a_row_that_somebody_has_in_hand_is_passed_over(repositories, url, image, old, remove):
    held, free = old(repositories, image)

    with closing(psycopg.connect(plain_url(url))) as other:
        other.execute("SELECT 1 FROM variants WHERE id = %s FOR UPDATE", [held])
        removed = remove(repositories.retention, [held, free])

    assert removed == [free]
    assert remove(repositories.retention, [held, free]) == [held]


def test_a_migration_of_older_rows_counts_them_as_used_just_then(postgres_url):
    with new_database(postgres_url) as url:
        migrate(url)
        with open_repositories(url) as repositories:
            repositories.users.add(owner := a_user())
            repositories.images.add(image := an_image(owner))
            repositories.variants.record(a_variant(image).ready(RENDITION, ago(days=999)))
        execute(url, "ALTER TABLE variants DROP COLUMN used_at, DROP COLUMN sha256; DROP INDEX ix_jobs_finished")
        execute(url, "UPDATE alembic_version SET version_num = '0004'")

        migrate(url)

        with open_repositories(url) as repositories:
            assert repositories.retention.unused(HOUR, 10) == []
            assert len(repositories.retention.unused(timedelta(0), 10)) == 1
