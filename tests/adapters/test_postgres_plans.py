"""How Postgres goes about each list and look-up: by an index, in its order, never through a whole table."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event

from imgsvc.adapters.repositories import migrate, open_repositories
from imgsvc.adapters.repositories.transactions import reading
from imgsvc.domain.delivery import DeliveryStatus
from imgsvc.domain.image_search import ImageSearch, ImageSort, SourceFormat
from imgsvc.domain.variant import RenderingName, VariantStatus
from imgsvc.ports.pages import PageRequest, Position
from imgsvc.ports.retention import Named, Original
from imgsvc.ports.variants import Claim
from tests.entities import FAILURE, NOW, RENDITION, a_job, a_test, a_user, a_variant, a_webhook, an_image
from tests.real_servers.postgres import execute, new_database

# Numbers as ids: user 1 has most of everything, and image 7 most variants; some others share the rest.
USER, IMAGE, VARIANT = UUID(int=1), UUID(int=7), UUID(int=1_000_007)
WEBHOOK = UUID(int=3_000_001)
NOBODY = UUID(int=0)
NO_TIME = timedelta(0)
MIDDLE = NOW + timedelta(hours=2)
BEHIND = Position(NOW + timedelta(hours=2), NOBODY)
NAME = RenderingName(IMAGE, "spec", "engine")
_image = an_image(a_user())
CLAIM = Claim(a_variant(_image), _image, NOBODY)
NAMED = Named(NOBODY, NAME, is_unused=True)
# Each row is the one that the repositories made, but for what the lists are about. That one is read once, and not for
# each of the others, and made into another once, and not for each column: that took a minute.
COPY = """
WITH the_one AS MATERIALIZED (SELECT made FROM {table} made)
INSERT INTO {table} SELECT another.*
FROM the_one, generate_series(2, {count}) n, LATERAL jsonb_populate_record(made, jsonb_build_object({changes})) another
"""
MOMENT = "timestamptz '2026-03-01' + n * interval '1 second'"
OWNER = "CASE WHEN n % 5 = 0 THEN 1 + n % 19 ELSE 1 END"

# What lists of images are sorted and searched by.
DIFFERENT = {
    "name_key": "md5(n::text)",
    "byte_count": "n",
    "sha256": "md5(n::text) || md5(n::text)",
    "media_type": "CASE n % 50 WHEN 0 THEN 'image/webp' ELSE 'image/jpeg' END",
}
TAGS = """
INSERT INTO image_tags (image_id, tag, owner, created_at)
SELECT id, '{tag}', owner, created_at FROM images WHERE extract(epoch FROM created_at)::int % {every} = 0;
"""


def numbered(number):
    return f"(lpad(to_hex({number}), 32, '0'))::uuid"


@pytest.fixture(scope="module")
def repositories(postgres_url):
    """With 20,000 images and as many variants."""
    user = a_user(id=USER)
    image = an_image(user, id=UUID(int=1))
    with new_database(postgres_url) as url:
        migrate(url)
        with open_repositories(url) as repositories:
            repositories.users.add(user)
            repositories.images.add(image)
            repositories.variants.record(a_job(image, id=UUID(int=1_000_001)).ready(RENDITION, NOW))
            multiply(url, "users", 2_000, id=numbered("n"), username_key="'somebody' || n")
            multiply(url, "images", 20_000, id=numbered("n"), owner=numbered(OWNER), created_at=MOMENT, **DIFFERENT)
            execute(url, TAGS.format(tag="common", every=2) + TAGS.format(tag="rare", every=1000))
            multiply(url, "usage", 2_000, owner=numbered("n"))
            multiply(
                url,
                "variants",
                20_000,
                id=numbered("1000000 + n"),
                owner=numbered(OWNER),
                image_id=numbered("CASE WHEN n % 2 = 0 THEN 7 ELSE 1 + n % 4000 END"),
                spec_id="md5(n::text)",
                status="CASE n % 40 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'ready' END",
                failure_code="'corrupt_image'",
                failure_detail="'it ends too early'",
                created_at=MOMENT,
                queued_at=f"CASE n % 3 WHEN 0 THEN NULL ELSE {MOMENT} END",
                finished_at=f"CASE n % 40 WHEN 0 THEN NULL ELSE {MOMENT} END",
                signalled_at=MOMENT,
                used_at=MOMENT,
            )
            webhook, _ = repositories.webhooks.add(a_webhook(user, id=WEBHOOK), "whsec_c2VjcmV0", 10)
            repositories.deliveries.add(a_test(webhook, id=UUID(int=2_000_001)))
            multiply(url, "webhooks", 2_000, id=numbered("3000000 + n"), owner=numbered("n"))
            multiply(
                url,
                "webhook_deliveries",
                20_000,
                id=numbered("2000000 + n"),
                webhook_id=numbered("CASE WHEN n % 2 = 0 THEN 3000001 ELSE 3000001 + n % 2000 END"),
                created_at=MOMENT,
                status="CASE n % 40 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'succeeded' END",
                due_at=f"CASE n % 40 WHEN 0 THEN {MOMENT} ELSE NULL END",
                ended_at=f"CASE n % 40 WHEN 0 THEN NULL ELSE {MOMENT} END",
            )
            execute(url, "VACUUM ANALYZE")
            yield repositories


def multiply(url, table, count, **changes):
    pairs = ", ".join(f"'{name}', {value}" for name, value in changes.items())
    execute(url, COPY.format(table=table, count=count, changes=pairs))


def plan_of(repositories, call):
    """How Postgres goes about the statements of a call that look for something."""
    engine, searches = repositories.users.engine, []

    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
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
    "deliveries": ("ix_webhook_deliveries_list", lambda of, page: of.deliveries.list_of(WEBHOOK, page)),
    "failed deliveries": (
        "ix_webhook_deliveries_status",
        lambda of, page: of.deliveries.list_of(WEBHOOK, page, status=DeliveryStatus.FAILED),
    ),
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


@pytest.mark.parametrize("is_deep", [False, True], ids=["the first page", "behind a cursor"])
@pytest.mark.parametrize(
    ("search", "index", "mark"),
    [
        (ImageSearch(sort=ImageSort.OLDEST), "ix_images_owner", MIDDLE),
        (ImageSearch(sort=ImageSort.NAME), "ix_images_owner_name", "somewhere"),
        (ImageSearch(sort=ImageSort.NAME_DESC), "ix_images_owner_name", "somewhere"),
        (ImageSearch(sort=ImageSort.SMALLEST), "ix_images_owner_bytes", 5000),
        (ImageSearch(sort=ImageSort.LARGEST), "ix_images_owner_bytes", 5000),
        (ImageSearch(format=SourceFormat.WEBP), "ix_images_owner_format", MIDDLE),
        (ImageSearch(tag="rare"), "ix_image_tags_owner", MIDDLE),
        (ImageSearch(tag="common"), "ix_image_tags_owner", MIDDLE),
        (ImageSearch(tag="common", sort=ImageSort.OLDEST), "ix_image_tags_owner", MIDDLE),
        (ImageSearch(created_after=NOW, min_width=3), "ix_images_owner", MIDDLE),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_what_is_searched_for_is_read_from_an_index_in_order(repositories, search, index, mark, is_deep):
    page = PageRequest(after=Position(mark, USER)) if is_deep else PageRequest()

    plan = plan_of(repositories, lambda of: of.images.list_of(USER, page, search))

    direction = "Scan Backward" if search.sort.goes_down else "Scan"
    assert re.search(rf"Index (Only )?{direction} using {index} on", plan)
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    if is_deep:
        assert ("id) < ROW(" if search.sort.goes_down else "id) > ROW(") in plan.partition("Index Cond")[2]


@pytest.mark.parametrize(
    ("call", "index"),
    [
        (lambda of: of.variants.count_unfinished(USER, 1000), "ix_jobs_owner_status"),
        (lambda of: of.variants.count_waiting(10_000), "ix_jobs_stalled"),
        (lambda of: of.images.count_of(USER), "pk_usage"),
        (lambda of: of.images.count_matching(USER, ImageSearch(tag="common"), 1001), "Limit"),
        (lambda of: of.images.existing([IMAGE, USER]), "Only Scan using pk_images"),
        (lambda of: of.images.get(IMAGE), "pk_images"),
        (lambda of: of.images.delete(UUID(int=0)), "pk_images"),
        (lambda of: of.variants.find(NAME), "uq_variants_image_id_spec_id_fingerprint"),
        (lambda of: of.variants.get(VARIANT), "pk_variants"),
        (lambda of: of.variants.claim(VARIANT, NO_TIME), "pk_variants"),
        (lambda of: of.variants.take_stalled(NO_TIME, 10), "ix_jobs_stalled"),
        (lambda of: of.variants.finish(CLAIM, RENDITION, NOW), "ix_webhooks_owner"),
        (lambda of: of.variants.fail(CLAIM, FAILURE, NOW), "pk_variants"),
        (lambda of: of.webhooks.list_of(USER), "ix_webhooks_owner"),
        (lambda of: of.deliveries.claim(NO_TIME), "Index Only Scan using ix_webhook_deliveries_due"),
        (lambda of: of.deliveries.claim(NO_TIME, [WEBHOOK]), "Index Only Scan using ix_webhook_deliveries_due"),
        (lambda of: of.deliveries.abandon(NOBODY, 10), "ix_webhook_deliveries_status"),
        (lambda of: of.deliveries.prune(NO_TIME, 10), "ix_webhook_deliveries_ended"),
        (lambda of: of.webhooks.remove_deleted(10), "ix_webhooks_deleted"),
        (lambda of: of.users.find_by_username("somebody7"), "uq_users_username_key"),
        (lambda of: of.retention.note_use(NOBODY), "pk_variants"),
        (lambda of: of.retention.unused(NO_TIME, 10), "Index Only Scan using ix_variants_unused"),
        (lambda of: of.retention.unused(NO_TIME, 10, BEHIND), "Index Only Scan using ix_variants_unused"),
        (lambda of: of.retention.expire([NOBODY], NO_TIME), "pk_variants"),
        (lambda of: of.retention.finished_jobs(NO_TIME, 10), "Index Only Scan using ix_jobs_finished"),
        (lambda of: of.retention.finished_jobs(NO_TIME, 10, BEHIND), "Index Only Scan using ix_jobs_finished"),
        (lambda of: of.retention.prune([NOBODY], NO_TIME), "pk_variants"),
        (lambda of: of.retention.existing([NAME, NAME]), "uq_variants_image_id_spec_id_fingerprint"),
        (lambda of: of.retention.by_name(NO_TIME, 10), "uq_variants_image_id_spec_id_fingerprint"),
        (
            lambda of: of.retention.by_name(NO_TIME, 10, NAMED),
            "uq_variants_image_id_spec_id_fingerprint",
        ),
        (lambda of: of.retention.originals(10, Original(IMAGE, IMAGE)), "Index Scan using pk_images"),
        (lambda of: of.images.find_equal(USER, "0" * 64), "ix_images_owner_sha256"),
        (lambda of: of.images.having_bytes([IMAGE]), "ix_images_bytes"),
    ],
)
def test_look_ups_and_claims_use_an_index(repositories, call, index):
    plan = plan_of(repositories, call)

    assert index in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
