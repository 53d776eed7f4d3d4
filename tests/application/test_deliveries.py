"""Messages on their way to webhooks."""

from datetime import timedelta

import pytest
from attrs import define, evolve

from imgsvc.application.use_cases import assemble
from imgsvc.domain.delivery import ABANDONED, Attempt, DeliveryStatus, RetrySchedule
from imgsvc.domain.errors import Unavailable, WebhookDisabled
from imgsvc.domain.webhook import DisabledReason, WebhookChanges
from imgsvc.ports.pages import PageRequest
from tests.ages import ago, delivered_at, failing_since
from tests.application.policies import a_policy
from tests.application.receivers import GONE, REFUSED, TAKEN

NO_TIME, MINUTE = timedelta(0), timedelta(minutes=1)


@pytest.fixture
def policy():
    return a_policy(webhook_schedule=RetrySchedule((NO_TIME, NO_TIME)))


@pytest.fixture
def send_all(use_cases):
    """Sends what is due, until nothing is."""

    def send_all():
        while due := use_cases.claim_delivery(()):
            use_cases.send_delivery(due)

    return send_all


def deliveries(use_cases, webhook):
    return use_cases.list_deliveries(webhook.owner, webhook.id, PageRequest(limit=100)).items


def shown(use_cases, webhook):
    return use_cases.get_webhook(webhook.owner, webhook.id)


def test_what_is_taken_is_sent_once(use_cases, webhook, receivers, send_all):
    delivery = use_cases.send_test_message(webhook.owner, webhook.id)

    send_all()

    assert receivers.got == [str(delivery.id)]
    assert [one.status for one in deliveries(use_cases, webhook)] == [DeliveryStatus.SUCCEEDED]


def test_what_is_not_taken_is_sent_as_often_as_the_schedule_says(use_cases, webhook, receivers, send_all):
    receivers.answers = [REFUSED]
    use_cases.send_test_message(webhook.owner, webhook.id)

    send_all()

    (delivery,) = deliveries(use_cases, webhook)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.FAILED, 3)
    assert len(set(receivers.got)) == 1
    assert shown(use_cases, webhook).failing_since
    assert shown(use_cases, webhook).is_enabled


def test_a_receiver_that_asks_for_time_has_it(use_cases, webhook, receivers, send_all):
    receivers.answers = [Attempt(503, "later", timedelta(hours=1))]
    use_cases.send_test_message(webhook.owner, webhook.id)

    send_all()

    (delivery,) = deliveries(use_cases, webhook)
    assert ago(minutes=-59) < delivery.next_attempt_at < ago(minutes=-61)
    assert delivery.attempts == 1


def test_who_takes_something_fails_no_more(use_cases, webhook, receivers, send_all):
    receivers.answers = [REFUSED, TAKEN]
    use_cases.send_test_message(webhook.owner, webhook.id)

    send_all()

    assert shown(use_cases, webhook) == webhook


def test_who_takes_nothing_for_days_is_disabled_and_its_owner_told_why(use_cases, ports, webhook, receivers, send_all):
    receivers.answers = [REFUSED]
    use_cases.send_test_message(webhook.owner, webhook.id)
    send_all()
    failing_since(ports, ago(days=6))
    for _ in range(3):
        use_cases.send_test_message(webhook.owner, webhook.id)
    sent = len(receivers.got)

    send_all()

    assert shown(use_cases, webhook).disabled_reason is DisabledReason.FAILING
    assert len(receivers.got) == sent + 1
    assert {one.status for one in deliveries(use_cases, webhook)} == {DeliveryStatus.FAILED}


def test_who_may_fail_for_ever_is_never_disabled(ports, policy, webhook, receivers):
    receivers.answers = [REFUSED]
    for_ever = assemble(ports, evolve(policy, webhook_failing_life=None))
    for _ in "12":
        for_ever.send_test_message(webhook.owner, webhook.id)
        for_ever.send_delivery(for_ever.claim_delivery(()))
        failing_since(ports, ago(days=1000))

    assert shown(for_ever, webhook).is_enabled


def test_who_is_gone_is_disabled_at_once(use_cases, webhook, receivers, send_all):
    receivers.answers = [GONE]
    for _ in range(3):
        use_cases.send_test_message(webhook.owner, webhook.id)

    send_all()

    assert shown(use_cases, webhook).disabled_reason is DisabledReason.GONE
    assert len(receivers.got) == 1
    assert {one.status for one in deliveries(use_cases, webhook)} == {DeliveryStatus.FAILED}


def test_what_waits_when_its_owner_disables_it_has_failed(use_cases, webhook, receivers, send_all):
    delivery = use_cases.send_test_message(webhook.owner, webhook.id)

    use_cases.change_webhook(webhook.owner, webhook.id, WebhookChanges(enabled=False))
    send_all()

    assert [one.status for one in deliveries(use_cases, webhook)] == [DeliveryStatus.FAILED]
    assert receivers.got == []
    with pytest.raises(WebhookDisabled):
        use_cases.send_test_message(webhook.owner, webhook.id)
    with pytest.raises(WebhookDisabled):
        use_cases.replay_delivery(webhook.owner, webhook.id, delivery.id)


def test_what_was_noted_for_a_webhook_just_before_it_was_disabled_is_not_sent(
    use_cases, ports, webhook, receivers, send_all
):
    use_cases.send_test_message(webhook.owner, webhook.id)
    ports.webhooks.disable(webhook.id, DisabledReason.GONE)

    send_all()

    assert receivers.got == []
    assert [one.status for one in deliveries(use_cases, webhook)] == [DeliveryStatus.FAILED]


def test_what_is_being_sent_when_its_webhook_is_disabled_is_shown_as_what_came_of_it(
    use_cases, webhook, receivers, send_all
):
    receivers.answers = [TAKEN, REFUSED]
    for _ in "12":
        use_cases.send_test_message(webhook.owner, webhook.id)
    on_the_way = [use_cases.claim_delivery(()) for _ in "12"]

    use_cases.change_webhook(webhook.owner, webhook.id, WebhookChanges(enabled=False))
    for due in on_the_way:
        use_cases.send_delivery(due)
    send_all()

    ended = {one.id: (one.status, one.last_trouble) for one in deliveries(use_cases, webhook)}
    assert ended == {
        on_the_way[0].delivery.id: (DeliveryStatus.SUCCEEDED, None),
        on_the_way[1].delivery.id: (DeliveryStatus.FAILED, ABANDONED.trouble),
    }
    assert len(receivers.got) == 2


@define
class Away:
    """Deliveries that cannot be concluded for so many times."""

    deliveries: object
    times: int

    def __getattr__(self, name):
        return getattr(self.deliveries, name)

    def conclude(self, *arguments):
        if self.times:
            self.times -= 1
            raise Unavailable("away")
        return self.deliveries.conclude(*arguments)


@pytest.mark.parametrize(("times", "is_noted"), [(4, True), (5, False)])
def test_what_came_of_a_message_is_noted_once_the_database_is_back(use_cases, webhook, times, is_noted):
    use_cases.send_test_message(webhook.owner, webhook.id)
    send = evolve(use_cases.send_delivery, pause=lambda _: None)
    send = evolve(send, deliveries=Away(send.deliveries, times))
    due = evolve(use_cases.claim_delivery, lease=NO_TIME)(())

    if is_noted:
        send(due)
    else:
        with pytest.raises(Unavailable):
            send(due)

    # Else it is due again, as soon as the lease is over.
    assert (use_cases.claim_delivery(()) is None) is is_noted


def test_the_sweep_forgets_what_ended_long_ago(use_cases, ports, webhook, send_all):
    old = use_cases.send_test_message(webhook.owner, webhook.id)
    young = use_cases.send_test_message(webhook.owner, webhook.id)
    send_all()
    delivered_at(ports, ago(days=31), old.id)

    use_cases.sweep()

    assert [one.id for one in deliveries(use_cases, webhook)] == [young.id]


def test_kept_for_ever_deliveries_stay(ports, policy, webhook):
    for_ever = assemble(ports, evolve(policy, delivery_life=None))
    delivery = for_ever.send_test_message(webhook.owner, webhook.id)
    for_ever.send_delivery(for_ever.claim_delivery(()))
    delivered_at(ports, ago(days=10_000), delivery.id)

    for_ever.sweep()

    assert len(deliveries(for_ever, webhook)) == 1
