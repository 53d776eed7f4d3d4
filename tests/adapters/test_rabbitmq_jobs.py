"""What only the queue on RabbitMQ does: brokers that die, hang, forget and refuse, and jobs that nobody survives."""

import logging
import socket
from contextlib import ExitStack
from datetime import timedelta
from time import monotonic, sleep
from uuid import uuid4

import pytest

from imgsvc.adapters.jobs import open_jobs
from imgsvc.adapters.jobs.rabbitmq import publisher as publisher_module
from imgsvc.adapters.jobs.rabbitmq.address import address_of
from imgsvc.adapters.jobs.rabbitmq.topology import DELIVERY_LIMIT
from imgsvc.domain.errors import Unavailable
from imgsvc.domain.variant import VariantId
from tests.real_servers.local import free_port
from tests.real_servers.rabbitmq import channel_on, new_queue
from tests.waiting import wait_for

SOON = timedelta(seconds=20)  # nobody waits that long unless something is broken
NOW = timedelta(milliseconds=100)
AT_ONCE = 0.2  # seconds


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """As the service has it (entrypoints/logs.py)."""
    monkeypatch.setattr(logging.getLogger("pika"), "level", logging.CRITICAL)


@pytest.fixture
def variant_id():
    return VariantId(uuid4())


@pytest.fixture
def url(rabbitmq_url):
    with new_queue(rabbitmq_url) as url:
        yield url


@pytest.fixture
def own_url(own_rabbitmq):
    """Left behind, since the broker is thrown away: so soon after a start it takes seconds to delete a queue."""
    return f"{own_rabbitmq.url}?queue=imgsvc-{uuid4().hex[:12]}"


@pytest.fixture
def jobs(url):
    with open_jobs(url) as jobs:
        yield jobs


def received(source):
    delivery = source.receive(SOON)
    delivery.acknowledge()
    return delivery.variant_id


def names_of(url):
    work = url.partition("queue=")[2].partition("&")[0]
    return {"work": work, "later": f"{work}.later", "dead letters": f"{work}.dead-letters"}


def waiting(url):
    """How many messages wait in each queue; those that somebody holds are not among them."""
    with channel_on(url) as channel:
        return {
            name: channel.queue_declare(queue, passive=True).method.message_count
            for name, queue in names_of(url).items()
        }


def cut(source):
    """The consumer's connection ends as if a cable had been pulled."""
    session = wait_for(lambda: source._link._session)
    session.connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: source._link._session not in (None, session))


def seconds_to_publish(jobs, variant_id):
    begun = monotonic()
    jobs.queue.publish(variant_id)
    return monotonic() - begun


def is_checked(jobs):
    try:
        jobs.queue.check()
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "culprit"),
    [
        ("amqp://ada:hush@host?qeue=x", "unknown job queue option 'qeue'.*queue, heartbeat, ca_file"),
        ("amqp://ada:hush@host?queue=x&queue=y", "'queue' is given twice"),
        ("amqp://ada:hush@host?queue=", "'queue' must be 1 to 200 of letters"),
        ("amqp://ada:hush@host?queue=a%20b", "'queue' must be 1 to 200 of letters"),
        ("amqp://ada:hush@host?heartbeat=0", "'heartbeat' must be 2 to 600 seconds"),
        ("amqp://ada:hush@host?heartbeat=soon", "'heartbeat' must be 2 to 600 seconds"),
        ("amqp://ada:hush@host?ca_file=/x.pem", "'ca_file' must be a file, and needs amqps:"),
        ("amqp://ada:hush@host:port/", "not understood; amqp://user:password@host"),
        ("amqp://ada:hush@host/a/b", "not understood; amqp://user:password@host"),
        ("amqp://ada:hush@host/a#b", "not understood; amqp://user:password@host"),
        ("amqp:", "not understood; amqp://user:password@host"),
    ],
)
def test_a_url_that_means_nothing_is_refused_without_its_password(url, culprit):
    with pytest.raises(ValueError, match=culprit) as refused, open_jobs(url):
        pass

    assert "hush" not in str(refused.value)


def test_certificates_that_cannot_be_read_stop_the_start():
    with pytest.raises(FileNotFoundError), open_jobs("amqps://host?ca_file=/nowhere.pem"):
        pass


def test_a_url_says_all_there_is_to_know():
    address = address_of("amqps://ada:h%40sh@host/a%2Fb?queue=pictures&heartbeat=30")

    parameters = address.parameters("test")
    assert (parameters.host, parameters.port, parameters.virtual_host) == ("host", 5671, "a/b")
    assert (parameters.credentials.username, parameters.credentials.password) == ("ada", "h@sh")
    assert (parameters.heartbeat, address.queue) == (30, "pictures")
    assert parameters.ssl_options.server_hostname == "host"
    assert "h@sh" not in repr(address)


@pytest.mark.parametrize("url", ["amqp://host", "amqp://host/", "amqp://host/%2F"])
def test_what_a_url_leaves_out_is_as_a_new_broker_has_it(url):
    parameters = address_of(url).parameters("test")

    assert (parameters.port, parameters.virtual_host, parameters.ssl_options) == (5672, "/", None)
    assert (parameters.credentials.username, parameters.credentials.password) == ("guest", "guest")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("guest:guest@", "guest:hush@", "knows no such user and password"),
        ("/?", "/nowhere?", "no virtual host 'nowhere'"),
    ],
)
def test_a_broker_that_keeps_us_out_stops_the_start(url, old, new, told):
    with pytest.raises(RuntimeError, match=told) as refused, open_jobs(url.replace(old, new)):
        pass

    assert "hush" not in str(refused.value)


def test_a_queue_that_is_not_like_ours_stops_the_start_and_is_told_with_the_difference(url):
    with channel_on(url) as channel:
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": 3}
        channel.queue_declare(names_of(url)["work"], durable=True, arguments=arguments)

    told = r"not like ours \(inequivalent arg .* for queue .*: received .* but current is .*delete it, or name another"
    with pytest.raises(RuntimeError, match=told), open_jobs(url):
        pass


def test_queues_that_are_there_already_are_taken_as_they_are(url, variant_id):
    with open_jobs(url) as jobs:
        jobs.queue.publish(variant_id)
    with open_jobs(url) as jobs:
        assert received(jobs.source) == variant_id


def test_what_was_published_is_sent_before_the_process_ends(url, variant_id):
    with open_jobs(url) as jobs:
        for _ in range(100):
            jobs.queue.publish(VariantId(uuid4()))

    assert waiting(url) == {"work": 100, "later": 0, "dead letters": 0}


def test_who_publishes_takes_nothing(jobs, url, variant_id):
    jobs.queue.publish(variant_id)

    wait_for(lambda: waiting(url)["work"] == 1)


def test_a_process_holds_no_more_than_it_has_slots(url):
    with open_jobs(url, slots=2) as greedy, open_jobs(url) as other:
        for _ in range(3):
            greedy.queue.publish(VariantId(uuid4()))
        held = [greedy.source.receive(SOON) for _ in range(2)]

        assert greedy.source.receive(NOW) is None
        assert received(other.source) not in {delivery.variant_id for delivery in held}


def test_what_a_process_held_when_it_ended_goes_to_another(url, variant_id):
    with open_jobs(url) as other, open_jobs(url) as jobs:
        jobs.queue.publish(variant_id)
        jobs.source.receive(SOON)
        jobs.source.leave()
        assert other.source.receive(NOW) is None  # it is being worked on
    with open_jobs(url) as other:
        assert received(other.source) == variant_id


def test_what_nobody_has_received_goes_to_others_as_soon_as_one_leaves(url):
    variant_ids = [VariantId(uuid4()) for _ in range(3)]
    with open_jobs(url, slots=3) as jobs, open_jobs(url) as other:
        for variant_id in variant_ids:
            jobs.queue.publish(variant_id)
        begun = jobs.source.receive(SOON)
        wait_for(lambda: len(jobs.source._arrived) == 2)
        jobs.source.leave()

        assert {received(other.source), received(other.source)} == {*variant_ids} - {begun.variant_id}


def test_what_waits_for_its_time_is_kept_by_the_broker(url, variant_id):
    with open_jobs(url) as jobs:
        jobs.queue.publish(variant_id)
        jobs.source.receive(SOON).requeue(timedelta(seconds=1))
        wait_for(lambda: waiting(url) == {"work": 0, "later": 1, "dead letters": 0})

    with open_jobs(url) as jobs:
        assert received(jobs.source) == variant_id


def test_a_job_that_takes_longer_than_heartbeats_allow_keeps_its_connection(rabbitmq_url, variant_id):
    with new_queue(rabbitmq_url, heartbeat=2) as url, open_jobs(url) as jobs, open_jobs(url) as other:
        jobs.queue.publish(variant_id)
        delivery = jobs.source.receive(SOON)
        session = jobs.source._link._session
        sleep(5)  # the broker would have ended the connection by now
        delivery.acknowledge()

        assert jobs.source._link._session is session
        assert other.source.receive(NOW) is None
        assert waiting(url)["work"] == 0


def test_a_lost_connection_comes_back_and_its_jobs_with_it(jobs, variant_id):
    jobs.queue.publish(variant_id)
    jobs.source.receive(SOON)
    cut(jobs.source)

    assert received(jobs.source) == variant_id


def test_what_is_said_of_a_job_after_its_connection_ended_does_not_count(url):
    variant_ids = {VariantId(uuid4()) for _ in range(2)}
    with open_jobs(url, slots=2) as jobs:
        for variant_id in variant_ids:
            jobs.queue.publish(variant_id)
        stale = [jobs.source.receive(SOON) for _ in range(2)]
        cut(jobs.source)
        again = [jobs.source.receive(SOON) for _ in range(2)]
        session = jobs.source._link._session
        for delivery in stale:
            delivery.acknowledge()  # with tags that mean the other two by now
        assert {delivery.variant_id for delivery in again} == variant_ids
        wait_for(lambda: not jobs.source._settlements)
        assert jobs.source._link._session is session

    with open_jobs(url) as jobs:
        assert {received(jobs.source), received(jobs.source)} == variant_ids


def test_what_kills_everybody_who_takes_it_is_given_up(url, variant_id):
    with open_jobs(url) as jobs:
        jobs.queue.publish(variant_id)
    takers = 0
    with ExitStack() as opened:
        jobs = opened.enter_context(open_jobs(url))
        while not (delivery := jobs.source.receive(SOON)).was_given_up:
            takers += 1
            assert delivery.variant_id == variant_id
            opened.pop_all().close()
            jobs = opened.enter_context(open_jobs(url))

        assert (delivery.variant_id, takers) == (variant_id, DELIVERY_LIMIT + 1)
        delivery.acknowledge()
        wait_for(lambda: waiting(url) == {"work": 0, "later": 0, "dead letters": 0})


def test_what_was_given_up_stays_given_up_when_it_is_put_back(url, variant_id):
    with channel_on(url) as channel, open_jobs(url) as jobs:
        jobs.queue.publish(variant_id)
        wait_for(lambda: waiting(url)["work"])
        method, _, _ = channel.basic_get(names_of(url)["work"])
        channel.basic_reject(method.delivery_tag, requeue=False)
        begun = monotonic()
        jobs.source.receive(SOON).requeue(timedelta(seconds=0.3))
        delivery = jobs.source.receive(SOON)

        assert (delivery.variant_id, delivery.was_given_up) == (variant_id, True)
        assert monotonic() - begun >= 0.3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"variant_id": 1, "request_id": null}',
        b'{"variant_id": "x", "request_id": null}',
        b'{"variant_id": "12345678-1234-5678-1234-567812345678", "request_id": "' + b"x" * 201 + b'"}',
        b'{"variant_id": "12345678-1234-5678-1234-567812345678", "request_id": null, "more": 1}',
        b"[" * 1000,
        b" " * 100_000,
    ],
)
def test_a_message_that_is_not_ours_is_dropped_with_a_word_and_holds_nobody_up(jobs, url, variant_id, caplog, body):
    caplog.set_level(logging.INFO, "imgsvc.adapters.jobs.rabbitmq.consumer")
    with channel_on(url) as channel:
        channel.basic_publish("", names_of(url)["work"], body)
    jobs.queue.publish(variant_id)

    assert received(jobs.source) == variant_id
    wait_for(lambda: waiting(url) == {"work": 0, "later": 0, "dead letters": 0})
    wait_for(lambda: len(caplog.records) == 2)
    assert [record.message.partition(" ours: ")[0] for record in caplog.records] == [
        "set aside a message that is not",
        "dropped a message that is not",
    ]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.INFO]
    assert all(len(record.body) < 100 for record in caplog.records)


def test_queues_that_were_deleted_are_made_again(jobs, url):
    first, second = (VariantId(uuid4()) for _ in range(2))
    jobs.queue.publish(first)
    assert received(jobs.source) == first
    with channel_on(url) as channel:
        for queue in names_of(url).values():
            channel.queue_delete(queue)

    jobs.queue.publish(second)

    assert received(jobs.source) == second


def test_a_broker_that_is_not_there_is_told_once_and_waited_for(caplog):
    caplog.set_level(logging.WARNING, "imgsvc")
    with open_jobs(f"amqp://127.0.0.1:{free_port()}") as jobs:
        assert jobs.source.receive(timedelta(seconds=1)) is None
        with pytest.raises(Unavailable, match="does not answer"):
            jobs.queue.check()

    ours = [record for record in caplog.records if record.name.startswith("imgsvc")]
    (told,) = [record.message for record in ours]
    assert told.startswith("the job queue's broker is in trouble: it cannot be reached (")


def test_signals_that_nobody_takes_are_refused_when_there_are_too_many(monkeypatch, variant_id):
    monkeypatch.setattr(publisher_module, "_MOST_WAITING", 3)
    with open_jobs(f"amqp://127.0.0.1:{free_port()}") as jobs:
        for _ in range(2):
            jobs.queue.publish(VariantId(uuid4()))
        jobs.queue.publish(variant_id)
        jobs.queue.publish(variant_id)

        with pytest.raises(Unavailable, match="too many signals"):
            jobs.queue.publish(VariantId(uuid4()))


def test_a_broker_that_was_killed_has_lost_nothing_and_gets_what_was_published_meanwhile(own_rabbitmq, own_url, caplog):
    caplog.set_level(logging.INFO, "imgsvc")
    before, meanwhile = ([VariantId(uuid4()) for _ in range(50)] for _ in range(2))
    with open_jobs(own_url) as jobs:
        for variant_id in before:
            jobs.queue.publish(variant_id)
        wait_for(lambda: waiting(own_url)["work"] == 50)
        own_rabbitmq.kill()
        took = max(seconds_to_publish(jobs, variant_id) for variant_id in meanwhile)
        wait_for(lambda: not is_checked(jobs))
        own_rabbitmq.start()
        found = {received(jobs.source) for _ in range(100)}

        assert found == {*before, *meanwhile}
        assert took < AT_ONCE
        assert is_checked(jobs)
    begun, ended = [record.message for record in caplog.records if hasattr(record, "dependency")]
    assert begun.startswith("the job queue's broker is in trouble: it cannot be reached (")
    assert ended == "the job queue's broker works again"


def test_nobody_waits_for_a_broker_that_hangs(own_rabbitmq, own_url, variant_id):
    with open_jobs(own_url) as jobs:
        with own_rabbitmq.frozen():
            took = seconds_to_publish(jobs, variant_id)
            wait_for(lambda: not is_checked(jobs))

        assert took < AT_ONCE
        assert received(jobs.source) == variant_id


def test_a_broker_that_hangs_holds_up_neither_start_nor_end(own_rabbitmq, own_url, variant_id):
    with own_rabbitmq.frozen():
        begun = monotonic()
        with open_jobs(own_url) as jobs:
            opened = monotonic() - begun
            jobs.queue.publish(variant_id)
            begun = monotonic()
        closed = monotonic() - begun

    assert opened < 6
    assert closed < 3
