"""What every DeliveryRepository does, and which deliveries the end of a job adds.

A lease of no time is over as soon as it is given: so leases end here without anybody waiting for them.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.delivery import Attempt, DeliveryId, DeliveryStatus, EndedJob
from imgsvc.domain.errors import DeliveryNotFound, WebhookNotFound
from imgsvc.domain.variant import CANCELLED, Failure
from imgsvc.domain.webhook import DisabledReason, WebhookChanges, WebhookEvent
from imgsvc.ports.pages import PageRequest
from tests.ages import ago, delivered_at, told_of
from tests.entities import FAILURE, NOW, RENDITION, a_job, a_test, a_user, a_variant, a_webhook, an_image, later

MINUTE, NO_TIME = timedelta(minutes=1), timedelta(0)
ALL = PageRequest(limit=100)
SECRET = "whsec_c2VjcmV0"
TAKEN, REFUSED = Attempt(204), Attempt(500, "the receiver answered 500")


@pytest.fixture
def variants(repositories):
    return repositories.variants


@pytest.fixture
def webhooks(repositories):
    return repositories.webhooks


@pytest.fixture
def deliveries(repositories):
    return repositories.deliveries


@pytest.fixture
def ada(repositories):
    user = a_user()
    repositories.users.add(user)
    return user


@pytest.fixture
def image(repositories, ada):
    image = an_image(ada)
    repositories.images.add(image)
    return image


@pytest.fixture
def webhook(webhooks, ada):
    return webhooks.add(a_webhook(ada), SECRET, 10)[0]


@pytest.fixture
def claimed(variants, image):
    """Claims a job that waited."""

    def claimed(**changes):
        job, _ = variants.add_if_absent(a_job(image, fingerprint=uuid4().hex, **changes))
        return variants.claim(job.id, MINUTE)

    return claimed


def told(deliveries, webhook):
    return deliveries.list_of(webhook.id, ALL).items


# What the end of a job adds


def test_a_job_that_is_ready_is_told_in_the_same_step(variants, deliveries, webhook, claimed, image):
    claim = claimed()

    assert variants.finish(claim, RENDITION, later(5))

    (delivery,) = told(deliveries, webhook)
    assert (delivery.event, delivery.webhook_id) == ("variant.ready", webhook.id)
    assert delivery.job == EndedJob(id=claim.variant.id, image_id=image.id)
    assert (delivery.created_at, delivery.status, delivery.attempts) == (later(5), DeliveryStatus.PENDING, 0)
    assert ago(minutes=1) < delivery.next_attempt_at < ago(minutes=-1)


def test_a_job_that_failed_is_told_with_its_failure(variants, deliveries, webhook, claimed):
    claim, failure = claimed(), Failure(code="corrupt_image", detail="it ends too early \0 \\0")

    assert variants.fail(claim, failure, later(5))

    (delivery,) = told(deliveries, webhook)
    assert (delivery.event, delivery.created_at) == ("variant.failed", later(5))
    assert (delivery.job.id, delivery.job.failure) == (claim.variant.id, failure)


def test_an_end_that_is_told_twice_or_too_late_adds_nothing(variants, deliveries, webhook, claimed):
    claim = claimed()
    variants.finish(claim, RENDITION, NOW)

    assert not variants.finish(claim, RENDITION, NOW)
    assert not variants.fail(claim, FAILURE, NOW)
    assert not variants.finish(evolve(claim, token=uuid4()), RENDITION, NOW)
    assert len(told(deliveries, webhook)) == 1


def test_each_webhook_of_the_owner_is_told_what_it_wants_to_know(repositories, variants, webhooks, deliveries, ada):
    ready, failed = ((WebhookEvent(f"variant.{one}"),) for one in ("ready", "failed"))
    both, of_ready, of_failed = (
        webhooks.add(a_webhook(ada, **one), SECRET, 10)[0] for one in ({}, {"events": ready}, {"events": failed})
    )
    stranger, image = a_user(), an_image(ada)
    repositories.users.add(stranger)
    repositories.images.add(image)
    theirs, _ = webhooks.add(a_webhook(stranger), SECRET, 10)
    done, broken = (variants.add_if_absent(a_job(image, fingerprint=one))[0] for one in "ab")

    variants.finish(variants.claim(done.id, MINUTE), RENDITION, NOW)
    variants.fail(variants.claim(broken.id, MINUTE), FAILURE, later())

    events = [[one.event for one in told(deliveries, webhook)] for webhook in (both, of_ready, of_failed, theirs)]
    assert events == [["variant.failed", "variant.ready"], ["variant.ready"], ["variant.failed"], []]
    assert len({one.id for webhook in (both, of_ready) for one in told(deliveries, webhook)}) == 3


def test_a_webhook_is_not_told_of_an_event_whose_name_is_part_of_one_that_it_is_told_of(
    variants, deliveries, webhook, claimed
):
    told_of(deliveries, "variant.ready.again,not.variant.ready", webhook.id)

    assert variants.finish(claimed(), RENDITION, NOW)
    assert told(deliveries, webhook) == []


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_webhook_that_is_disabled_or_deleted_is_told_nothing(variants, webhooks, deliveries, webhook, claimed, how):
    if how == "disabled":
        webhooks.disable(webhook.id, DisabledReason.GONE)
    else:
        webhooks.delete(webhook.owner, webhook.id)

    assert variants.finish(claimed(), RENDITION, NOW)
    assert told(deliveries, webhook) == []


def test_a_job_that_was_cancelled_is_not_told(variants, deliveries, webhook, claimed):
    claim = claimed()
    variants.cancel(claim.variant.id, Failure(code=CANCELLED, detail="cancelled"), NOW)

    assert not variants.finish(claim, RENDITION, NOW)
    assert told(deliveries, webhook) == []


def test_a_job_whose_image_was_deleted_is_not_told(repositories, variants, deliveries, webhook, claimed, image):
    claim = claimed()
    repositories.images.delete(image.id)

    assert not variants.finish(claim, RENDITION, NOW)
    assert told(deliveries, webhook) == []


def test_a_job_that_goes_back_to_the_queue_is_told_when_it_ends(variants, deliveries, webhook, claimed):
    claim = claimed()
    variants.release(claim, charged=True)

    assert told(deliveries, webhook) == []
    variants.finish(variants.claim(claim.variant.id, MINUTE), RENDITION, NOW)
    assert len(told(deliveries, webhook)) == 1


def test_a_job_that_is_tried_again_by_its_owner_is_told_each_time(variants, deliveries, webhook, claimed):
    claim = claimed()
    variants.fail(claim, FAILURE, NOW)
    variants.retry(claim.variant.id, later())
    variants.finish(variants.claim(claim.variant.id, MINUTE), RENDITION, later(2))

    assert [one.event for one in told(deliveries, webhook)] == ["variant.ready", "variant.failed"]


def test_a_variant_that_is_made_on_the_spot_is_not_told(variants, deliveries, webhook, image):
    variants.record(a_variant(image).ready(RENDITION, NOW))
    variants.record(a_variant(image).ready(RENDITION, NOW))

    assert told(deliveries, webhook) == []


@pytest.mark.parametrize("is_claimed", [False, True])
def test_a_job_that_somebody_makes_on_the_spot_is_told_once(variants, deliveries, webhook, image, is_claimed):
    job, _ = variants.add_if_absent(a_job(image))
    claim = variants.claim(job.id, MINUTE) if is_claimed else None

    recorded = variants.record(a_variant(image).ready(RENDITION, later(5)))
    variants.record(a_variant(image).ready(RENDITION, later(6)))

    assert claim is None or not variants.finish(claim, RENDITION, NOW)
    (delivery,) = told(deliveries, webhook)
    assert (delivery.event, delivery.job.id, delivery.created_at) == ("variant.ready", recorded.id, later(5))


def test_a_job_that_failed_and_is_made_on_the_spot_has_ended_before(variants, deliveries, webhook, claimed):
    claim = claimed()
    variants.fail(claim, FAILURE, NOW)

    variants.record(evolve(claim.variant, queued_at=None).ready(RENDITION, later()))

    assert [one.event for one in told(deliveries, webhook)] == ["variant.failed"]


def test_of_many_who_end_the_same_job_at_once_one_is_told(variants, deliveries, webhook, claimed):
    claim = claimed()
    ready = evolve(claim.variant, queued_at=None).ready(RENDITION, NOW)

    with ThreadPoolExecutor(6) as threads:
        ends = [threads.submit(variants.finish, claim, RENDITION, NOW) for _ in range(3)]
        ends += [threads.submit(variants.record, ready) for _ in range(3)]
        for end in ends:
            end.result()

    assert len(told(deliveries, webhook)) == 1


def test_jobs_end_while_webhooks_of_their_owner_are_removed(variants, webhooks, ada, claimed):
    claims = [claimed() for _ in range(20)]

    def come_and_go():
        for _ in range(20):
            webhook, _ = webhooks.add(a_webhook(ada), SECRET, 10)
            webhooks.delete(ada.id, webhook.id)
            while webhooks.remove_deleted(10):
                pass

    with ThreadPoolExecutor(3) as threads:
        going = threads.submit(come_and_go)
        ended = list(threads.map(lambda claim: variants.finish(claim, RENDITION, NOW), claims))
        going.result()

    assert ended == [True] * 20


# What is done with them


@pytest.fixture
def added(deliveries, webhook):
    """Adds one that tells of no job."""

    def added(to=webhook, **changes):
        delivery = a_test(to, **changes)
        deliveries.add(delivery)
        return delivery

    return added


def test_whoever_claims_a_delivery_has_all_to_send_it(deliveries, webhook, added):
    delivery = added()

    due = deliveries.claim(MINUTE)

    assert (due.delivery.id, due.delivery.payload) == (delivery.id, delivery.payload)
    assert (due.url, due.secrets, due.is_failing, due.is_wanted) == (webhook.url, (SECRET,), False, True)
    assert (due.delivery.attempts, due.delivery.next_attempt_at) == (1, None)
    assert "whsec" not in repr(due)


def test_what_is_claimed_is_nobody_elses_until_the_lease_is_over(deliveries, added):
    added()

    first = deliveries.claim(NO_TIME)
    second = deliveries.claim(MINUTE)

    assert (first.delivery.id, first.delivery.attempts) == (second.delivery.id, 1)
    assert second.delivery.attempts == 2
    assert deliveries.claim(MINUTE) is None
    assert not deliveries.conclude(first, TAKEN, None)
    assert deliveries.conclude(second, TAKEN, None)


def test_many_who_claim_at_once_have_each_another(deliveries, added):
    ids = {added().id for _ in range(20)}

    with ThreadPoolExecutor(6) as threads:
        claims = list(threads.map(lambda _: deliveries.claim(MINUTE), range(40)))
    found = [one.delivery.id for one in claims if one is not None]
    while due := deliveries.claim(MINUTE):
        found.append(due.delivery.id)

    assert sorted(found) == sorted(ids)


def test_what_is_due_longest_is_claimed_first_and_nothing_of_who_is_busy(deliveries, webhooks, ada, webhook, added):
    other, _ = webhooks.add(a_webhook(ada), SECRET, 10)
    first = added()
    sleep(0.002)  # SQLite's clock counts milliseconds
    second, third = added(), added(to=other)

    assert deliveries.claim(MINUTE, [webhook.id]).delivery.id == third.id
    assert deliveries.claim(MINUTE, [webhook.id, other.id]) is None
    assert [deliveries.claim(MINUTE, [other.id]).delivery.id for _ in "12"] == [first.id, second.id]


def test_what_was_taken_is_due_no_more(deliveries, webhook, added):
    added()
    deliveries.conclude(deliveries.claim(NO_TIME), TAKEN, None)

    (delivery,) = told(deliveries, webhook)
    assert (delivery.status, delivery.attempts, delivery.last_status) == (DeliveryStatus.SUCCEEDED, 1, 204)
    assert (delivery.next_attempt_at, delivery.last_trouble) == (None, None)
    assert ago(minutes=1) < delivery.last_attempt_at < ago(minutes=-1)
    assert deliveries.claim(MINUTE) is None


def test_what_was_not_taken_is_due_again_when_it_is_said(deliveries, webhook, added):
    added()
    deliveries.conclude(deliveries.claim(MINUTE), REFUSED, MINUTE)

    (delivery,) = told(deliveries, webhook)
    assert (delivery.status, delivery.last_status) == (DeliveryStatus.PENDING, 500)
    assert delivery.last_trouble == REFUSED.trouble
    assert ago(seconds=-50) < delivery.next_attempt_at < ago(seconds=-70)
    assert deliveries.claim(MINUTE) is None


def test_what_was_not_taken_for_the_last_time_has_failed(deliveries, webhook, added):
    added()
    deliveries.conclude(deliveries.claim(MINUTE), REFUSED, NO_TIME)
    again = deliveries.claim(MINUTE)
    deliveries.conclude(again, REFUSED, None)

    (delivery,) = told(deliveries, webhook)
    assert (delivery.status, delivery.attempts, delivery.next_attempt_at) == (DeliveryStatus.FAILED, 2, None)
    assert deliveries.claim(MINUTE) is None


@pytest.mark.parametrize("attempt", [TAKEN, REFUSED])
def test_what_has_ended_is_sent_again_as_the_same_message(deliveries, webhook, added, attempt):
    delivery = added()
    deliveries.conclude(deliveries.claim(MINUTE), attempt, None)

    replayed = deliveries.replay(webhook.id, delivery.id)

    assert (replayed.id, replayed.status, replayed.attempts) == (delivery.id, DeliveryStatus.PENDING, 0)
    assert deliveries.claim(MINUTE).delivery.payload == delivery.payload


def test_what_is_being_sent_is_not_sent_beside_that(deliveries, webhook, added):
    delivery = added()
    due = deliveries.claim(MINUTE)

    deliveries.replay(webhook.id, delivery.id)

    assert deliveries.claim(MINUTE) is None
    assert deliveries.conclude(due, TAKEN, None)


def test_only_what_is_there_is_sent_again(deliveries, webhooks, ada, webhook, added):
    delivery = added()
    other, _ = webhooks.add(a_webhook(ada), SECRET, 10)

    for webhook_id, delivery_id in ((other.id, delivery.id), (webhook.id, DeliveryId(uuid4()))):
        with pytest.raises(DeliveryNotFound):
            deliveries.replay(webhook_id, delivery_id)


def test_nothing_is_added_to_a_deleted_webhook(webhooks, webhook, added):
    webhooks.delete(webhook.owner, webhook.id)

    with pytest.raises(WebhookNotFound):
        added()


def test_two_secrets_are_good_until_the_overlap_ends(deliveries, webhooks, ada, webhook, added):
    webhooks.replace_secret(ada.id, webhook.id, "whsec_new", MINUTE)
    added()
    assert deliveries.claim(NO_TIME).secrets == ("whsec_new", SECRET)

    webhooks.replace_secret(ada.id, webhook.id, "whsec_newer", NO_TIME)

    assert deliveries.claim(MINUTE).secrets == ("whsec_newer",)


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_what_waits_for_a_webhook_that_wants_nothing_is_given_up(deliveries, webhooks, webhook, added, how):
    for _ in range(3):
        added()
    if how == "disabled":
        webhooks.change(webhook.owner, webhook.id, WebhookChanges(enabled=False))
    else:
        webhooks.delete(webhook.owner, webhook.id)

    assert not deliveries.claim(NO_TIME).is_wanted
    assert (deliveries.abandon(webhook.id, 2), deliveries.abandon(webhook.id, 2)) == (2, 1)
    assert deliveries.claim(MINUTE) is None
    assert {one.status for one in told(deliveries, webhook)} == {DeliveryStatus.FAILED}


def test_what_is_being_sent_to_a_webhook_that_is_disabled_is_not_given_up(deliveries, webhook, added):
    added()
    claimed = deliveries.claim(MINUTE)

    assert deliveries.abandon(webhook.id, 10) == 0
    assert deliveries.conclude(claimed, TAKEN, None)
    assert [one.status for one in told(deliveries, webhook)] == [DeliveryStatus.SUCCEEDED]


def test_deliveries_are_listed_by_status_in_parts_the_newest_first(deliveries, webhook, added):
    old = added()
    deliveries.conclude(deliveries.claim(MINUTE), TAKEN, None)
    new = added(created_at=later())

    first = deliveries.list_of(webhook.id, PageRequest(limit=1))
    second = deliveries.list_of(webhook.id, PageRequest(limit=1, after=first.next))

    assert [one.id for one in (*first.items, *second.items)] == [new.id, old.id]
    assert second.next is None
    by_status = {
        status: [one.id for one in deliveries.list_of(webhook.id, ALL, status=status).items]
        for status in DeliveryStatus
    }
    assert by_status == {
        DeliveryStatus.PENDING: [new.id],
        DeliveryStatus.SUCCEEDED: [old.id],
        DeliveryStatus.FAILED: [],
    }


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(repositories, deliveries, webhook, added):
    old, young, waiting = added(), added(), added()
    for attempt in (TAKEN, REFUSED):
        deliveries.conclude(deliveries.claim(MINUTE), attempt, None)
    delivered_at(repositories, ago(days=31), old.id)

    assert deliveries.prune(timedelta(days=30), 10) == 1
    assert deliveries.prune(timedelta(days=30), 10) == 0
    assert {one.id for one in told(deliveries, webhook)} == {young.id, waiting.id}


def test_whatever_is_due_at_once_is_told_in_its_process(variants, deliveries, webhook, claimed, added, delivery_is_due):
    claim = claimed()

    for cause in (
        lambda: added(),
        lambda: variants.finish(claim, RENDITION, NOW),
        lambda: deliveries.replay(webhook.id, told(deliveries, webhook)[0].id),
    ):
        delivery_is_due.clear()
        cause()
        assert delivery_is_due.is_set()


def test_the_end_of_a_job_that_nobody_is_told_of_is_not_told(variants, claimed, delivery_is_due):
    claim = claimed()
    delivery_is_due.clear()

    assert variants.finish(claim, RENDITION, NOW)
    assert not delivery_is_due.is_set()
