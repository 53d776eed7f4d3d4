"""What is done around every request: an id, one line of log, and an answer even where we failed."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgsvc.entrypoints.http.errors import InternalError, problem
from imgsvc.entrypoints.logs import bind, unbind

logger = logging.getLogger("imgsvc.http")

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class RequestScope:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        bind(request_id=request_id)
        began, status = time.perf_counter_ns(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            logger.info("the client went away")
        except Exception:
            logger.exception("request failed")
            if status:
                raise  # too late for an answer: the connection has to break
            error = InternalError("something went wrong on our side")
            await problem(HTTPConnection(scope), error)(scope, receive, send_with_id)
        finally:
            # The query is left out: a link's signature may be in it.
            seen = {"method": scope["method"], "path": scope["path"], "status": status}
            logger.info("request", extra={**seen, "duration": time.perf_counter_ns() - began})
            unbind()


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid4())
