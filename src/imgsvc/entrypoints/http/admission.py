"""Who asks, and whether he may ask as often as that; decided before anything else of a request is looked at."""

from collections.abc import Mapping

from attrs import frozen
from starlette.requests import Request

from imgsvc.application.rates import Counted, Group
from imgsvc.domain.errors import NotAuthenticated, TooManyRequests
from imgsvc.domain.session import Identity
from imgsvc.domain.user import User
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.bodies import bearer_token
from imgsvc.entrypoints.http.requests import client_address

# Of the draft "RateLimit header fields for HTTP" of the IETF's working group HTTPAPI.
RATE_HEADERS = {
    "RateLimit-Policy": "How much of which group one may have, and in how many seconds",
    "RateLimit": "How much of it is left, and in how many seconds there is more",
}


@frozen
class Admitted:
    identity: Identity | None  # where the endpoint asks for one
    counted: Counted | None

    @property
    def caller(self) -> User | None:
        return None if self.identity is None else self.identity.user


def admit(service: Service, request: Request, group: Group | None, needs_caller: bool) -> Admitted:
    """Raises NotAuthenticated, InvalidToken and the like; what is over its rate is told by ``counted``.

    Accounts are counted by themselves, whatever addresses they ask from. Whoever is nobody yet, and whoever offers a
    token that is none, is counted by address, with those who log in.
    """
    if not needs_caller:
        return Admitted(None, _counted(service, group, _address(service, request)))
    try:
        identity = service.use_cases.authenticate(bearer_token(request))
    except NotAuthenticated:
        counted = _counted(service, Group.AUTH, _address(service, request))
        if counted is not None:
            counted.must_be_granted()
        raise
    return Admitted(identity, _counted(service, group, str(identity.user.id)))


def rate_headers(counted: Counted | None, error: Exception | None = None) -> Mapping[str, str]:
    """What is left after a request, for clients that slow down by themselves."""
    if counted is None:
        return {}
    period = round(counted.rate.period.total_seconds())
    wait = round(counted.allowance.wait.total_seconds())
    if isinstance(error, TooManyRequests):
        wait = error.retry_after
    return {
        "RateLimit-Policy": f'"{counted.group}";q={counted.rate.amount};w={period}',
        "RateLimit": f'"{counted.group}";r={counted.allowance.remaining};t={wait}',
    }


def _counted(service: Service, group: Group | None, caller: str) -> Counted | None:
    # A rendering is counted where it is made, by what it costs.
    if group is None or group is Group.RENDER:
        return None
    return service.use_cases.count_request(group, caller)


def _address(service: Service, request: Request) -> str:
    return client_address(request, service.settings.proxies)
