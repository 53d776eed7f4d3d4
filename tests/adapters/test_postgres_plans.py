"""How Postgres goes about each list and look-up: by an index, in its order, never through a whole table."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event

from imgsvc.adapters.repositories import migrate, open_repositories
from imgsvc.adapters.repositories.transactions import reading
from imgsvc.domain.variant import VariantStatus
from imgsvc.ports.repositories import PageRequest, Position
from tests.entities import NOW
from tests.real_servers.postgres import execute, new_database

# Numbers as ids: user 1 has most of everything, and image 7 most variants; some others share the rest.
USER, IMAGE, VARIANT = UUID(int=1), UUID(int=7), UUID(int=1_000_007)
NO_TIME = timedelta(0)
FILLING = """
INSERT INTO users (id, username, username_key, password_hash, created_at)
    SELECT {id}, 'user' || n, 'user' || n, '', now() FROM generate_series(1, 2000) n;
INSERT INTO images (id, owner, name, media_type, stored_width, stored_height, orientation, frames, has_alpha,
                    byte_count, sha256, created_at)
    SELECT {id}, {owner}, 'tree.jpg', 'image/jpeg', 60, 40, 1, 1, false, 4321, repeat(md5(n::text), 2), {moment}
    FROM generate_series(1, 20000) n;
INSERT INTO variants (id, owner, image_id, spec, spec_id, fingerprint, status, attempts, created_at, queued_at,
                      finished_at, signalled_at, media_type, width, height, byte_count, failure_code, failure_detail)
    SELECT (lpad(to_hex(1000000 + n), 32, '0'))::uuid, {owner}, {image}, '{{"steps":[]}}', md5(n::text), 'engine-1',
           CASE n % 40 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'ready' END, 1, {moment},
           CASE n % 3 WHEN 0 THEN NULL ELSE {moment} END, CASE n % 40 WHEN 0 THEN NULL ELSE {moment} END, {moment},
           'image/webp', 30, 20, 1234, 'corrupt_image', 'it ends too early'
    FROM generate_series(1, 20000) n;
INSERT INTO usage SELECT users.id, count(images.id) FROM users LEFT JOIN images ON owner = users.id GROUP BY users.id;
ANALYZE
""".format(
    id="(lpad(to_hex(n), 32, '0'))::uuid",
    owner="(lpad(to_hex(CASE WHEN n % 5 = 0 THEN 1 + n % 19 ELSE 1 END), 32, '0'))::uuid",
    image="(lpad(to_hex(CASE WHEN n % 2 = 0 THEN 7 ELSE 1 + n % 4000 END), 32, '0'))::uuid",
    moment="timestamptz '2026-03-01' + n * interval '1 second'",
)


@pytest.fixture(scope="module")
def repositories(postgres_url):
    """With 20,000 images and as many variants."""
    with new_database(postgres_url) as url:
        migrate(url)
        execute(url, FILLING)
        with open_repositories(url) as repositories:
            yield repositories


def plan_of(repositories, call):
    """How Postgres goes about the statements of a call that look for something."""
    engine, searches = repositories.users.engine, []

    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            searches.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    call(repositories)
    event.remove(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN {search}", values).scalars().all() for search, values in searches]
    return "\n".join(line for plan in plans for line in plan)


PAGES = {
    "the first page": PageRequest(),
    "a later page": PageRequest(page=3),
    "behind a cursor": PageRequest(after=Position(NOW + timedelta(hours=2), USER)),
    "the largest": PageRequest(limit=100),
}
LISTS = {
    "images": ("ix_images_owner", lambda of, page: of.images.list_of(USER, page)),
    "variants of an image": ("ix_variants_image", lambda of, page: of.variants.list_of_image(IMAGE, page)),
    "jobs": ("ix_jobs_owner", lambda of, page: of.variants.list_jobs(USER, page)),
    "failed jobs": (
        "ix_jobs_owner_status",
        lambda of, page: of.variants.list_jobs(USER, page, status=VariantStatus.FAILED),
    ),
    "jobs of an image": ("ix_jobs_owner_image", lambda of, page: of.variants.list_jobs(USER, page, image_id=IMAGE)),
    "failed jobs of an image": (
        "ix_jobs_owner_(image|status)",  # whichever leaves less to be passed over
        lambda of, page: of.variants.list_jobs(USER, page, image_id=IMAGE, status=VariantStatus.FAILED),
    ),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_read_from_its_index_in_order(repositories, name, page):
    index, call = LISTS[name]

    plan = plan_of(repositories, lambda of: call(of, PAGES[page]))

    assert re.search(rf"Index Scan Backward using {index} on", plan)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    if page == "behind a cursor":
        assert "_at, id) < ROW(" in plan.partition("Index Cond")[2].partition("\n")[0]


@pytest.mark.parametrize(
    ("call", "index"),
    [
        (lambda of: of.images.count_of(USER), "pk_usage"),
        (lambda of: of.images.existing([IMAGE, USER]), "Only Scan using pk_images"),
        (lambda of: of.images.get(IMAGE), "pk_images"),
        (lambda of: of.images.delete(UUID(int=0)), "pk_images"),
        (lambda of: of.variants.find(IMAGE, "spec", "engine"), "uq_variants_image_id_spec_id_fingerprint"),
        (lambda of: of.variants.get(VARIANT), "pk_variants"),
        (lambda of: of.variants.claim(VARIANT, NO_TIME), "pk_variants"),
        (lambda of: of.variants.take_stalled(NO_TIME, 10), "ix_jobs_stalled"),
        (lambda of: of.users.find_by_username("user7"), "uq_users_username_key"),
    ],
)
def test_look_ups_and_claims_use_an_index(repositories, call, index):
    plan = plan_of(repositories, call)

    assert index in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
