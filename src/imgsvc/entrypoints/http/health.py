"""Whether the process lives, and whether it can work."""

from attrs import frozen

from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.threads import Pool


@frozen(kw_only=True)
class LivenessView:
    status: str


@frozen(kw_only=True)
class ReadinessView:
    status: str
    checks: dict[str, bool]
    notes: tuple[str, ...]  # what an operator should know, though it keeps nothing from working


@endpoint("GET", "/healthz", tag="health", pool=Pool.PROBING)
def get_liveness() -> LivenessView:
    """The process answers; nothing else is asked."""
    return LivenessView(status="alive")


@endpoint(
    "GET",
    "/readyz",
    tag="health",
    also={503: "Something that the service depends on does not answer"},
    pool=Pool.PROBING,
)
def get_readiness(service: Service) -> ReadinessView | Answer[ReadinessView]:
    """Everything that the service depends on answers."""
    checks = dict(service.health())
    notes = tuple(service.notes)
    if all(checks.values()):
        return ReadinessView(status="ready", checks=checks, notes=notes)
    return Answer(ReadinessView(status="unavailable", checks=checks, notes=notes), 503, {"Retry-After": "2"})


ENDPOINTS = (get_liveness, get_readiness)
