"""A Redis that may be down, slow or full without costing its users much."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Lock
from time import monotonic
from typing import NoReturn, TypeVar

from attrs import Factory, define, field
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, RedisError, ResponseError, TimeoutError
from redis.retry import Retry

from imgsvc.adapters.cache.redis_address import RedisAddress
from imgsvc.adapters.cache.redis_troubles import trouble_of
from imgsvc.adapters.common.outages import Outages
from imgsvc.domain.errors import AccessRefused, Unavailable
from imgsvc.domain.wording import cut
from imgsvc.ports.metrics import NO_DEPENDENCY_METRICS, DependencyMetrics

T = TypeVar("T")

_PATIENCE = 0.25  # seconds to connect, and to be answered


@define(eq=False)
class RedisServer:
    """``failures`` counts what went wrong.

    When the server does not answer, it is left alone for ``rest`` seconds; then one call finds out whether it is back.
    """

    client: Redis = field(repr=False)
    metrics: DependencyMetrics = field(default=NO_DEPENDENCY_METRICS, repr=False)
    rest: float = 5.0
    failures: int = field(default=0, init=False)
    _asks_again_at: float | None = field(default=None, init=False)  # None: it answers
    _asking: Lock = field(factory=Lock, init=False, repr=False)
    _outages: Outages = field(
        init=False,
        default=Factory(
            lambda self: Outages("Redis", logging.WARNING, "that costs time only", self.metrics), takes_self=True
        ),
    )

    @classmethod
    @contextmanager
    def opened(
        cls, address: RedisAddress, metrics: DependencyMetrics = NO_DEPENDENCY_METRICS
    ) -> Iterator["RedisServer"]:
        """A server that is down is no reason not to start. Raises AccessRefused."""
        with client_of(address) as client:
            server = cls(client, metrics)
            try:
                server.ask("ping", lambda redis: redis.ping())
            except Unavailable as error:
                _must_let_us_in(error.__cause__)
            yield server

    def ask(self, what: str, question: Callable[[Redis], T]) -> T:
        """The answer to a question, which ``what`` names in the log. Raises Unavailable."""
        asks_again_at = self._asks_again_at
        if asks_again_at is None:
            return self._answer(what, question)
        if monotonic() < asks_again_at or not self._asking.acquire(blocking=False):
            raise Unavailable("the cache does not answer")
        try:
            return self._answer(what, question)
        finally:
            self._asking.release()

    def _answer(self, what: str, question: Callable[[Redis], T]) -> T:
        attempt = self._outages.attempt(what)
        try:
            answer = question(self.client)
        except (ConnectionError, TimeoutError) as error:
            self._asks_again_at = monotonic() + self.rest
            attempt.finds_nobody("it cannot be used", trouble_of(error)[0])
            self._fail(error)
        except RedisError as error:
            self._asks_again_at = None
            attempt.fails(f"it fails to {what}", cut(str(error)))
            self._fail(error)
        else:
            self._asks_again_at = None
            attempt.succeeds()
            return answer

    def _fail(self, error: RedisError) -> NoReturn:
        self.failures += 1
        raise Unavailable("the cache does not answer") from error


def _must_let_us_in(error: BaseException | None) -> None:
    """Raises AccessRefused for what only an operator can mend."""
    if isinstance(error, AuthenticationError):
        raise AccessRefused("the cache's Redis refuses our user or password") from error
    if isinstance(error, ResponseError):
        raise AccessRefused("the cache's Redis has no database of that number, or our user may do nothing") from error


@contextmanager
def client_of(address: RedisAddress, patience: float = _PATIENCE) -> Iterator[Redis]:
    """The library's, which connects when it is first used."""
    client = Redis(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.user,
        password=address.password,
        ssl=address.is_secure,
        socket_connect_timeout=patience,
        socket_timeout=patience,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # the handshake of the third, and what it tells of, is not needed
        driver_info=None,
    )
    with closing(client):
        yield client
