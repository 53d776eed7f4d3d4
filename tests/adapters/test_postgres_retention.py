"""What waits for nobody in Postgres: the removal of what is not needed any more."""

from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from imgsvc.adapters.repositories import migrate, open_repositories
from imgsvc.adapters.repositories.postgres import postgres_engine
from tests.ages import ago, finished_at, unused_since
from tests.entities import FAILURE, RENDITION, a_job, a_user, a_variant, an_image
from tests.older_schema import migrate_to
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


VARIANT_OF_BEFORE = """
INSERT INTO users (id, username, username_key, password_hash, created_at)
    VALUES (gen_random_uuid(), 'ada', 'ada', '', now());
INSERT INTO images (id, owner, name, media_type, stored_width, stored_height, orientation, frames, has_alpha,
                    byte_count, sha256, created_at)
    SELECT gen_random_uuid(), id, 'tree.jpg', 'image/jpeg', 60, 40, 1, 1, false, 4321, '', now() FROM users;
INSERT INTO variants (id, owner, image_id, spec_id, fingerprint, spec, status, attempts, created_at, media_type, width,
                      height, byte_count, finished_at)
    SELECT gen_random_uuid(), owner, id, 'spec', 'engine', '{}', 'ready', 1, now(), 'image/png', 6, 4, 99,
           now() - interval '999 days' FROM images
"""


def test_a_migration_of_older_rows_counts_them_as_used_just_then(postgres_url):
    with new_database(postgres_url) as url:
        migrate_to("0004", postgres_engine(url, pool_size=1))
        execute(url, VARIANT_OF_BEFORE)

        migrate(url)

        with open_repositories(url) as repositories:
            assert repositories.retention.unused(HOUR, 10) == []
            assert len(repositories.retention.unused(timedelta(0), 10)) == 1
