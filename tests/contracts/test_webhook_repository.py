"""What every WebhookRepository does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.errors import TooManyWebhooks, UserNotFound, WebhookNotFound
from imgsvc.domain.webhook import DisabledReason, WebhookChanges, WebhookEvent, WebhookId
from imgsvc.ports.pages import PageRequest
from tests.ages import ago
from tests.entities import a_test, a_user, a_webhook, later

DAY = timedelta(days=1)
SECRET = "whsec_c2VjcmV0"


@pytest.fixture
def webhooks(repositories):
    return repositories.webhooks


@pytest.fixture
def ada(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


@pytest.fixture
def stranger(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


@pytest.fixture
def added(webhooks, ada):
    """Adds a webhook of ada's."""

    def added(**changes):
        return webhooks.add(a_webhook(ada, **changes), SECRET, 10)[0]

    return added


def deliveries_of(repositories, webhook):
    return repositories.deliveries.list_of(webhook.id, PageRequest(limit=100)).items


def test_a_webhook_is_kept_as_it_was_given(webhooks, ada):
    webhook = a_webhook(ada, url="https://example.org/é?a=%20", events=(WebhookEvent.VARIANT_FAILED,))

    assert webhooks.add(webhook, SECRET, 10) == (webhook, SECRET)
    assert webhooks.get(ada.id, webhook.id) == webhook


def test_added_twice_by_the_same_id_it_is_the_first_with_its_secret(webhooks, ada):
    webhook = a_webhook(ada)
    webhooks.add(webhook, SECRET, 1)

    assert webhooks.add(evolve(webhook, url="https://example.org/other"), "whsec_other", 1) == (webhook, SECRET)
    assert webhooks.list_of(ada.id) == [webhook]


def test_a_secret_is_in_nothing_that_is_listed_or_printed(webhooks, ada, added):
    added()

    assert "whsec" not in repr(webhooks.list_of(ada.id))


def test_webhooks_are_listed_for_their_owner_the_newest_first(webhooks, ada, stranger, added):
    old, new = added(), added(created_at=later())
    webhooks.add(a_webhook(stranger), SECRET, 10)

    assert webhooks.list_of(ada.id) == [new, old]


def test_a_stranger_finds_changes_and_deletes_nothing(webhooks, ada, stranger, added):
    webhook = added()

    for call in (
        lambda: webhooks.get(stranger.id, webhook.id),
        lambda: webhooks.change(stranger.id, webhook.id, WebhookChanges(enabled=False)),
        lambda: webhooks.replace_secret(stranger.id, webhook.id, SECRET, DAY),
        lambda: webhooks.get(ada.id, WebhookId(uuid4())),
    ):
        with pytest.raises(WebhookNotFound):
            call()
    assert not webhooks.delete(stranger.id, webhook.id)
    assert webhooks.get(ada.id, webhook.id) == webhook


def test_what_is_left_out_of_a_change_stays(webhooks, ada, added):
    webhook = added()

    elsewhere = webhooks.change(ada.id, webhook.id, WebhookChanges(url="https://example.org/other"))
    fewer = webhooks.change(ada.id, webhook.id, WebhookChanges(events=(WebhookEvent.VARIANT_READY,)))

    assert elsewhere == evolve(webhook, url="https://example.org/other")
    assert fewer == evolve(elsewhere, events=(WebhookEvent.VARIANT_READY,))
    assert webhooks.change(ada.id, webhook.id, WebhookChanges()) == fewer


def test_its_owner_disables_and_enables_it(webhooks, ada, added):
    webhook = added()

    disabled = webhooks.change(ada.id, webhook.id, WebhookChanges(enabled=False))

    assert (disabled.is_enabled, disabled.disabled_reason) == (False, DisabledReason.OWNER)
    assert ago(minutes=1) < disabled.disabled_at < ago(minutes=-1)
    assert webhooks.change(ada.id, webhook.id, WebhookChanges(enabled=True)) == webhook


def test_disabled_again_by_its_owner_it_keeps_the_reason_why_it_was(webhooks, ada, added):
    webhook = added()
    webhooks.disable(webhook.id, DisabledReason.GONE)

    assert webhooks.change(ada.id, webhook.id, WebhookChanges(enabled=False)).disabled_reason is DisabledReason.GONE


def test_it_is_disabled_once(webhooks, ada, added):
    webhook = added()

    assert webhooks.disable(webhook.id, DisabledReason.GONE)
    assert not webhooks.disable(webhook.id, DisabledReason.FAILING)
    assert webhooks.get(ada.id, webhook.id).disabled_reason is DisabledReason.GONE


def test_it_is_disabled_when_it_has_been_failing_for_long_enough(webhooks, ada, added):
    webhook = added()

    assert not webhooks.disable(webhook.id, DisabledReason.FAILING, timedelta(0))
    webhooks.note_health(webhook.id, is_failing=True)
    assert not webhooks.disable(webhook.id, DisabledReason.FAILING, DAY)
    assert webhooks.disable(webhook.id, DisabledReason.FAILING, timedelta(0))
    assert webhooks.change(ada.id, webhook.id, WebhookChanges(enabled=True)).failing_since is None


def test_it_fails_since_the_first_time_until_it_takes_something(webhooks, ada, added):
    webhook = added()

    webhooks.note_health(webhook.id, is_failing=True)
    first = webhooks.get(ada.id, webhook.id).failing_since
    webhooks.note_health(webhook.id, is_failing=True)

    assert ago(minutes=1) < first < ago(minutes=-1)
    assert webhooks.get(ada.id, webhook.id).failing_since == first
    webhooks.note_health(webhook.id, is_failing=False)
    assert webhooks.get(ada.id, webhook.id) == webhook


def test_a_deleted_webhook_is_there_for_nobody(webhooks, ada, added):
    webhook = added()

    assert webhooks.delete(ada.id, webhook.id)
    assert not webhooks.delete(ada.id, webhook.id)
    assert webhooks.list_of(ada.id) == []
    with pytest.raises(WebhookNotFound):
        webhooks.change(ada.id, webhook.id, WebhookChanges(enabled=True))


def test_a_deleted_webhook_counts_no_more(webhooks, ada):
    webhooks.add(webhook := a_webhook(ada), SECRET, 1)
    webhooks.delete(ada.id, webhook.id)

    webhooks.add(other := a_webhook(ada), SECRET, 1)

    assert webhooks.list_of(ada.id) == [other]


def test_what_is_left_of_deleted_webhooks_is_removed_part_by_part(repositories, webhooks, ada, added):
    gone, kept = added(), added()
    for _ in range(5):
        repositories.deliveries.add(a_test(gone))
    repositories.deliveries.add(a_test(kept))
    webhooks.delete(ada.id, gone.id)

    calls = 0
    while webhooks.remove_deleted(2):
        calls += 1

    assert calls == 3
    assert deliveries_of(repositories, gone) == []
    assert len(deliveries_of(repositories, kept)) == 1


def test_what_is_left_of_the_webhooks_of_one_owner_is_removed_alone(repositories, webhooks, ada, stranger, added):
    mine, others = added(), a_webhook(stranger)
    webhooks.add(others, SECRET, 10)
    for one in (mine, others):
        repositories.deliveries.add(a_test(one))
        webhooks.delete(one.owner, one.id)

    while webhooks.remove_deleted(2, ada.id):
        pass

    assert deliveries_of(repositories, mine) == []
    assert len(deliveries_of(repositories, others)) == 1


def test_an_account_that_is_given_up_has_no_webhooks(repositories, webhooks, ada, added):
    webhook = added()
    repositories.deliveries.add(a_test(webhook))

    repositories.erasure.mark(ada.id, ada.password_hash)

    assert webhooks.list_of(ada.id) == []
    with pytest.raises(UserNotFound):
        added()
    while webhooks.remove_deleted(2):
        pass
    assert deliveries_of(repositories, webhook) == []


def test_nobody_has_a_webhook_who_has_no_account(webhooks):
    with pytest.raises(UserNotFound):
        webhooks.add(a_webhook(a_user()), SECRET, 10)


def test_of_many_who_add_webhooks_at_once_no_more_do_than_may(webhooks, ada):
    def add(webhook):
        try:
            webhooks.add(webhook, SECRET, 3)
        except TooManyWebhooks:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        added = list(threads.map(add, [a_webhook(ada) for _ in range(8)]))

    assert added.count(True) == 3
    assert len(webhooks.list_of(ada.id)) == 3
