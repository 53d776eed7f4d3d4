"""What may be done with webhooks by those whose they are."""

from uuid import uuid4

import pytest

from imgsvc.domain.errors import (
    InvalidUrl,
    UrlNotAllowed,
    WebhookNotFound,
)
from imgsvc.domain.webhook import WebhookChanges, WebhookEvent, WebhookId
from imgsvc.ports.pages import PageRequest
from tests.application.policies import a_policy

URL = "https://example.org/hook"
EVENTS = tuple(WebhookEvent)


@pytest.fixture
def policy():
    return a_policy(own_hosts=("pictures.example.org",))


@pytest.mark.parametrize(
    ("url", "kind"),
    [("ftp://example.org/", InvalidUrl), ("https://pictures.example.org/", UrlNotAllowed)],
)
def test_an_address_that_cannot_be_is_neither_made_nor_changed_to(use_cases, ada, webhook, url, kind):
    with pytest.raises(kind):
        use_cases.create_webhook(ada, url, EVENTS, WebhookId(uuid4()))
    with pytest.raises(kind):
        use_cases.change_webhook(ada, webhook.id, WebhookChanges(url=url))

    assert use_cases.list_webhooks(ada) == [webhook]


def test_an_address_is_what_the_sender_calls(use_cases, ada, webhook, receivers):
    receivers.refused = UrlNotAllowed("of the inside")

    with pytest.raises(UrlNotAllowed):
        use_cases.create_webhook(ada, URL, EVENTS, WebhookId(uuid4()))
    with pytest.raises(UrlNotAllowed):
        use_cases.change_webhook(ada, webhook.id, WebhookChanges(url=URL))
    assert use_cases.change_webhook(ada, webhook.id, WebhookChanges(enabled=True)) == webhook


def test_where_nobody_is_called_no_webhook_is_made(with_ports, ada):
    with pytest.raises(UrlNotAllowed, match="switched off"):
        with_ports(webhook_sender=None).create_webhook(ada, URL, EVENTS, WebhookId(uuid4()))


def test_of_somebody_elses_webhook_nobody_learns_whether_an_address_could_be_called(use_cases, stranger, webhook):
    with pytest.raises(WebhookNotFound):
        use_cases.change_webhook(stranger, webhook.id, WebhookChanges(url="https://pictures.example.org/"))


def test_made_again_by_the_same_id_it_has_the_same_secret(use_cases, ada):
    webhook_id = WebhookId(uuid4())

    first, second = (use_cases.create_webhook(ada, URL, EVENTS, webhook_id) for _ in "12")

    assert first == second


def test_the_sweep_removes_what_is_left_of_deleted_webhooks(use_cases, ports, webhook):
    use_cases.send_test_message(webhook.owner, webhook.id)
    use_cases.delete_webhook(webhook.owner, webhook.id)

    use_cases.sweep()

    assert ports.deliveries.list_of(webhook.id, PageRequest()).items == []
    assert ports.webhooks.remove_deleted(1) == 0


def test_who_gives_his_account_up_waits_for_his_own_webhooks_alone(use_cases, ports, webhook):
    bob = use_cases.register_user("bob", "correct horse")
    his = use_cases.create_webhook(bob.id, URL, EVENTS, WebhookId(uuid4()))[0]
    for one in (webhook, his):
        use_cases.send_test_message(one.owner, one.id)
    use_cases.delete_webhook(webhook.owner, webhook.id)

    use_cases.delete_account(bob, "correct horse")

    left = [len(ports.deliveries.list_of(one.id, PageRequest()).items) for one in (webhook, his)]
    assert left == [1, 0]
