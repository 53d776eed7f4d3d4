"""Messages to webhooks, sent where jobs are made."""

import logging
from threading import Event, Thread
from time import monotonic
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc import Settings, compose
from imgsvc.domain.delivery import DeliveryStatus
from imgsvc.domain.errors import Busy, Unavailable
from imgsvc.domain.webhook import WebhookEvent, WebhookId
from imgsvc.entrypoints import messenger as messenger_module
from imgsvc.entrypoints.messenger import Messenger
from imgsvc.entrypoints.worker import Worker
from imgsvc.ports.pages import PageRequest
from tests.application.adapters import Failing
from tests.entrypoints.worker.services import Recorded, with_use_case
from tests.receivers import TAKEN, receiver, receiver_that
from tests.waiting import wait_for


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", password_cost=4, worker_slots=1, outbound_networks="127.0.0.1/32")


@pytest.fixture
def told(service, ada):
    """Has the receiver told of what ends, and answers the webhook."""

    def told(site):
        return service.use_cases.create_webhook(ada, site.url, tuple(WebhookEvent), WebhookId(uuid4()))[0]

    return told


@pytest.fixture
def sending():
    """Sends what is due of a service, until the test ends."""
    begun = []

    def sending(service):
        begun.append(Messenger(service))
        begun[-1].start()
        return begun[-1]

    yield sending
    for one in begun:
        one.finish(monotonic() + 10)


def statuses(service, webhook):
    page = service.use_cases.list_deliveries(webhook.owner, webhook.id, PageRequest(limit=100))
    return {one.status for one in page.items}


def test_what_a_worker_makes_its_own_process_tells_at_once(service, asked_for, told):
    worker = Worker(service, slots=1)
    with receiver() as site:
        webhook = told(site)
        worker.start()
        begun = monotonic()
        job = asked_for(20)
        wait_for(lambda: statuses(service, webhook) == {DeliveryStatus.SUCCEEDED})
        seconds = monotonic() - begun
        worker.finish()

    assert len(site.ids()) == 1
    assert service.use_cases.get_job(job.owner, job.id).finished_at
    assert seconds < 10


def test_what_another_process_adds_is_found_before_long(service, settings, ada, told, sending):
    with receiver() as site, compose(settings) as elsewhere:
        webhook = told(site)
        sending(service)
        elsewhere.use_cases.send_test_message(ada, webhook.id)
        wait_for(site.ids)


def test_who_makes_no_jobs_sends_nothing_and_neither_does_who_has_webhooks_switched_off(service, ada, told):
    off = evolve(service, settings=evolve(service.settings, webhooks=False))
    with receiver() as site:
        webhook = told(site)
        service.use_cases.send_test_message(ada, webhook.id)
        for worker in (Worker(service, slots=0), Worker(off, slots=1)):
            worker.start()
            worker.finish()

    assert site.ids() == []


def test_a_database_that_is_away_is_asked_again(service, ada, told, sending, monkeypatch):
    monkeypatch.setattr(messenger_module, "_LOOK_EVERY", 0.05)
    failures = [Unavailable("away"), RuntimeError("a mistake of ours")]

    def fail():
        if failures:
            raise failures.pop()

    claim = Recorded(service.use_cases.claim_delivery, fail)
    with receiver() as site:
        webhook = told(site)
        service.use_cases.send_test_message(ada, webhook.id)
        messenger = sending(with_use_case(service, claim_delivery=claim))
        wait_for(lambda: statuses(service, webhook) == {DeliveryStatus.SUCCEEDED})

    assert failures == []
    assert messenger.is_well


def test_a_database_that_is_away_is_told_once_until_it_has_answered_again(service, sending, monkeypatch, caplog):
    monkeypatch.setattr(messenger_module, "_LOOK_EVERY", 0.02)
    caplog.set_level(logging.INFO, "imgsvc")
    failing = Failing([])
    claim = Recorded(service.use_cases.claim_delivery, failing)
    sending(with_use_case(service, claim_delivery=claim))

    for _ in range(2):
        failing.errors += [Unavailable("away"), Unavailable("away"), Busy("too much to do"), Unavailable("away")]
        wait_for(lambda: not failing.errors)
        tried = len(claim.calls)
        wait_for(lambda tried=tried: len(claim.calls) > tried + 1)  # the one in between has worked

    told = [(record.levelname, record.message) for record in caplog.records]
    away, busy = ("INFO", "webhooks are told later: away"), ("WARNING", "webhooks are told later: too much to do")
    assert told == [away, busy] * 2


def test_an_account_whose_receivers_let_us_wait_keeps_no_other_waiting(service, ada, told, sending, monkeypatch):
    monkeypatch.setattr(messenger_module, "_AT_ONCE", 12)
    grace = service.use_cases.register_user("grace", "correct horse battery").id
    released, arrived = Event(), []

    def wait(connection):
        arrived.append(1)
        released.wait(10)
        connection.sendall(TAKEN)

    with receiver_that(wait) as slow, receiver() as quick:
        for webhook in [told(slow) for _ in range(5)]:
            for _ in range(6):
                service.use_cases.send_test_message(ada, webhook.id)
        sending(service)
        wait_for(lambda: len(arrived) >= messenger_module._AT_ONCE_OF_ACCOUNT)
        of_grace = service.use_cases.create_webhook(grace, quick.url, tuple(WebhookEvent), WebhookId(uuid4()))[0]
        service.use_cases.send_test_message(grace, of_grace.id)
        wait_for(quick.ids, seconds=5)
        meanwhile = len(arrived)
        released.set()
        wait_for(lambda: len(arrived) == 30)

    assert meanwhile < 12


def test_where_no_thread_can_be_started_messages_wait(service, ada, told, sending, monkeypatch):
    for name, value in {"_LOOK_EVERY": 0.05, "_AT_ONCE": 2}.items():
        monkeypatch.setattr(messenger_module, name, value)
    refused = []

    class Refusing(Thread):
        def start(self):
            if self.name == "webhook" and len(refused) < 5:
                refused.append(self)
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(messenger_module, "Thread", Refusing)
    with receiver() as site:
        webhook = told(site)
        for _ in range(5):
            service.use_cases.send_test_message(ada, webhook.id)
        messenger = sending(service)
        wait_for(lambda: len(refused) == 5)
        service.use_cases.send_test_message(ada, webhook.id)
        wait_for(site.ids)

    assert messenger.is_well


def test_no_more_are_on_their_way_to_one_receiver_than_may_be(service, ada, told, sending):
    may_answer = Event()

    def behave(connection):
        may_answer.wait(30)
        connection.sendall(TAKEN)

    with receiver_that(behave) as slow, receiver() as quick:
        hooks = told(slow), told(quick)
        for hook in [hooks[0]] * 10 + [hooks[1]] * 10:
            service.use_cases.send_test_message(ada, hook.id)
        sending(service)
        wait_for(lambda: statuses(service, hooks[1]) == {DeliveryStatus.SUCCEEDED})
        on_the_way = len(slow.ids())
        may_answer.set()
        wait_for(lambda: statuses(service, hooks[0]) == {DeliveryStatus.SUCCEEDED})

    assert on_the_way == 4
    assert len(slow.ids()) == 10
