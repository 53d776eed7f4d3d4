"""Variants while they are made in the background."""

from datetime import datetime
from uuid import UUID

from attrs import frozen

from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import InvalidCursor, VariantNotFound
from imgsvc.domain.image import ImageId
from imgsvc.domain.user import User
from imgsvc.domain.variant import Failure, Variant, VariantId, VariantStatus
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.paging import PageQuery, next_links


@frozen(kw_only=True)
class JobQuery(PageQuery):
    """Which jobs: of one status, of one image, or all."""

    status: VariantStatus | None = None
    image: UUID | None = None


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
def list_jobs(use_cases: UseCases, caller: User, query: JobQuery) -> JobListView:
    """What you asked for in the background, newest first."""
    image_id = None if query.image is None else ImageId(query.image)
    position = query.request("/v1/jobs", caller)
    page = use_cases.list_jobs(caller.id, position, status=query.status, image_id=image_id)
    image = None if query.image is None else str(query.image)
    address, cursor = next_links("/v1/jobs", caller, query, page, status=query.status, image=image)
    return JobListView(items=tuple(JobView.of(one) for one in page.items), next=address, next_cursor=cursor)


@endpoint("GET", "/v1/jobs/{job_id}", tag="jobs", raises=(VariantNotFound,))
def get_job(use_cases: UseCases, caller: User, job_id: UUID) -> JobView:
    """One job; its id is that of the variant."""
    variant = use_cases.get_variant(caller.id, VariantId(job_id))
    if variant.queued_at is None:
        raise VariantNotFound(f"no job {job_id}")  # made on the spot, and never queued
    return JobView.of(variant)


ENDPOINTS = (list_jobs, get_job)
