"""Receivers of webhooks that are down, slow or strange, and senders that die: F13, F34, F45, F46."""

from collections import Counter
from contextlib import contextmanager
from threading import Event

import pytest

from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import execute
from tests.receivers import TAKEN, receiver, receiver_that
from tests.waiting import wait_for
from tests.websites import OK, answer_of, redirect_to

PICTURE = encoded(quadrants(40, 20))
BROKEN, GONE = (answer_of(b"", status=status) for status in ("500 Broken", "410 Gone"))


@pytest.fixture(scope="module")
def api(standing_installation):
    standing_installation.variables |= {
        "OUTBOUND_NETWORKS": "127.0.0.1/32",
        "WEBHOOK_RETRY_SECONDS": ",".join("0" * 20),
        "LEASE_SECONDS": "1",
    }
    standing_installation.most_attempts = 2
    return standing_installation.api()


@pytest.fixture
def somebody(standing, api):
    return standing.somebody(api)


@pytest.fixture
def told(somebody):
    """Has a receiver told of somebody's jobs, and answers the webhook."""
    return lambda site: _Told(somebody, site)


@pytest.fixture(scope="module")
def workers(standing_installation, api):
    """For the tests below that do nothing to them; so those that do come first."""
    return [standing_installation.worker(slots=2) for _ in range(2)]


class _Told:
    def __init__(self, somebody, site):
        made = somebody.client.post("/v1/webhooks", json={"url": site.url}).raise_for_status().json()
        self.client, self.site, self.secret = somebody.client, site, made["secret"]
        self.address = f"/v1/webhooks/{made['webhook']['id']}"

    def shown(self):
        return self.client.get(self.address).raise_for_status().json()

    def deliveries(self):
        return self.client.get(f"{self.address}/deliveries?limit=100").raise_for_status().json()["items"]

    def statuses(self):
        return Counter(one["status"] for one in self.deliveries())

    def jobs(self):
        """Of which it has got messages that are signed as they should be, however often."""
        return {message["data"]["job_id"] for message in self.site.verified(self.secret)}


@contextmanager
def working_on_one(standing, somebody):
    """A worker, an image and its job, which goes on when the children of the worker are thawed."""
    worker = standing.worker()
    image = somebody.upload(PICTURE)
    with worker.frozen_children():
        job = somebody.order(image)
        wait_for(lambda: somebody.job(job)["status"] == "processing")
        yield worker, image, job
    worker.stop()


def test_a_job_that_two_workers_have_made_is_told_once(standing, somebody, told):
    with receiver() as site:
        hook = told(site)
        with working_on_one(standing, somebody) as (late, _, job):
            late.freeze()
            other = standing.worker()
            assert somebody.ended(job)["attempts"] == 2
            late.thaw()
            late.thaw_children()
            wait_for(lambda: '"message": "job"' in late.log())
        wait_for(lambda: hook.statuses() == {"succeeded": 1})
        other.stop()

    assert hook.jobs() == {job}
    assert len(site.ids()) == 1


def test_of_a_job_whose_image_was_deleted_meanwhile_nobody_is_told(standing, somebody, told):
    with receiver() as site:
        hook = told(site)
        with working_on_one(standing, somebody) as (worker, image, _):
            assert somebody.client.delete(f"/v1/images/{image}").is_success
            worker.thaw_children()
            wait_for(lambda: '"message": "job"' in worker.log())
            next_job = somebody.order(somebody.upload(PICTURE))
            wait_for(lambda: hook.statuses() == {"succeeded": 1})

    assert hook.jobs() == {next_job}


def test_a_message_of_which_its_sender_died_before_he_noted_it_comes_again(standing, somebody, told):
    dying = standing.worker(altered=standing.point("deliveries.conclude", is_after=False))
    with receiver() as site:
        hook = told(site)
        job = somebody.order(somebody.upload(PICTURE))
        wait_for(lambda: not dying.is_running)
        assert (len(site.ids()), hook.statuses()) == (1, {"pending": 1})

        # As if the lease, of half a minute, was over.
        execute(standing.database_url, "UPDATE webhook_deliveries SET due_at = now() WHERE due_at IS NOT NULL")
        other = standing.worker()

        wait_for(lambda: hook.statuses() == {"succeeded": 1})
        other.stop()

    assert hook.jobs() == {job}
    assert len(site.ids()) == 2
    assert len(set(site.ids())) == 1
    assert hook.deliveries()[0]["attempts"] == 2


def test_a_worker_that_is_told_to_stop_waits_for_the_message_that_it_has_sent(standing, somebody, told):
    worker, may_answer = standing.worker(), Event()

    def behave(connection):
        may_answer.wait(30)
        connection.sendall(TAKEN)

    with receiver_that(behave) as site:
        hook = told(site)
        job = somebody.order(somebody.upload(PICTURE))
        wait_for(lambda: site.ids())
        worker.tell_to_stop()
        wait_for(lambda: "no more jobs are taken" in worker.log())
        may_answer.set()
        assert worker.process.wait(20) == 0

    assert (hook.statuses(), hook.jobs()) == ({"succeeded": 1}, {job})


def test_a_receiver_that_lets_us_wait_keeps_no_other_waiting(somebody, told, workers):
    may_answer = Event()

    def behave(connection):
        may_answer.wait(30)
        connection.sendall(TAKEN)

    with receiver_that(behave) as slow, receiver() as quick:
        slow_hook, quick_hook = told(slow), told(quick)
        image = somebody.upload(PICTURE)
        jobs = {somebody.order(image, width) for width in range(1, 21)}
        wait_for(lambda: quick_hook.statuses() == {"succeeded": len(jobs)})
        on_the_way = len(slow.ids())
        may_answer.set()
        wait_for(lambda: slow_hook.statuses() == {"succeeded": len(jobs)})

    assert 1 <= on_the_way <= 4 * len(workers)
    assert slow_hook.jobs() == quick_hook.jobs() == jobs
    # Several workers send each message once, too.
    assert set(Counter(quick.ids()).values()) == set(Counter(slow.ids()).values()) == {1}


def endless(connection):
    connection.sendall(OK + b"Connection: close\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_every_message_comes_until_it_is_taken_whatever_the_receiver_does(somebody, told, workers):
    with receiver() as down:
        pass
    with (
        receiver() as elsewhere,
        receiver(BROKEN, BROKEN, TAKEN) as broken,
        receiver(redirect_to(elsewhere.url), TAKEN) as moved,
        receiver(b"nonsense\r\n\r\n", TAKEN) as nonsense,
        receiver_that(endless) as without_end,
    ):
        hooks = [told(site) for site in (down, broken, moved, nonsense, without_end)]
        job = somebody.order(somebody.upload(PICTURE))
        wait_for(lambda: hooks[0].deliveries() and hooks[0].deliveries()[0]["attempts"] > 1)
        with receiver(port=down.site.port) as hooks[0].site:
            wait_for(lambda: [hook.statuses() for hook in hooks] == [{"succeeded": 1}] * 5)

    assert [hook.jobs() for hook in hooks] == [{job}] * 5
    assert [len(hook.site.ids()) for hook in hooks[1:]] == [3, 2, 2, 1]
    assert {len(set(hook.site.ids())) for hook in hooks} == {1}
    assert elsewhere.ids() == []


def test_a_receiver_that_is_gone_is_told_nothing_more(somebody, told, workers):
    with receiver(GONE) as gone, receiver() as well:
        hooks = told(gone), told(well)
        image = somebody.upload(PICTURE)
        somebody.order(image, 1)
        wait_for(lambda: hooks[0].shown()["disabled"])
        somebody.order(image, 2)
        wait_for(lambda: hooks[1].statuses() == {"succeeded": 2})

    assert hooks[0].statuses() == {"failed": 1}
    assert len(gone.ids()) == 1
