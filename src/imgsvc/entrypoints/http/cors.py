"""What browsers are told of the pages of other origins that may use the service (CORS, of the Fetch standard).

The outermost layer, and not there unless origins are set. So failures and answers from memory are told of as well,
while nothing that is remembered belongs to an origin; what the connection refuses, before it is a request, tells of
them by itself (refusals.py). What depends on the origin says so in ``Vary``, also where nobody named one: a
cache in front of us might show that answer to whoever does. No cookie is ever looked at, so nobody is let in who does
not send a token of his own.
"""

from collections.abc import Collection, Iterable

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgsvc.entrypoints.http.errors import CrossOriginRefused, problem
from imgsvc.entrypoints.http.requests import RequestScope
from imgsvc.ports.metrics import Metrics

ANY = "*"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# All that requests may carry, and all that answers tell, besides what a browser lets through by itself.
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Content-Disposition",
    "Content-Digest",
    "Content-MD5",
    "Repr-Digest",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Range",
    "Last-Event-ID",
    "X-Request-Id",
)
EXPOSED_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Imgsvc-Cache",
    "X-Imgsvc-Engine",
    "X-Request-Id",
)
_PREFLIGHT_SECONDS = 7200  # no browser of many users keeps one for longer than Chromium, which does for two hours

_EXPOSED = (b"access-control-expose-headers", ", ".join(EXPOSED_HEADERS).encode())

_Headers = Iterable[tuple[bytes, bytes]]


class AllowedOrigins:
    """Whose pages may use the service; those of any origin, where one of them is ``*``."""

    def __init__(self, origins: Collection[str]) -> None:
        self._is_open = ANY in origins
        self._origins = frozenset(one.encode() for one in origins)

    def told(self, asked: _Headers, answered: _Headers) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, with what the page is told that sent those of the request."""
        if not self._origins:
            return list(answered)
        told = _allowed_to(self.one_for(asked))
        return [*answered, *told] if self._is_open else [*_varied(answered), *told]

    def one_for(self, asked: _Headers) -> bytes | None:
        """Who may read the answer to a request of these headers, if anybody."""
        if self._is_open:
            return ANY.encode()
        named = [value for name, value in asked if name == b"origin"]
        return named[0] if len(named) == 1 and named[0] in self._origins else None


class Cors:
    """Lets the pages of ``origins`` use the service."""

    def __init__(self, app: ASGIApp, origins: AllowedOrigins, metrics: Metrics) -> None:
        self.app = app
        self._origins = origins
        self._preflight = RequestScope(self._answer_preflight, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Another list: that of an answer from memory is everybody's.
                message = {**message, "headers": self._origins.told(scope["headers"], message["headers"])}
            await send(message)

        await (self._preflight if _is_preflight(scope) else self.app)(scope, receive, send_told)

    async def _answer_preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a page may send, told before it does; whether it is let in is looked at with the request itself."""
        connection = HTTPConnection(scope)
        if refusal := self._refusal_of(connection):
            await problem(connection, refusal)(scope, receive, send)
            return
        headers = {
            "Access-Control-Allow-Methods": ", ".join(METHODS),
            "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }
        await Response(status_code=204, headers=headers)(scope, receive, send)

    def _refusal_of(self, preflight: HTTPConnection) -> CrossOriginRefused | None:
        if self._origins.one_for(preflight.scope["headers"]) is None:
            return CrossOriginRefused("pages of this origin may not use the service")
        if preflight.headers["access-control-request-method"] not in METHODS:
            return CrossOriginRefused(f"no page may use another method than {', '.join(METHODS)}")
        return None


def _is_preflight(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]} if scope["method"] == "OPTIONS" else ()
    return b"origin" in names and b"access-control-request-method" in names


def _allowed_to(origin: bytes | None) -> list[tuple[bytes, bytes]]:
    return [] if origin is None else [(b"access-control-allow-origin", origin), _EXPOSED]


def _varied(headers: _Headers) -> list[tuple[bytes, bytes]]:
    """With ``Origin`` in the one line of ``Vary``: there are caches that read one only."""
    others = [one for one in headers if one[0] != b"vary"]
    named = [value for name, value in headers if name == b"vary"]
    return [*others, (b"vary", b", ".join([*named, b"Origin"]))]
