"""Signals on their way to the broker."""

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from threading import Event, Lock

import pika
from attrs import Factory, define, field, frozen

from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.jobs.rabbitmq.address import Address
from imgsvc.adapters.jobs.rabbitmq.link import Link, Session
from imgsvc.adapters.jobs.rabbitmq.messages import MEDIA_TYPE, Message
from imgsvc.adapters.jobs.rabbitmq.topology import Topology
from imgsvc.domain.errors import Unavailable
from imgsvc.domain.variant import VariantId

_MOST_WAITING = 10_000  # signals, of about 1 kB each
_ANSWER_SECONDS = 2.0
_LONGEST_DELAY = timedelta(days=40)  # in milliseconds still a number to the broker
_PERSISTENT = 2


@frozen
class _Outgoing:
    message: Message
    delay: timedelta
    then: Callable[[], None]  # once the broker has it


@define(eq=False)
class Publisher:
    """Takes signals at once and hands them to the broker from a thread of its own, so that nobody waits for a broker.

    What waits here is lost with the process; the rows of the variants bring it back. A signal leaves only when the
    broker has confirmed that it keeps it, so some are sent twice.
    """

    address: Address
    outages: Outages
    request_id: Callable[[], str | None]
    _waiting: OrderedDict[object, _Outgoing] = field(factory=OrderedDict, init=False)  # a variant once
    _lock: Lock = field(factory=Lock, init=False)
    _questions: "deque[Event]" = field(factory=deque, init=False)  # of ``check``, set by the broker's answer
    _is_closed: bool = field(default=False, init=False)
    _link: Link = field(
        init=False,
        default=Factory(
            lambda self: Link("publisher", self.address, self.outages, self._begin, self._send_all), takes_self=True
        ),
    )

    def open(self, patience: float) -> None:
        """Raises BrokerRefuses; a broker that does not answer is none of it."""
        self._link.start(patience)

    def publish(self, variant_id: VariantId) -> None:
        self._put(variant_id, _Outgoing(Message(variant_id, self.request_id()), timedelta(0), _nothing))

    def put_back(self, message: Message, delay: timedelta, then: Callable[[], None]) -> None:
        """Publish it to be delivered after the delay. Raises Unavailable, like ``publish``."""
        self._put(object(), _Outgoing(message, delay, then))

    def check(self) -> None:
        """A round trip to the broker, which would keep its connections open also if it hung."""
        answered = Event()
        if self._link.is_up:
            self._questions.append(answered)
            self._link.wake()
        if not self._link.is_up or not answered.wait(_ANSWER_SECONDS):
            raise Unavailable("the job queue's broker does not answer")

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
        self._link.close()

    def _put(self, key: object, outgoing: _Outgoing) -> None:
        with self._lock:
            if self._is_closed:
                raise Unavailable("the job queue is closed")
            if len(self._waiting) >= _MOST_WAITING and key not in self._waiting:
                raise Unavailable("too many signals wait for the job queue's broker")
            self._waiting.setdefault(key, outgoing)
        self._link.wake()

    def _begin(self, session: Session) -> None:
        self._questions.clear()
        session.channel.confirm_delivery()

    def _send_all(self, session: Session) -> None:
        self._answer_questions(session)
        while (found := self._take_first()) is not None:
            key, outgoing = found
            try:
                self._send(session, outgoing)
            except BaseException:
                self._return_first(key, outgoing)
                raise
            outgoing.then()
            self._answer_questions(session)

    def _answer_questions(self, session: Session) -> None:
        """Once the broker has answered; those who have stopped waiting meanwhile do not mind."""
        if not self._questions:
            return
        asked = [self._questions.popleft() for _ in range(len(self._questions))]
        session.channel.basic_qos(prefetch_count=1)  # means nothing to who takes nothing, and has an answer
        for answered in asked:
            answered.set()

    def _take_first(self) -> tuple[object, _Outgoing] | None:
        """Out of the way: once it is under way it may be delivered, and the same published anew counts."""
        with self._lock:
            return self._waiting.popitem(last=False) if self._waiting else None

    def _return_first(self, key: object, outgoing: _Outgoing) -> None:
        with self._lock:
            self._waiting[key] = outgoing
            self._waiting.move_to_end(key, last=False)

    def _send(self, session: Session, outgoing: _Outgoing) -> None:
        """Returns when the broker keeps it. Raises UnroutableError, NackError: then the queues are declared anew."""
        topology = Topology(self.address.queue)
        properties = pika.BasicProperties(content_type=MEDIA_TYPE, delivery_mode=_PERSISTENT)
        target = topology.work
        if outgoing.delay > timedelta(0):
            milliseconds = ceil(min(outgoing.delay, _LONGEST_DELAY) / timedelta(milliseconds=1))
            properties.expiration, target = str(milliseconds), topology.later
        session.channel.basic_publish("", target, outgoing.message.encoded(), properties, mandatory=True)


def _nothing() -> None:
    """Nobody waits for the broker to have it."""
