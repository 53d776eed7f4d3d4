"""Whether the process lives, and whether it can work."""

from attrs import frozen

from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.threads import Pool
from imgsvc.ports.diagnosis import Level


@frozen(kw_only=True)
class LivenessView:
    status: str


@frozen(kw_only=True)
class ReadinessView:
    status: str  # ready; degraded, where something is missing that can be done without; unavailable
    checks: dict[str, bool]
    notes: tuple[str, ...]  # what an operator should know, though it keeps nothing from working


@endpoint("GET", "/healthz", tag="health", pool=Pool.LIVING, is_counted=False)
def get_liveness() -> LivenessView:
    """The process answers; nothing else is asked."""
    return LivenessView(status="alive")


@endpoint(
    "GET",
    "/readyz",
    tag="health",
    also={503: "Something that the service cannot do without does not answer"},
    pool=Pool.PROBING,
    is_counted=False,
)
def get_readiness(service: Service) -> ReadinessView | Answer[ReadinessView]:
    """Whether everything that the service depends on answers; known within 3 seconds.

    Without the database or the blobs nothing can be done. Without the queue's broker jobs wait, and without the cache
    requests take longer: that is a note, and no reason to send requests elsewhere.
    """
    found = service.health()
    levels = {finding.level for finding in found}
    warnings = [finding.found for finding in found if finding.level is Level.WARNING]
    view = ReadinessView(
        status="unavailable" if Level.ERROR in levels else "degraded" if warnings else "ready",
        checks={finding.dependency: finding.level is Level.OK for finding in found},
        notes=(*warnings, *service.notes),
    )
    return Answer(view, 503, {"Retry-After": "2"}) if Level.ERROR in levels else view


ENDPOINTS = (get_liveness, get_readiness)
