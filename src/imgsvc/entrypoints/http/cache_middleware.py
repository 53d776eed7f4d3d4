"""The outermost layer of the application: answers what is remembered on the event loop, and hands on the rest."""

import logging
import time

from starlette.types import ASGIApp, Receive, Scope, Send

from imgsvc.application.variants import Origin
from imgsvc.entrypoints.http.image_responses import names_version
from imgsvc.entrypoints.http.requests import id_of_request, logged_path
from imgsvc.entrypoints.http.response_cache import CachedResponse, ResponseCache, asked
from imgsvc.ports.metrics import Metrics

logger = logging.getLogger("imgsvc.http")

_NOT_MODIFIED = frozenset({b"content-length", b"content-type", b"accept-ranges", b"content-disposition"})


class CacheMiddleware:
    """Of pictures that were asked for lately, with the same token and by the same address."""

    def __init__(self, app: ASGIApp, answers: ResponseCache, metrics: Metrics) -> None:
        self.app = app
        self.answers = answers
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        wanted = asked(scope)
        found = None if wanted is None else self.answers.find(wanted.key)
        if wanted is None or found is None:
            await self.app(scope, receive, send)
            return
        began = time.perf_counter_ns()
        request_id = id_of_request(wanted.request_id.decode("latin-1"))
        given = wanted.if_none_match.decode("latin-1")
        is_known = bool(given) and names_version(given, found.etag.decode("latin-1"))
        status, body = (304, b"") if is_known else (200, b"" if scope["method"] == "HEAD" else found.body)
        headers = _of_not_modified(found) if is_known else found.headers
        headers = [*headers, (b"x-request-id", request_id.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        duration = time.perf_counter_ns() - began
        self.metrics.request(found.route, scope["method"], status, duration / 1e9)
        if body:
            self.metrics.picture(Origin.MEMORY)
        # The same request was logged within the last five seconds, when everything was asked: thousands a second would
        # leave room for nothing else.
        if logger.isEnabledFor(logging.DEBUG):
            seen = {"method": scope["method"], "path": logged_path(scope), "status": status}
            seen |= {"request_id": request_id, "duration": duration}
            logger.debug("request", extra=seen)


def _of_not_modified(found: CachedResponse) -> list[tuple[bytes, bytes]]:
    return [one for one in found.headers if one[0] not in _NOT_MODIFIED]
