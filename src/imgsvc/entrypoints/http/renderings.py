"""A rendering as an HTTP answer, however it was asked for."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from imgsvc.application.planning import PlannedRendering
from imgsvc.application.rates import Payer
from imgsvc.application.use_cases import UseCases
from imgsvc.domain.variant import VariantStatus
from imgsvc.entrypoints.http import error_pictures
from imgsvc.entrypoints.http.image_responses import name_as, not_modified, picture

ORIGIN_HEADER = "X-Imgsvc-Cache"  # where a rendering came from
_LATER = 2  # seconds after which to look whether a job has ended


@frozen(kw_only=True)
class PendingView:
    """What those are told who only follow a link."""

    status: VariantStatus


def answer_rendering(
    use_cases: UseCases,
    planned: PlannedRendering,
    payer: Payer,
    request: Request,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """From the nearest place that has it; made now where none has, unless the headers alone are asked for."""
    error_pictures.plan_size(request, planned.plan.size)
    trail = {"X-Imgsvc-Engine": planned.fingerprint, **({"Vary": "Accept"} if planned.is_negotiated else {})}
    trail |= headers or {}
    unchanged = not_modified(request, planned.version, trail)
    if unchanged is not None:
        return unchanged
    about: dict[str, Any] = {
        "etag": planned.version,
        "name": name_as(planned.image.name, planned.plan.format.extension),
        "media_type": planned.plan.format.media_type,
    }
    if request.method == "HEAD":  # which costs no rendering
        known = use_cases.open_rendering.known(planned)
        byte_count = known.byte_count if known else None
        return picture(request, b"", byte_count=byte_count, headers=trail, **about)
    opened = use_cases.open_rendering.open(planned, payer)
    trail[ORIGIN_HEADER] = opened.origin
    return picture(
        request,
        opened.content,
        byte_count=opened.rendition.byte_count,
        headers=trail,
        subjects=(planned.image.id, planned.image.owner, *planned.spec.overlays),
        **about,
    )


def answer_later(request: Request, job: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """That a picture is being made, and is to be asked for again."""
    every = {"Retry-After": str(_LATER), "Cache-Control": "no-store", **(headers or {})}
    if error_pictures.is_wanted(request):
        return error_pictures.error_picture(request, 202, job["status"], every)
    return JSONResponse(job, 202, every)
