"""A job queue on RabbitMQ: durable, confirmed, acknowledged late, and given up in the end."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.jobs.rabbitmq.address import address_of
from imgsvc.adapters.jobs.rabbitmq.consumer import Consumer
from imgsvc.adapters.jobs.rabbitmq.publisher import Publisher
from imgsvc.adapters.jobs.rabbitmq.topology import BrokerRefuses
from imgsvc.ports.metrics import DependencyMetrics

_PATIENCE = 5.0  # seconds for the broker to say whether it will do


@contextmanager
def open_rabbitmq(
    url: str, slots: int, request_id: Callable[[], str | None], metrics: DependencyMetrics
) -> Iterator[tuple[Publisher, Consumer]]:
    """The two ends. A broker that does not answer is waited for in the background.

    Raises ValueError for a URL that means nothing, OSError for certificates that cannot be read, RuntimeError where the
    broker refuses us or its queues differ.
    """
    address = address_of(url)
    address.parameters("check")
    outages = Outages("the job queue's broker", logging.WARNING, "jobs are kept, and wait", metrics)
    publisher = Publisher(address, outages, request_id)
    consumer = Consumer(address, outages, slots, publisher)
    try:
        publisher.open(_PATIENCE)
    except BrokerRefuses as error:
        raise RuntimeError(str(error)) from error
    try:
        yield publisher, consumer
    finally:
        # What was put back is acknowledged once it is published.
        publisher.close()
        consumer.close()
