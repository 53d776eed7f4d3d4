"""A Redis that may be down, slow or full without costing its users much."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Lock
from time import monotonic
from typing import NoReturn, TypeVar

from attrs import define, field
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, RedisError, ResponseError, TimeoutError
from redis.retry import Retry

from imgsvc.adapters.cache.redis_address import RedisAddress
from imgsvc.domain.errors import AccessRefused, Unavailable
from imgsvc.domain.wording import cut

logger = logging.getLogger(__name__)
T = TypeVar("T")

_PATIENCE = 0.25  # seconds to connect, and to be answered
_CONNECTION = "connection"


@define(eq=False)
class RedisServer:
    """Says in the log, once each, what stops working and when it works again; ``failures`` counts what went wrong.

    When the server does not answer, it is left alone for ``rest`` seconds; then one call finds out whether it is back.
    """

    client: Redis = field(repr=False)
    rest: float = 5.0
    failures: int = field(default=0, init=False)
    _asks_again_at: float | None = field(default=None, init=False)  # None: it answers
    _asking: Lock = field(factory=Lock, init=False, repr=False)
    _troubles: dict[str, str] = field(factory=dict, init=False)

    @classmethod
    @contextmanager
    def opened(cls, address: RedisAddress) -> Iterator["RedisServer"]:
        """A server that is down is no reason not to start. Raises AccessRefused."""
        with closing(_client(address)) as client:
            server = cls(client)
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
        try:
            answer = question(self.client)
        except (ConnectionError, TimeoutError) as error:
            self._asks_again_at = monotonic() + self.rest
            self._fail(_CONNECTION, error)
        except RedisError as error:
            self._has_answered()
            self._fail(what, error)
        else:
            self._has_answered()
            self._note(what, "")
            return answer

    def _has_answered(self) -> None:
        self._asks_again_at = None
        self._note(_CONNECTION, "")

    def _fail(self, what: str, error: RedisError) -> NoReturn:
        self.failures += 1
        # What a connection fails with differs from call to call, and is one trouble all the same.
        self._note(what, cut(str(error)) if isinstance(error, ResponseError) else type(error).__name__)
        raise Unavailable("the cache does not answer") from error

    def _note(self, what: str, trouble: str) -> None:
        before = self._troubles.get(what, "")
        if before == trouble or (before and trouble and what == _CONNECTION):
            return
        self._troubles[what] = trouble
        if trouble:
            logger.warning("Redis is in trouble, which costs time only: %s: %s", what, trouble)
        else:
            logger.info("Redis works again: %s", what)


def _must_let_us_in(error: BaseException | None) -> None:
    """Raises AccessRefused for what only an operator can mend."""
    if isinstance(error, AuthenticationError):
        raise AccessRefused("the cache's Redis refuses our user or password") from error
    if isinstance(error, ResponseError):
        raise AccessRefused("the cache's Redis has no database of that number, or our user may do nothing") from error


def _client(address: RedisAddress) -> Redis:
    return Redis(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.user,
        password=address.password,
        ssl=address.is_secure,
        socket_connect_timeout=_PATIENCE,
        socket_timeout=_PATIENCE,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # the handshake of the third, and what it tells of, is not needed
        driver_info=None,
    )
