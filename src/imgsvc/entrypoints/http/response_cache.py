"""Whole answers kept in this process: what is asked for again and again is answered without asking anybody.

An answer is kept under all of the request that it depends on, the caller's token included, and for five seconds; then
everything is asked anew. Sooner it goes when something that it was made of ends: at once where this process ended it
(``Invalidations.subscribed``), and where another one did, as soon as that is heard of (``InvalidationListener``). While
nothing can be heard, nothing is answered from here.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from threading import Event, Lock
from time import monotonic
from uuid import UUID

from attrs import define, field, frozen
from starlette.types import Scope

from imgsvc.entrypoints.http.link_address import is_link, is_negotiated

LIFE = 5.0  # seconds
_DEAF_AFTER = 1.0  # seconds since somebody last listened
_MOST_BYTES_OF_ONE = 256 * 1024
_OVERHEAD = 2048  # bytes that an answer takes besides its body, about

Key = tuple[bytes, bytes, bytes, bytes]  # path, query, Authorization, Accept
# With these an answer is another one than without.
_CONDITIONS = frozenset({b"range", b"if-range", b"if-match", b"if-unmodified-since"})


@frozen
class CachedResponse:
    """An answer of 200."""

    route: str  # the template of its path
    headers: list[tuple[bytes, bytes]]
    etag: bytes  # in its quotes
    body: bytes
    subjects: Collection[UUID]  # that it was made of
    until: float  # on the monotonic clock


@frozen
class Asked:
    """What a request depends on."""

    key: Key
    if_none_match: bytes
    request_id: bytes


def asked(scope: Scope) -> Asked | None:
    """None of a request that is answered from nothing kept: of parts, or with a header that should be there once."""
    accept = if_none_match = request_id = b""
    authorization = None
    for name, value in scope["headers"]:
        if name in _CONDITIONS:
            return None
        if name == b"authorization":
            if authorization is not None:
                return None
            authorization = value
        elif name == b"accept":
            accept = accept + b"," + value if accept else value
        elif name == b"if-none-match":
            if_none_match = if_none_match + b"," + value if if_none_match else value
        elif name == b"x-request-id":
            request_id = value
    # As it was sent: one address may be spelt in several ways, and each is kept for itself.
    path = scope.get("raw_path") or scope["path"].encode()
    if is_link(path):  # whose answer depends on nothing but its address, and on Accept where that is negotiated
        authorization = None
        accept = accept if is_negotiated(path) else b""
    return Asked((path, scope["query_string"], authorization or b"", accept), if_none_match, request_id)


@define(eq=False)
class ResponseCache:
    """Bounded, the least recently used go first. Safe from any thread."""

    max_bytes: int
    now: Callable[[], float] = monotonic
    _answers: OrderedDict[Key, CachedResponse] = field(factory=OrderedDict, init=False)
    _by_subject: dict[UUID, set[Key]] = field(factory=dict, init=False)
    _held_bytes: int = field(default=0, init=False)
    _forgotten: int = field(default=0, init=False)  # how often something was to be forgotten
    _heard_at: float = field(default=float("-inf"), init=False)
    _lock: Lock = field(factory=Lock, init=False)
    has_some: Event = field(factory=Event, init=False)

    def find(self, key: Key) -> CachedResponse | None:
        answer = self._answers.get(key)
        if answer is None:
            return None
        now = self.now()
        if now - self._heard_at > _DEAF_AFTER:
            return None
        with self._lock:
            if now > answer.until:
                self._drop(key)
                return None
            if key in self._answers:  # not forgotten within the last instant
                self._answers.move_to_end(key)
                return answer
        return None

    def mark(self) -> int:
        """To be taken before anything is asked that an answer is made of."""
        return self._forgotten

    def keep(
        self,
        key: Key,
        route: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        subjects: Collection[UUID],
        mark: int,
        good_for: float = LIFE,
    ) -> None:
        """Unless something was to be forgotten since the mark: the answer may have been made of that.

        For ``good_for`` seconds at the most.
        """
        if len(body) > min(_MOST_BYTES_OF_ONE, self.max_bytes):
            return
        etag = next(value for name, value in headers if name == b"etag")
        answer = CachedResponse(route, headers, etag, body, subjects, self.now() + min(LIFE, good_for))
        with self._lock:
            if mark != self._forgotten:
                return
            self._drop(key)
            self._answers[key] = answer
            self._held_bytes += len(body) + _OVERHEAD
            for subject in subjects:
                self._by_subject.setdefault(subject, set()).add(key)
            while self._held_bytes > self.max_bytes:
                self._drop(next(iter(self._answers)))
            if self._answers:
                self.has_some.set()

    def forget(self, subjects: Iterable[UUID]) -> None:
        with self._lock:
            self._forgotten += 1
            for subject in subjects:
                for key in tuple(self._by_subject.get(subject, ())):
                    self._drop(key)

    def note_heard(self, moment: float) -> None:
        """What had ended by that moment is forgotten."""
        with self._lock:
            self._heard_at = moment
            for key in [key for key, answer in self._answers.items() if answer.until < moment]:
                self._drop(key)
            if not self._answers:
                self.has_some.clear()

    def _drop(self, key: Key) -> None:
        answer = self._answers.pop(key, None)
        if answer is None:
            return
        self._held_bytes -= len(answer.body) + _OVERHEAD
        for subject in answer.subjects:
            keys = self._by_subject[subject]
            keys.discard(key)
            if not keys:
                del self._by_subject[subject]
