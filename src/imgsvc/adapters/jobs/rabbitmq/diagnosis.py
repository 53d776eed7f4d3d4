"""What is right and wrong with a broker that is to carry our jobs."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from attrs import frozen
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker, ConnectionBlockedTimeout

from imgsvc.adapters.jobs.rabbitmq.address import Address
from imgsvc.adapters.jobs.rabbitmq.link import opened
from imgsvc.adapters.jobs.rabbitmq.topology import BrokerRefuses, Topology, explained
from imgsvc.adapters.jobs.rabbitmq.troubles import BROKEN, unreachable
from imgsvc.ports.diagnosis import Finding, Subject

_SUBJECT = Subject("jobs")
_OLDEST = (3, 10)  # that knows all that we ask of our queues
_URL = "IMGSVC_JOBS_URL"
_NOT_FOUND = 404


@frozen
class _Queue:
    waiting: int
    consumers: int


def diagnose_rabbitmq(address: Address) -> Iterator[Finding]:
    """Makes one queue, which is gone with its connection, and changes none of ours."""
    where = f"RabbitMQ at {address.host}:{address.port}"
    try:
        connection = opened(address, "doctor")
        try:
            yield _version(connection, where)
            yield from _queues(connection, Topology(address.queue))
            yield _round_trip(connection, f"{address.queue}.doctor")
        finally:
            with suppress(AMQPError):
                connection.close()
    except BrokerRefuses as error:
        yield _SUBJECT.error(f"{where}: {error}", f"correct user, password and virtual host in {_URL}, or its rights")
    except BROKEN as error:
        found, remedy = unreachable(error)
        yield _SUBJECT.error(f"{where}: {found}", remedy)


def _version(connection: BlockingConnection, where: str) -> Finding:
    shown = str(connection._impl.server_properties.get("version", "?"))
    number = tuple(int(part) for part in re.findall(r"\d+", shown)[:2])
    found = f"{where} is version {shown} and lets us in"
    if number < _OLDEST:
        return _SUBJECT.error(found, "use RabbitMQ {}.{} or newer".format(*_OLDEST))
    return _SUBJECT.ok(found)


def _queues(connection: BlockingConnection, topology: Topology) -> Iterator[Finding]:
    there = {name: _looked_at(connection, name) for name in topology.queues}
    missing = [name for name, queue in there.items() if queue is None]
    if missing:
        yield _SUBJECT.ok(f"the queues {', '.join(missing)} are made at the next start")
    for name, queue in there.items():
        if queue is not None:
            yield from _as_ours(
                connection, f"the queue {name} once it is empty", partial(topology.declare_queue, queue=name)
            )
    if _has_exchange(connection, topology):
        yield from _as_ours(connection, f"the exchange {topology.dead_letters}", topology.declare_exchange)
    yield from _load(there[topology.work], there[topology.dead_letters])


def _looked_at(connection: BlockingConnection, name: str) -> _Queue | None:
    with _channel(connection) as channel:
        try:
            found = channel.queue_declare(name, passive=True).method
        except ChannelClosedByBroker as error:
            if error.reply_code == _NOT_FOUND:
                return None
            with explained():
                raise
        return _Queue(found.message_count, found.consumer_count)


def _has_exchange(connection: BlockingConnection, topology: Topology) -> bool:
    with _channel(connection) as channel:
        try:
            channel.exchange_declare(topology.dead_letters, passive=True)
        except ChannelClosedByBroker as error:
            if error.reply_code == _NOT_FOUND:
                return False
            with explained():
                raise
        return True


def _as_ours(
    connection: BlockingConnection, what: str, declare: Callable[[BlockingChannel], None]
) -> Iterator[Finding]:
    """To declare what is there changes nothing, and fails where it differs."""
    try:
        with _channel(connection) as channel, explained():
            declare(channel)
    except BrokerRefuses as error:
        yield _SUBJECT.error(str(error), f"delete {what}, or name another queue by ?queue= in {_URL}")


def _load(work: _Queue | None, dead_letters: _Queue | None) -> Iterator[Finding]:
    if work is not None:
        found = f"jobs that wait to be taken: {work.waiting}; processes that take them: {work.consumers}"
        if work.waiting and not work.consumers:
            yield _SUBJECT.warning(found, "start imgsvc worker, or give servers IMGSVC_WORKER_SLOTS above 0")
        else:
            yield _SUBJECT.ok(found)
    if dead_letters is not None and dead_letters.waiting:
        found = f"dead letters, of jobs that were delivered too often: {dead_letters.waiting}"
        yield _SUBJECT.warning(found, "start imgsvc worker, which marks their jobs as failed, and see its log")


def _round_trip(connection: BlockingConnection, queue: str) -> Finding:
    """Whether our user may make, write and read, and whether the broker takes anything just now."""
    try:
        with _channel(connection) as channel, explained():
            channel.queue_declare(queue, exclusive=True, auto_delete=True)
            channel.confirm_delivery()
            channel.basic_publish("", queue, b"imgsvc doctor", mandatory=True)
            channel.basic_get(queue, auto_ack=True)
    except ConnectionBlockedTimeout:
        remedy = "see rabbitmq-diagnostics alarms on its machine, and give it what it lacks"
        return _SUBJECT.error("it takes nothing, for want of memory or disk", remedy)
    except BrokerRefuses as error:
        return _SUBJECT.error(str(error), "rabbitmqctl set_permissions: configure, write and read for our queues")
    return _SUBJECT.ok("our user may make queues, write and read")


@contextmanager
def _channel(connection: BlockingConnection) -> Iterator[BlockingChannel]:
    channel = connection.channel()
    try:
        yield channel
    finally:
        with suppress(AMQPError):
            channel.close()
