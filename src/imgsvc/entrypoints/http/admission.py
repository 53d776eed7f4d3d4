"""Who asks, and whether he may ask as often as that; decided before anything else of a request is looked at."""

from collections.abc import Mapping, Sequence

from attrs import frozen
from starlette.requests import Request

from imgsvc.application.rates import Counted, RateGroup
from imgsvc.domain.errors import NotAuthenticated, TooManyRequests
from imgsvc.domain.session import Identity
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
    counted: Sequence[Counted] = ()
    refusal: NotAuthenticated | None = None

    def must_be_let_in(self) -> None:
        """Raises TooManyRequests; NotAuthenticated, InvalidToken and the like."""
        for one in self.counted:
            one.must_be_granted()
        if self.refusal is not None:
            raise self.refusal


def admit(service: Service, request: Request, group: RateGroup | None, needs_caller: bool) -> Admitted:
    """Count who asks; whether he is let in is told then.

    Accounts are counted by themselves, whatever addresses they ask from, and so are their API keys. Whoever is nobody
    yet, and whoever offers a token that is none, is counted by address, with those who log in.
    """
    count = service.use_cases.count_request
    address = client_address(request, service.settings.proxies)
    identity = None
    if needs_caller:
        try:
            identity = service.use_cases.authenticate(bearer_token(request))
        except NotAuthenticated as error:
            return Admitted(None, count(RateGroup.AUTH, address), error)
    if group is None or group is RateGroup.RENDER:  # which is counted where it is made, by what it costs
        return Admitted(identity)
    return Admitted(identity, count(group, identity or address))


def rate_headers(counted: Sequence[Counted], error: Exception | None = None) -> Mapping[str, str]:
    """What is left after a request, for clients that slow down by themselves."""
    told = {
        one.name: (one.rate.amount, one.seconds, one.allowance.remaining, round(one.allowance.wait.total_seconds()))
        for one in counted
    }
    if isinstance(error, TooManyRequests) and error.used_up is not None:
        name, amount, seconds, remaining = error.used_up
        told[name] = (amount, seconds, remaining, error.retry_after)
    if not told:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{name}";q={amount};w={period}' for name, (amount, period, *_) in told.items()),
        "RateLimit": ", ".join(f'"{name}";r={left};t={wait}' for name, (*_, left, wait) in told.items()),
    }
