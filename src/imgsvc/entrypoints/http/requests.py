"""What is done around every request that needs work: an id, one line of log, and an answer even where we failed."""

import logging
import re
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imgsvc.domain.errors import ImgsvcError
from imgsvc.entrypoints.http.errors import InternalError, problem
from imgsvc.entrypoints.http.link_address import redacted
from imgsvc.entrypoints.logs import bind, unbind
from imgsvc.ports.metrics import Metrics

logger = logging.getLogger("imgsvc.http")

_NETWORK_BITS = 64  # of an IPv6 address: whoever has one has all of its network

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class RequestScope:
    """Around all that is not answered at once from what is remembered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = id_of_request(Headers(scope=scope).get("x-request-id", ""))
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
        except Exception as error:
            if status and isinstance(error, ImgsvcError):  # an answer had begun when it could not be gone on with
                logger.error("an answer was broken off: %s", error.detail)
                return  # and so is the connection, where an answer has no end
            logger.exception("request failed")
            if status:
                raise  # too late for an answer: the connection has to break
            answer = problem(HTTPConnection(scope), InternalError("something went wrong on our side"))
            await answer(scope, receive, send_with_id)
        finally:
            seen = {"method": scope["method"], "path": logged_path(scope), "status": status}
            duration = time.perf_counter_ns() - began
            logger.info("request", extra={**seen, "duration": duration})
            self.metrics.request(_route(scope), scope["method"], status, duration / 1e9)
            unbind()


def _route(scope: Scope) -> str:
    """The template of the path: of few that there are, whatever is asked for."""
    route = scope.get("route")
    return route.path if isinstance(route, Route | Mount) else "none"


def logged_path(scope: Scope) -> str:
    """Without the signature of a link, which would give the picture to whoever reads the log; nor is there a query."""
    return redacted(scope["path"])


def id_of_request(given: str) -> str:
    """The one that came with a request, where it can be one; else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else str(uuid4())


def client_address(request: HTTPConnection, proxies: Sequence[IPv4Network | IPv6Network] = ()) -> str:
    """Whom a request comes from, as far as that can be told: an IPv4 address, an IPv6 network, or nothing.

    What X-Forwarded-For says is believed of ``proxies``, each of which adds whom it was asked by; so it is read from
    its end, up to the first who is none of them. What stands before that, anybody may have written.
    """
    asked_by = request.client.host if request.client else ""
    told = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while told and _is_one_of(asked_by, proxies) and _parsed(before := _without_port(told.pop().strip())):
        asked_by = before
    address = _parsed(asked_by)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _NETWORK_BITS), strict=False))
    return asked_by if address is None else str(address)


def _without_port(host: str) -> str:
    """There are proxies that add one: to an IPv6 address behind brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _is_one_of(host: str, proxies: Sequence[IPv4Network | IPv6Network]) -> bool:
    address = _parsed(host)
    return address is not None and any(address in network for network in proxies)


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
