"""Variants while they are made in the background."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from uuid import UUID

from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import Busy, InvalidCursor, JobFinished, TooManyWaiting, VariantNotFound
from imgsvc.domain.field_rules import within
from imgsvc.domain.image import ImageId
from imgsvc.domain.plain_data import plain
from imgsvc.domain.session import Identity
from imgsvc.domain.user import User
from imgsvc.domain.variant import Failure, Variant, VariantId, VariantStatus
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.errors import problem_document
from imgsvc.entrypoints.http.paging import Listing, PageQuery
from imgsvc.entrypoints.http.watching import Follower, Watching

_EVENT_STREAM = "text/event-stream"
_EVENT_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy passes on each as it comes
_HEARTBEAT = ": still there\n\n"


@frozen(kw_only=True, slots=False)
class JobQuery(PageQuery):
    """Which jobs: of one status, of one image, or all."""

    status: VariantStatus | None = None
    image: UUID | None = None


@frozen(kw_only=True)
class JobWait:
    """For how many seconds to wait for the end of a job."""

    wait: int = field(default=0, validator=within(0, 30))


@frozen(kw_only=True)
class JobView:
    id: UUID
    status: VariantStatus
    image_id: UUID
    attempts: int
    failure: Failure | None
    created_at: datetime
    finished_at: datetime | None
    variant_url: str
    result_url: str | None  # when ready

    @classmethod
    def of(cls, variant: Variant) -> "JobView":
        address = f"/v1/variants/{variant.id}"
        return cls(
            id=variant.id,
            status=variant.status,
            image_id=variant.image_id,
            attempts=variant.attempts,
            failure=variant.failure,
            created_at=variant.queued_at or variant.created_at,
            finished_at=variant.finished_at,
            variant_url=address,
            result_url=f"{address}/content" if variant.status is VariantStatus.READY else None,
        )


@frozen(kw_only=True)
class JobListView:
    items: tuple[JobView, ...]
    next: str | None
    next_cursor: str | None


@endpoint("GET", "/v1/jobs", tag="jobs", raises=(InvalidCursor,))
def list_jobs(use_cases: UseCases, service: Service, caller: User, query: JobQuery) -> Answer[JobListView]:
    """What you asked for in the background, newest first."""
    image_id = None if query.image is None else ImageId(query.image)
    listing = Listing("/v1/jobs", caller, query, service.sealer)
    page = use_cases.list_jobs(caller.id, listing.request(), status=query.status, image_id=image_id)
    return listing.answer(page, JobListView, JobView.of)


@endpoint("GET", "/v1/jobs/{job_id}", tag="jobs", raises=(VariantNotFound, TooManyWaiting, Busy))
async def get_job(watching: Watching, identity: Identity, job_id: UUID, query: JobWait, request: Request) -> JobView:
    """One job; its id is that of the variant. With `wait`, the answer comes when it ends, or so many seconds later."""
    return JobView.of(await watching.ended(request, identity, VariantId(job_id), query.wait))


@endpoint(
    "GET",
    "/v1/jobs/{job_id}/events",
    tag="jobs",
    also={204: "The event that Last-Event-ID names was the last one"},
    raises=(VariantNotFound, TooManyWaiting, Busy),
    is_stream=True,
)
async def get_job_events(watching: Watching, identity: Identity, job_id: UUID, request: Request) -> Response:
    """The job as server-sent events: `status`, with the job as JSON, now and whenever it has changed, until it ends.

    Where it is deleted before that, alone or with its image, the last one is `gone`, with the problem document that the
    job is now.
    """
    job = await watching.job(identity.user.id, VariantId(job_id))
    if job.finished_at is not None and request.headers.get("last-event-id") == _event_id(job):
        return Response(status_code=204)  # which tells an EventSource to come back no more
    if request.method == "HEAD":  # there is nothing to wait for
        return Response(media_type=_EVENT_STREAM, headers=_EVENT_HEADERS)
    follower = watching.follow(identity, job)
    return _Events(watching, follower, request)


class _Events(StreamingResponse):
    """Ends with the job, or when the client goes away."""

    def __init__(self, watching: Watching, follower: Follower, request: Request) -> None:
        super().__init__(_events(watching, follower, request), media_type=_EVENT_STREAM, headers=_EVENT_HEADERS)
        self._leave = partial(watching.leave, follower)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


async def _events(watching: Watching, follower: Follower, request: Request) -> AsyncIterator[str]:
    try:
        async for job in watching.changes(follower):
            yield _HEARTBEAT if job is None else _event(job)
    except VariantNotFound as error:
        yield _gone(request, error)


def _event(job: Variant) -> str:
    return f"event: status\nid: {_event_id(job)}\ndata: {json.dumps(plain(JobView.of(job)))}\n\n"


def _gone(request: Request, error: VariantNotFound) -> str:
    return f"event: gone\ndata: {problem_document(request, error)}\n\n"


def _event_id(job: Variant) -> str:
    return f"{job.status}-{job.attempts}"


@endpoint("DELETE", "/v1/jobs/{job_id}", tag="jobs", raises=(VariantNotFound, JobFinished))
def cancel_job(use_cases: UseCases, caller: User, job_id: UUID) -> JobView:
    """Cancel a job that has not ended: it is `failed` then, by the code `cancelled`, and is made if asked for again."""
    return JobView.of(use_cases.cancel_job(caller.id, VariantId(job_id)))


ENDPOINTS = (list_jobs, get_job, get_job_events, cancel_job)
