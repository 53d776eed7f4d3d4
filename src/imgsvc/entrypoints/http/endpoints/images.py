"""Originals, and renderings of them on the spot."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from attrs import fields, frozen
from starlette.requests import Request
from starlette.responses import Response

from imgsvc.application.rates import Payer
from imgsvc.application.use_cases import UseCases
from imgsvc.domain.errors import (
    Busy,
    CorruptImage,
    CropOutOfBounds,
    EmptyFile,
    FileTooLarge,
    ImageErased,
    ImageNotFound,
    ImageTooLarge,
    InvalidCursor,
    OriginalDamaged,
    OriginalMissing,
    OutputTooLarge,
    QuotaExceeded,
    RenderingCrashed,
    RenderingFailed,
    RenderingOutOfMemory,
    RenderingTimedOut,
    StorageFull,
    TooManyBytes,
    TooManyFrames,
    TooManyJobs,
    TooMuchMemory,
    TypeMismatch,
    UnsupportedFormat,
    UseAsync,
)
from imgsvc.domain.image import Image, ImageChanges, ImageId
from imgsvc.domain.image_search import ImageSearch
from imgsvc.domain.plain_data import plain
from imgsvc.domain.session import Identity
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.bodies import spec_pairs
from imgsvc.entrypoints.http.endpoint import Answer, endpoint
from imgsvc.entrypoints.http.endpoints.jobs import JobView
from imgsvc.entrypoints.http.error_pictures import plan_size
from imgsvc.entrypoints.http.image_responses import (
    ALSO_OF_PICTURES,
    accepted_types,
    elsewhere,
    not_modified,
    picture,
)
from imgsvc.entrypoints.http.paging import Listing, PageQuery
from imgsvc.entrypoints.http.renderings import answer_later, answer_rendering
from imgsvc.entrypoints.http.threads import Pool
from imgsvc.ports.images import Erased

UPLOAD_FAILURES = (
    EmptyFile,
    FileTooLarge,
    UnsupportedFormat,
    TypeMismatch,
    CorruptImage,
    ImageTooLarge,
    TooManyFrames,
    RenderingFailed,
    RenderingCrashed,
    RenderingOutOfMemory,
    RenderingTimedOut,
    QuotaExceeded,
    Busy,
    StorageFull,
)
SPEC_FAILURES = (CropOutOfBounds, OutputTooLarge, TooMuchMemory, UseAsync)
RENDER_FAILURES = (
    *SPEC_FAILURES,
    TooManyBytes,
    RenderingFailed,
    RenderingCrashed,
    RenderingOutOfMemory,
    RenderingTimedOut,
    CorruptImage,
    OriginalMissing,
    OriginalDamaged,
    Busy,
    StorageFull,
)


@frozen(kw_only=True)
class ImageView:
    id: UUID
    name: str
    description: str | None
    tags: tuple[str, ...]
    media_type: str
    width: int  # pixels, upright
    height: int
    bytes: int
    sha256: str
    duplicate_of: UUID | None  # the image of yours that brought the same bytes, which are kept once; it may be gone
    frames: int
    has_alpha: bool
    placeholder: str | None  # a ThumbHash in base64, to be drawn until the picture has come
    dominant_color: str | None  # such as #ffcc00
    created_at: datetime
    content_url: str

    @classmethod
    def of(cls, image: Image, **more: Any) -> Self:
        """``more`` is what a view has besides."""
        facts = image.facts
        return cls(
            id=image.id,
            name=image.name,
            description=image.labels.description,
            tags=image.labels.tags,
            media_type=facts.media_type,
            width=facts.size.width,
            height=facts.size.height,
            bytes=image.byte_count,
            sha256=image.sha256,
            duplicate_of=image.bytes_of,
            frames=facts.frames,
            has_alpha=facts.has_alpha,
            placeholder=facts.placeholder,
            dominant_color=facts.dominant_color,
            created_at=image.created_at,
            content_url=f"/v1/images/{image.id}/content",
            **more,
        )


@frozen(kw_only=True)
class ImageListView:
    items: tuple[ImageView, ...]
    total: int  # of all parts; at least, where it is not exact
    total_is_exact: bool
    next: str | None
    next_cursor: str | None


@frozen(kw_only=True, slots=False)
class ImageQuery(PageQuery, ImageSearch):
    """Which of your images, in what order."""

    def search(self) -> ImageSearch:
        return ImageSearch(**{one.name: getattr(self, one.name) for one in fields(ImageSearch)})


@endpoint("GET", "/v1/images", tag="images", raises=(InvalidCursor,))
def list_images(use_cases: UseCases, service: Service, caller: User, query: ImageQuery) -> Answer[ImageListView]:
    """Your images, newest first, or as you ask; of those that filters leave, 1000 are counted."""
    listing = Listing("/v1/images", caller, query, service.sealer)
    page, total = use_cases.list_images(caller.id, listing.request(), query.search())
    return listing.answer(page, ImageListView, ImageView.of, total=total.count, total_is_exact=total.is_exact)


@endpoint("PATCH", "/v1/images/{image_id}", tag="images", raises=(ImageNotFound, ImageErased))
def change_image(use_cases: UseCases, caller: User, image_id: UUID, body: ImageChanges) -> ImageView:
    """Rename, describe or tag an image: what is left out stays, and null clears (RFC 7396)."""
    return ImageView.of(use_cases.change_image(caller.id, ImageId(image_id), body))


@endpoint("GET", "/v1/images/{image_id}", tag="images", raises=(ImageNotFound, ImageErased))
def get_image(use_cases: UseCases, caller: User, image_id: UUID) -> ImageView:
    """The facts of an image."""
    return ImageView.of(use_cases.get_image(caller.id, ImageId(image_id)))


@frozen(kw_only=True)
class ReceiptView:
    """What went with an image."""

    id: UUID
    name: str
    sha256: str
    bytes: int  # of the original
    shared: bool  # whether other images of yours have the same bytes, which stay
    variants: int
    variant_bytes: int

    @classmethod
    def of(cls, erased: Erased) -> "ReceiptView":
        image = erased.image
        return cls(
            id=image.id,
            name=image.name,
            sha256=image.sha256,
            bytes=image.byte_count,
            shared=not erased.frees_bytes,
            variants=erased.variants,
            variant_bytes=erased.variant_bytes,
        )


@endpoint("DELETE", "/v1/images/{image_id}", tag="images", raises=(ImageNotFound, ImageErased))
def delete_image(use_cases: UseCases, caller: User, image_id: UUID) -> ReceiptView:
    """Erase an image and everything that was made of it; the answer is a receipt. After that it is 410 to you."""
    return ReceiptView.of(use_cases.delete_image(caller.id, ImageId(image_id)))


@endpoint(
    "GET",
    "/v1/images/{image_id}/content",
    tag="images",
    also=ALSO_OF_PICTURES | {202: "It takes too long to wait for, and is made as a job: Location is its address"},
    raises=(ImageNotFound, ImageErased, TooManyJobs, *RENDER_FAILURES),
    is_picture=True,
    pool=Pool.RENDERING,
)
def get_content(
    use_cases: UseCases, caller: User, identity: Identity, image_id: UUID, query: TransformSpec, request: Request
) -> Response:
    """The original; or, with `t` or the single parameters, a rendering of it, made now if it is not there yet.

    What costs too much for that is made as a job, and found here when it has ended. With `error=image`, a failure is
    told by its status and a small picture of the same size.
    """
    if not spec_pairs(request):
        return _original(use_cases, caller, ImageId(image_id), request)
    planned = use_cases.plan_rendering(caller.id, ImageId(image_id), query, accepted_types(request))
    payer = Payer.of(identity)
    try:
        return answer_rendering(use_cases, planned, payer, request)
    except (UseAsync, RenderingTimedOut):
        job = JobView.of(use_cases.queue_rendering(planned, payer))
    return answer_later(request, plain(job), {"Location": f"/v1/jobs/{job.id}"})


def _original(use_cases: UseCases, caller: User, image_id: ImageId, request: Request) -> Response:
    image = use_cases.get_image(caller.id, image_id)
    plan_size(request, image.facts.size)
    media_type, name = image.facts.media_type, image.name
    answer = not_modified(request, image.sha256) or elsewhere(
        use_cases, image.blob_key, media_type=media_type, name=name
    )
    return answer or picture(
        request,
        lambda is_part: use_cases.open_original.open(image, wholly=is_part),
        media_type=media_type,
        byte_count=image.byte_count,
        etag=image.sha256,
        name=name,
    )


ENDPOINTS = (list_images, get_image, change_image, delete_image, get_content)
