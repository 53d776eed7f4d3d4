"""A broker that lets us in and does nothing for us is in one trouble, however often we come back to it."""

import logging
from uuid import uuid4

import pytest

from imgsvc.adapters.jobs import open_jobs
from imgsvc.domain.variant import VariantId
from tests.real_servers.rabbitmq import full, new_queue
from tests.waiting import wait_for

FULL = "the job queue's broker is in trouble: it takes nothing (for want of memory or disk)"
ENDED = "the job queue's broker works again"


@pytest.fixture
def told(caplog):
    """What the log says of the broker so far."""
    caplog.set_level(logging.INFO, "imgsvc")
    return lambda: [record.message for record in caplog.records if hasattr(record, "dependency")]


def test_a_broker_that_is_full_is_told_once_until_it_takes_something(own_rabbitmq, told):
    with new_queue(own_rabbitmq.url) as queue, open_jobs(queue) as jobs:
        with full(own_rabbitmq):
            jobs.queue.publish(VariantId(uuid4()))
            wait_for(told)
            # Long enough for the next attempt to connect, and to be let in.
            wait_for(lambda: jobs.queue._link.is_up)
            meanwhile = told()
        wait_for(lambda: told()[1:])

        assert [message.startswith(FULL) for message in meanwhile] == [True]
        assert told() == [*meanwhile, ENDED]
