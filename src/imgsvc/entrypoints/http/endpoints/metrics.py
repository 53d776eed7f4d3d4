"""What Prometheus is told on the API's own port, where a secret is set for it."""

from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from imgsvc.application.rates import RateGroup
from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import InvalidToken, NotAuthenticated, TooManyRequests
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.bodies import bearer_token
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.errors import NoSuchPage
from imgsvc.entrypoints.http.requests import client_address
from imgsvc.entrypoints.http.threads import Pool

METRICS_TOKEN = "metrics_token"  # noqa: S105  # its name in the document


@endpoint(
    "GET",
    "/metrics",
    tag="health",
    raises=(NotAuthenticated, InvalidToken, TooManyRequests, NoSuchPage),
    pool=Pool.PROBING,
    is_counted=False,
    media_types=("text/plain", "application/openmetrics-text"),
    security=METRICS_TOKEN,
)
def get_metrics(service: Service, use_cases: UseCases, request: Request) -> Response:
    """What the process that answers has counted, for Prometheus; not there unless `IMGSVC_METRICS_TOKEN` is set.

    In the format of OpenMetrics where `Accept` names it.
    """
    try:
        _must_be_let_in(service.settings.metrics_token, request)
    except NotAuthenticated:
        # Who has the token is never kept from what he looks at when there is trouble; who guesses is, by his address.
        for one in use_cases.count_request(RateGroup.AUTH, client_address(request, service.settings.proxies)):
            one.must_be_granted()
        raise
    told = service.metrics.exposition(request.headers.get("accept", ""))
    return Response(told.content, headers={"Content-Type": told.media_type, "Cache-Control": "no-store"})


def _must_be_let_in(secret: str | None, request: Request) -> None:
    """Raises NotAuthenticated, InvalidToken; NoSuchPage, as for any other address, where nobody is."""
    if secret is None:
        raise NoSuchPage("there is nothing at this address")
    if not compare_digest(bearer_token(request).encode(), secret.encode()):
        raise InvalidToken("the token is not the one that metrics are told for")


ENDPOINTS = (get_metrics,)
