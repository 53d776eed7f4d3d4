"""Signals that the broker has given to this process."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import TIMEOUT_MAX, Condition
from time import monotonic

from attrs import Factory, define, field
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ConsumerCancelled
from pika.spec import Basic, BasicProperties

from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.jobs.rabbitmq.address import Address
from imgsvc.adapters.jobs.rabbitmq.link import Link, Session
from imgsvc.adapters.jobs.rabbitmq.messages import Message
from imgsvc.adapters.jobs.rabbitmq.publisher import Publisher
from imgsvc.adapters.jobs.rabbitmq.topology import Topology
from imgsvc.domain.errors import Unavailable
from imgsvc.domain.variant import VariantId
from imgsvc.domain.wording import shortened

logger = logging.getLogger(__name__)

_UNSETTLED_DELAY = timedelta(seconds=1)  # of a signal that could not even be put back


@define(eq=False)
class Consumer:
    """Takes up to ``slots`` signals at a time, from the first ``receive`` until ``leave``.

    They stay the broker's until they are settled, so what a process held when it died goes to another.
    """

    address: Address
    outages: Outages
    slots: int
    publisher: Publisher
    _arrived: "deque[RabbitDelivery]" = field(factory=deque, init=False)
    _settlements: "deque[Callable[[Session], None]]" = field(factory=deque, init=False)
    _tags: list[str] = field(factory=list, init=False)  # of the two consumers, where they are; the thread's own
    _is_wanted: bool = field(default=False, init=False)
    _is_started: bool = field(default=False, init=False)
    _is_closed: bool = field(default=False, init=False)
    _times_left: int = field(default=0, init=False)
    _changed: Condition = field(factory=Condition, init=False, repr=False)  # guards all but the tags
    _link: Link = field(
        init=False,
        default=Factory(
            lambda self: Link("consumer", self.address, self.outages, self._begin, self._work), takes_self=True
        ),
    )

    @property
    def outlives_process(self) -> bool:
        return True

    def receive(self, timeout: timedelta) -> "RabbitDelivery | None":
        deadline = monotonic() + timeout.total_seconds()
        with self._changed:
            self._want()
            times_left = self._times_left
            while not self._is_closed and self._times_left == times_left:
                if self._arrived:
                    return self._arrived.popleft()
                remaining = deadline - monotonic()
                if remaining <= 0:
                    return None
                self._changed.wait(min(remaining, TIMEOUT_MAX))
        return None

    def _want(self) -> None:
        if self._is_wanted or self._is_closed:
            return
        self._is_wanted = True
        if self._is_started:
            self._link.wake()
        else:
            self._is_started = True
            self._link.start()

    def leave(self) -> None:
        with self._changed:
            self._is_wanted = False
            self._times_left += 1
            self._changed.notify_all()
        self._link.wake()

    def close(self) -> None:
        with self._changed:
            self._is_closed, self._is_wanted = True, False
            self._changed.notify_all()
        self._link.close()

    def settle(self, settlement: Callable[[Session], None]) -> None:
        """Have the connection's thread do that."""
        self._settlements.append(settlement)
        self._link.wake()

    def _begin(self, session: Session) -> None:
        """What came over an earlier connection is the broker's again, and will be delivered anew."""
        self._tags.clear()
        with self._changed:
            self._arrived.clear()
        session.channel.add_on_cancel_callback(_cancelled)

    def _work(self, session: Session) -> None:
        while self._settlements:
            self._settlements.popleft()(session)
        with self._changed:
            is_wanted = self._is_wanted
        if is_wanted and not self._tags:
            self._take(session)
        elif not is_wanted and self._tags:
            self._stop_taking(session)

    def _take(self, session: Session) -> None:
        topology = Topology(self.address.queue)
        # What was given up is looked at beside the work, so that it is never held up by it.
        for queue, slots, was_given_up in ((topology.work, self.slots, False), (topology.dead_letters, 1, True)):
            session.channel.basic_qos(prefetch_count=slots)
            arrive = partial(self._arrive, session, was_given_up)
            self._tags.append(session.channel.basic_consume(queue, arrive))

    def _stop_taking(self, session: Session) -> None:
        for tag in self._tags:
            session.channel.basic_cancel(tag)
        self._tags.clear()
        with self._changed:
            unclaimed = list(self._arrived)
            self._arrived.clear()
        for delivery in unclaimed:
            session.channel.basic_nack(delivery.tag, requeue=True)

    def _arrive(
        self,
        session: Session,
        was_given_up: bool,
        channel: BlockingChannel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        try:
            message = Message.decoded(body)
        except (ValueError, RecursionError) as error:
            self._refuse(channel, method.delivery_tag, body, error, was_given_up)
            return
        with self._changed:
            self._arrived.append(RabbitDelivery(message, was_given_up, method.delivery_tag, session, self))
            self._changed.notify()

    def _refuse(self, channel: BlockingChannel, tag: int, body: bytes, error: Exception, was_given_up: bool) -> None:
        logger.log(
            logging.INFO if was_given_up else logging.ERROR,  # the second time it is no news
            "%s a message that is not ours: %s",
            "dropped" if was_given_up else "set aside",
            error,
            extra={"body": shortened(body.decode(errors="replace"))},
        )
        if was_given_up:
            channel.basic_ack(tag)
        else:
            channel.basic_reject(tag, requeue=False)


@define(eq=False)
class RabbitDelivery:
    """Settled once; what is said after that has no effect, nor what is said after its connection has ended."""

    _message: Message
    was_given_up: bool
    tag: int
    _session: Session = field(repr=False)
    _consumer: Consumer = field(repr=False)
    _is_settled: bool = field(default=False, init=False)
    _is_forgotten: bool = field(default=False, init=False)  # by the broker

    @property
    def variant_id(self) -> VariantId:
        return self._message.variant_id

    @property
    def request_id(self) -> str | None:
        return self._message.request_id

    def make_way(self) -> None:
        """Of signals that were given up, none is in a slot's way."""
        if not (self._is_settled or self.was_given_up):
            self._have_forgotten()

    def acknowledge(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._have_forgotten()

    def _have_forgotten(self) -> None:
        if not self._is_forgotten:
            self._is_forgotten = True
            self._consumer.settle(self._within_session(lambda session: session.channel.basic_ack(self.tag)))

    def requeue(self, delay: timedelta) -> None:
        """Acknowledged when the broker has its successor, which has not been delivered even once."""
        if self._is_settled:
            return
        self._is_settled = True
        if self.was_given_up:
            self._return_after(delay)
            return
        try:
            self._consumer.publisher.put_back(self._message, delay, self._have_forgotten)
        except Unavailable:
            if not self._is_forgotten:
                self._return_after(max(delay, _UNSETTLED_DELAY))

    def _return_after(self, delay: timedelta) -> None:
        """Kept that long, and then given back to the queue that it came from."""

        def give_back(session: Session) -> None:
            back = partial(session.channel.basic_nack, self.tag, requeue=True)
            session.connection.call_later(max(0.0, delay.total_seconds()), back)

        self._consumer.settle(self._within_session(give_back))

    def _within_session(self, settlement: Callable[[Session], None]) -> Callable[[Session], None]:
        """A tag is a number that the next connection begins to count anew."""
        return lambda session: settlement(session) if session is self._session else None


def _cancelled(method: object) -> None:
    raise ConsumerCancelled(method)
