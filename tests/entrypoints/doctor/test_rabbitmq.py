"""What ``imgsvc doctor`` says of a broker: each thing that can be wrong, with the words that tell how to mend it."""

from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from imgsvc.adapters.jobs import open_jobs
from imgsvc.domain.variant import VariantId
from tests.entrypoints.doctor.conftest import SECRET
from tests.real_servers.rabbitmq import channel_on, full, new_queue, visitor
from tests.waiting import wait_for


@pytest.fixture
def unmade(own_rabbitmq):
    """A queue that nobody has made."""
    with new_queue(own_rabbitmq.url) as url:
        yield url


@pytest.fixture
def queue(unmade):
    with open_jobs(unmade):
        pass
    return unmade


def name_of(url):
    return dict(parse_qsl(urlsplit(url).query))["queue"]


def waiting_in(url, queue):
    with channel_on(url) as channel:
        return channel.queue_declare(queue, passive=True).method.message_count


def put(url, queue):
    """A message, which is there when this returns."""
    before = waiting_in(url, queue)
    with channel_on(url) as channel:
        channel.basic_publish("", queue, b"anything")
    wait_for(lambda: waiting_in(url, queue) == before + 1)


def queues_at(url):
    """Those of ours that are there."""
    return [name for name in (name_of(url), f"{name_of(url)}.doctor") if is_there(url, name)]


def is_there(url, queue):
    with channel_on(url) as channel:
        try:
            channel.queue_declare(queue, passive=True)
        except Exception:
            return False
    return True


def test_a_broker_with_our_queues_is_well_and_has_no_more_of_them_after(examine, queue):
    with open_jobs(queue) as jobs:
        jobs.queue.check()
        examined = examine(JOBS_URL=queue)

    version, load, rights = examined.of("jobs", "ok")
    assert examined.exit_code == 0
    assert version.startswith("RabbitMQ at 127.0.0.1:")
    assert load.startswith("jobs that wait to be taken: 0;")
    assert "may make queues, write and read" in rights
    assert queues_at(queue) == [name_of(queue)]


def test_a_broker_without_our_queues_gets_none_from_the_doctor(examine, unmade):
    told = examine(JOBS_URL=unmade).of("jobs", "ok")

    assert any("are made at the next start" in one for one in told)
    assert queues_at(unmade) == []


def test_a_queue_of_another_kind_is_told(examine, unmade):
    name = name_of(unmade)
    with channel_on(unmade) as channel:
        channel.queue_declare(name, durable=True)

    told = examine(JOBS_URL=unmade).told("jobs", "error")
    assert f"delete the queue {name} once it is empty, or name another queue by ?queue=" in told


def test_an_exchange_of_another_kind_is_told(examine, unmade):
    name = f"{name_of(unmade)}.dead-letters"
    with channel_on(unmade) as channel:
        channel.exchange_declare(name, "fanout", durable=True)

    told = examine(JOBS_URL=unmade).told("jobs", "error")
    assert "the broker has an exchange that is not like ours" in told
    assert f"delete the exchange {name}, or name another queue by ?queue=" in told
    with pytest.raises(RuntimeError, match=f"an exchange that is not like ours .*{name}"), open_jobs(unmade):
        pass


def test_jobs_that_nobody_takes_are_a_warning(examine, queue):
    with open_jobs(queue) as jobs:
        jobs.queue.publish(VariantId(uuid4()))
        wait_for(lambda: waiting_in(queue, name_of(queue)) == 1)

    told = examine(JOBS_URL=queue).told("jobs", "warning")
    assert told.startswith("jobs that wait to be taken: 1; processes that take them: 0")
    assert "start imgsvc worker" in told


def test_dead_letters_that_wait_are_a_warning(examine, queue):
    put(queue, f"{name_of(queue)}.dead-letters")

    told = examine(JOBS_URL=queue).told("jobs", "warning")
    assert told.startswith("dead letters, of jobs that were delivered too often: 1")
    assert "start imgsvc worker, which marks their jobs as failed" in told


def test_a_wrong_password_is_told_and_not_shown(examine, queue):
    wrong = queue.replace("guest:guest@", f"guest:{SECRET}@")

    assert "correct user, password and virtual host in IMGSVC_JOBS_URL" in examine(JOBS_URL=wrong).told("jobs", "error")


def test_a_user_without_rights_is_told_which_to_grant(examine, own_rabbitmq):
    with visitor(own_rabbitmq, SECRET, configure=".*", write="", read=".*") as url:
        told = examine(JOBS_URL=url).told("jobs", "error")

    assert "rabbitmqctl set_permissions" in told


def test_a_broker_that_is_full_is_told(examine, own_rabbitmq):
    with full(own_rabbitmq):
        told = examine(JOBS_URL=own_rabbitmq.url).told("jobs", "error")

    assert "see rabbitmq-diagnostics alarms" in told


def test_a_virtual_host_that_is_not_there_is_told(examine, queue):
    wrong = queue.replace("/?", "/nowhere?")

    assert "virtual host 'nowhere'" in examine(JOBS_URL=wrong).told("jobs", "error")


@pytest.mark.parametrize(
    ("host", "words"),
    [("no.such.host.invalid", "or the DNS"), ("127.0.0.1:1", "start it, or correct host and port")],
)
def test_a_url_that_leads_nowhere_is_told(examine, host, words):
    assert words in examine(JOBS_URL=f"amqp://u:{SECRET}@{host}/").told("jobs", "error")


def test_a_server_that_speaks_no_tls_and_a_file_that_is_not_there_are_told(examine, queue):
    encrypted = queue.replace("amqp:", "amqps:")

    assert "amqp: or amqps:" in examine(JOBS_URL=encrypted).told("jobs", "error")
    assert "?ca_file=" in examine(JOBS_URL=f"{encrypted}&ca_file=/nowhere.pem").told("jobs", "error")


def test_a_broker_that_hangs_is_waited_for_briefly(examine, queue, own_rabbitmq):
    with own_rabbitmq.frozen():
        told = examine(JOBS_URL=queue).told("jobs", "error")

    assert "see whether it hangs" in told
