"""A connection to the broker that comes back by itself, and the one thread that owns it."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic

from attrs import define, field, frozen
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelClosed,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from imgsvc.adapters.common.outages import Outages
from imgsvc.adapters.jobs.rabbitmq.address import Address
from imgsvc.adapters.jobs.rabbitmq.topology import BrokerRefuses, Topology
from imgsvc.adapters.jobs.rabbitmq.troubles import BROKEN, trouble_of

logger = logging.getLogger(__name__)

_LOOK_UP_SECONDS = 1.0  # the thread is woken for everything; this is for what it would miss all the same
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between attempts to connect
_STABLE_SECONDS = 5.0  # a connection that lasts so long has done with what ended the one before
_CLOSE_SECONDS = 2.0


@frozen
class Session:
    """A connection from its beginning to its end. A delivery's tag means something only within its session."""

    connection: BlockingConnection
    channel: BlockingChannel


@define(eq=False)
class Link:
    """Runs ``begin`` for each new connection and then ``work`` whenever it is woken, both in its own thread.

    Whatever they raise ends the connection, and the next one begins after a pause.
    """

    purpose: str  # for people
    address: Address
    outages: Outages
    begin: Callable[[Session], None]
    work: Callable[[Session], None]
    _session: Session | None = field(default=None, init=False)
    _thread: Thread | None = field(default=None, init=False)
    _is_closing: Event = field(factory=Event, init=False)
    _has_tried: Event = field(factory=Event, init=False)
    _refusal: BrokerRefuses | None = field(default=None, init=False)

    @property
    def is_up(self) -> bool:
        return self._session is not None

    def start(self, patience: float = 0) -> None:
        """Returns when the first attempt has ended, well or not, or after ``patience`` seconds.

        Raises BrokerRefuses where the broker let us know by then that it will never do.
        """
        self._thread = Thread(target=self._run, name=f"broker-{self.purpose}", daemon=True)
        self._thread.start()
        self._has_tried.wait(patience)
        if patience and self._refusal is not None:
            self.close()
            raise self._refusal

    def wake(self) -> None:
        """Have ``work`` run soon; or, without a connection, when there is one. Safe from any thread."""
        session = self._session
        if session is not None:
            with suppress(AMQPError):  # it has just ended; the next one begins with work
                session.connection.add_callback_threadsafe(_nothing)

    def close(self) -> None:
        """Work once more and disconnect. A broker that does not answer is not waited for."""
        self._is_closing.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._is_closing.is_set():
            begun = monotonic()
            try:
                with self._connected() as session:
                    self._serve(session)
            except Exception as error:
                self._note_down(error)
            self._has_tried.set()
            pause = _FIRST_PAUSE if monotonic() - begun > _STABLE_SECONDS else min(pause * 2, _LONGEST_PAUSE)
            # Of many workers that lost the same broker, not all come back at once.
            self._is_closing.wait(pause * random.uniform(0.5, 1))  # noqa: S311  # no secret

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        connection = opened(self.address, self.purpose)
        try:
            channel = connection.channel()
            Topology(self.address.queue).declare(channel)
            session = Session(connection, channel)
            self.begin(session)
            self._session = session
            yield session
        finally:
            self._session = None
            with suppress(AMQPError):
                connection.close()

    def _serve(self, session: Session) -> None:
        self.work(session)
        # Not before: a broker may let us in, and then do nothing for us, each time anew.
        self._note_up()
        while True:
            if self._is_closing.is_set():
                return
            session.connection.process_data_events(_LOOK_UP_SECONDS)
            if not session.channel.is_open:
                raise ChannelClosed(0, "the broker closed the channel")
            self.work(session)

    def _note_up(self) -> None:
        self._refusal = None
        self._has_tried.set()
        self.outages.attempt(self.purpose).succeeds()

    def _note_down(self, error: Exception) -> None:
        self._refusal = error if isinstance(error, BrokerRefuses) else None
        is_news = self.outages.attempt(self.purpose).fails(*trouble_of(error))
        if is_news and not isinstance(error, (*BROKEN, BrokerRefuses)):
            logger.error("the broker's %s failed", self.purpose, exc_info=error)


def opened(address: Address, purpose: str) -> BlockingConnection:
    """Raises BrokerRefuses for what no second attempt will mend."""
    try:
        return BlockingConnection(address.parameters(purpose))
    except (AuthenticationError, ProbableAuthenticationError) as error:
        raise BrokerRefuses("the broker knows no such user and password") from error
    except ProbableAccessDeniedError as error:
        raise BrokerRefuses(f"the broker has no virtual host {address.virtual_host!r} for this user") from error


def _nothing() -> None:
    """Being called is all that it is for."""
