"""Ends of jobs on Postgres while somebody else has the same rows in hand: what was told once is told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from attrs import evolve
from sqlalchemy import event

from imgsvc.adapters.repositories import migrate, open_repositories
from imgsvc.ports.pages import PageRequest
from tests.entities import NOW, RENDITION, a_job, a_user, a_webhook, an_image
from tests.real_servers.postgres import execute, new_database, plain_url
from tests.waiting import wait_for

MINUTE = timedelta(minutes=1)
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def url(postgres_url):
    with new_database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture(scope="module")
def repositories(url):
    with open_repositories(url) as repositories:
        yield repositories


@pytest.fixture
def user(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


@pytest.fixture
def webhook(repositories, user):
    return repositories.webhooks.add(a_webhook(user), "whsec_c2VjcmV0", 10)[0]


@pytest.fixture
def claim(repositories, user):
    image = an_image(user)
    repositories.images.add(image)
    job, _ = repositories.variants.add_if_absent(a_job(image))
    return repositories.variants.claim(job.id, MINUTE)


@pytest.fixture
def meanwhile(url, repositories):
    """Does a call, while somebody else begins with a statement just before ours, and ends when we wait for him."""

    def done(call, *, ours, theirs):
        def begin(connection, cursor, statement, parameters, context, executemany):
            if statement.startswith(ours) and not begun:
                begun.append(other.execute(theirs))

        begun, engine = [], repositories.users.engine
        event.listen(engine, "before_cursor_execute", begin)
        with psycopg.connect(plain_url(url)) as other, ThreadPoolExecutor(1) as threads:
            running = threads.submit(call)
            wait_for(lambda: running.done() or (begun and execute(url, WAITING)))
            other.commit()
            event.remove(engine, "before_cursor_execute", begin)
            return running.result()

    return done


def told(repositories, webhook):
    return repositories.deliveries.list_of(webhook.id, PageRequest()).items


def test_a_job_ends_although_a_webhook_goes_just_then(repositories, meanwhile, webhook, claim):
    gone = f"DELETE FROM webhooks WHERE id = '{webhook.id}'"

    assert meanwhile(lambda: repositories.variants.finish(claim, RENDITION, NOW), ours="WITH", theirs=gone)
    assert told(repositories, webhook) == []


def test_a_job_that_another_ends_just_then_is_told_by_him_alone(repositories, meanwhile, webhook, claim):
    failed = "status = 'failed', finished_at = now(), failure_code = '', failure_detail = ''"
    theirs = f"UPDATE variants SET {failed} WHERE id = '{claim.variant.id}'"
    made = evolve(claim.variant, queued_at=None).ready(RENDITION, NOW)

    meanwhile(lambda: repositories.variants.record(made), ours="INSERT INTO webhook_deliveries", theirs=theirs)

    assert told(repositories, webhook) == []


def test_a_message_that_another_claims_just_then_is_passed_over(repositories, meanwhile, webhook, claim):
    repositories.variants.finish(claim, RENDITION, NOW)
    theirs = f"SELECT FROM webhook_deliveries WHERE webhook_id = '{webhook.id}' FOR UPDATE"

    assert meanwhile(lambda: repositories.deliveries.claim(MINUTE), ours="UPDATE", theirs=theirs) is None
    assert repositories.deliveries.claim(MINUTE).delivery.webhook_id == webhook.id
